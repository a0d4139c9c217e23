"""Cross-entropy and KL over trained tokens only: the LM head never sees another position."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from equipoise.train.batches import Batch


@contextlib.contextmanager
def head_sees_only(model: Any, predicting: torch.Tensor) -> Iterator[None]:
    """Inside, the LM head gets [n, H] instead of [B, T, H]; whatever the model does to logits after it stays as it is."""

    def pick(_: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return (given[0].flatten(0, -2)[predicting], *given[1:])

    hook = model.get_output_embeddings().register_forward_pre_hook(pick)
    try:
        yield
    finally:
        hook.remove()


def predicted_logits(model: Any, inner: Any, batch: Batch) -> torch.Tensor:
    """[n, V] logits at the predicting positions. `model` is called, `inner` is the same without wrappers."""
    with head_sees_only(inner, batch.predicting):
        return model(**batch.inputs()).logits


def token_losses(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """[n] negative log-likelihoods in nats, in float32."""
    return F.cross_entropy(logits.float(), targets, reduction="none")


def token_kl(base_log_probs: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """[n] KL(base ‖ model) in nats, from [n, V] log-probabilities of the base and logits of the model."""
    log_probs = F.log_softmax(logits.float(), dim=-1)
    base = base_log_probs.float()
    expected = base.exp()
    return torch.where(expected > 0, expected * (base - log_probs), 0.0).sum(-1)
