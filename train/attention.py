"""Attention over a packed row: each document sees only itself.

On GPUs one call of `torch.nn.attention.varlen` (no flash-attn build); elsewhere one `scaled_dot_product_attention` per document,
which the tests hold against padded batches.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

NAME = "equipoise_varlen"


def register() -> str:
    """Make it known to transformers; returns the name for `attn_implementation`."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, varlen_attention)
    AttentionMaskInterface.register(NAME, lambda *_, **__: None)  # the bounds say all
    return NAME


def varlen_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    cu_seq_lens_q: torch.Tensor | None = None,
    max_length_q: int | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **rest: Any,
) -> tuple[torch.Tensor, None]:
    """query [1, H, T, D], key and value [1, K, T, D] → [1, T, H, D]. Causal inside each of the `cu_seq_lens_q`."""
    if softcap is not None or rest.get("s_aux") is not None:
        raise ValueError("this model's attention has soft-capping or sinks, which packing does not know: set packing: false")
    if cu_seq_lens_q is None:  # an ordinary batch: validation, or a probe
        return _causal(query, key, value, scaling, dropout, sliding_window).transpose(1, 2), None
    if query.is_cuda and value.dtype in (torch.bfloat16, torch.float16):
        from torch.nn.attention.varlen import varlen_attn

        # rotary embeddings leave autocast's dtype, and autocast does not know this function
        q, k, v = (t[0].transpose(0, 1).to(value.dtype).contiguous() for t in (query, key, value))
        window = (sliding_window - 1 if sliding_window else -1, 0)
        gqa = q.shape[1] != k.shape[1]
        packed = varlen_attn(
            q, k, v, cu_seq_lens_q, cu_seq_lens_q, max_length_q, max_length_q, scale=scaling, window_size=window, enable_gqa=gqa
        )
        return packed.unsqueeze(0), None
    parts = []
    for begin, end in pairwise(cu_seq_lens_q.tolist()):
        q, k, v = (t[:, :, begin:end] for t in (query, key, value))
        parts.append(_causal(q, k, v, scaling, dropout, sliding_window))
    return torch.cat(parts, dim=2).transpose(1, 2), None


def _causal(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scale: float | None, dropout: float, window: int | None
) -> torch.Tensor:
    """Each position sees itself and what comes before it, at most the last `window` positions."""
    mask = None
    if window and window < query.shape[2]:
        distance = torch.arange(query.shape[2], device=query.device)
        distance = distance[:, None] - distance[None, :]
        mask = (distance >= 0) & (distance < window)
    gqa = query.shape[1] != key.shape[1]
    return F.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, dropout_p=dropout, is_causal=mask is None, scale=scale, enable_gqa=gqa
    )
