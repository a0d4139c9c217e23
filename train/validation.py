"""What is measured at every checkpoint on examples that are never trained on: loss per source, and KL to the base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from equipoise.train.batches import Batch, make_batch, split
from equipoise.train.config import Validation
from equipoise.train.encode import Encoded
from equipoise.train.loss import predicted_logits, token_kl, token_losses


class Validator:
    """Fixed batches of held-out examples, the same in every run that holds out the same ones."""

    def __init__(self, encoded: Mapping[str, Encoded], settings: Validation, positions: int):
        numbers = {name: number for number, name in enumerate(encoded)}
        self._batches: dict[str, list[Batch]] = {}
        for name, source in encoded.items():
            examples = [source[int(index)] for index in source.held_out]
            if examples:
                self._batches[name] = [make_batch(g, numbers, packed=False) for g in split(examples, positions, packed=False)]
        self._kl_source = settings.kl_source or next(iter(encoded))
        self._kl_tokens = settings.kl_tokens
        self._base: list[torch.Tensor] = []

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def losses(self, model: Any, inner: Any) -> dict[str, float]:
        """Mean negative log-likelihood per trained token, in nats, by source."""
        found = {}
        with _evaluating(model):
            for name, batches in self._batches.items():
                total = sum(
                    float(token_losses(predicted_logits(model, inner, b), b.targets).double().sum()) for b in _on(inner, batches)
                )
                found[name] = total / sum(len(batch.targets) for batch in batches)
        return found

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def remember_base(self, model: Any, inner: Any) -> None:
        """Keep the base's distributions; called before the first step, with the base's weights. [n, V] in float16, on the CPU."""
        with _evaluating(model):
            self._base = [
                F.log_softmax(predicted_logits(model, inner, b).float(), dim=-1).half().cpu() for b in self._kl_batches(inner)
            ]

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def kl(self, model: Any, inner: Any) -> float | None:
        """Mean KL(base ‖ model) per trained token in nats; None where nothing is held out."""
        if not self._base:
            return None
        total = 0.0
        with _evaluating(model):
            for base, batch in zip(self._base, self._kl_batches(inner), strict=True):
                logits = predicted_logits(model, inner, batch)
                total += float(token_kl(base.to(logits.device), logits).double().sum())
        return total / sum(len(base) for base in self._base)

    def _kl_batches(self, inner: Any) -> Iterator[Batch]:
        """The source's batches, predicting a fixed random choice of its trained tokens only."""
        batches = self._batches.get(self._kl_source, [])
        total = sum(len(batch.targets) for batch in batches)
        chosen = torch.randperm(total, generator=torch.Generator().manual_seed(0))[: self._kl_tokens].sort().values
        begin = 0
        for batch in _on(inner, batches):
            size = len(batch.targets)
            part = chosen[(chosen >= begin) & (chosen < begin + size)].to(batch.targets.device) - begin
            begin += size
            if len(part):
                yield replace(batch, predicting=batch.predicting[part], targets=batch.targets[part], sources=batch.sources[part])


def _on(inner: Any, batches: list[Batch]) -> Iterator[Batch]:
    device = next(inner.parameters()).device
    return (batch.to(device) for batch in batches)


class _evaluating:  # noqa: N801
    """Dropout off inside, and the mode it was in afterwards."""

    def __init__(self, model: Any):
        self._model = model
        self._training = model.training

    def __enter__(self) -> None:
        self._model.eval()

    def __exit__(self, *_: object) -> None:
        self._model.train(self._training)
