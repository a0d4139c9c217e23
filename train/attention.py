"""Attention over a packed row: each document sees only itself.

On GPUs one call of `torch.nn.attention.varlen` (no flash-attn build); elsewhere one `scaled_dot_product_attention` per document,
which the tests hold against padded batches.
"""

from __future__ import annotations

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
        raise ValueError("this model's attention has soft-capping or sinks, which packing does not know: set packing: off")
    if cu_seq_lens_q is None:  # an ordinary batch: validation, or a probe
        out = F.scaled_dot_product_attention(
            query,
            key,
            value,
            dropout_p=dropout,
            is_causal=query.shape[2] > 1,
            scale=scaling,
            enable_gqa=query.shape[1] != key.shape[1],
        )
        return out.transpose(1, 2), None
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
    for begin, end in zip(cu_seq_lens_q[:-1].tolist(), cu_seq_lens_q[1:].tolist(), strict=True):
        q, k, v = (t[:, :, begin:end] for t in (query, key, value))
        mask = _window(end - begin, sliding_window) if sliding_window and sliding_window < end - begin else None
        parts.append(
            F.scaled_dot_product_attention(
                q,
                k,
                v,
                attn_mask=mask,
                dropout_p=dropout,
                is_causal=mask is None,
                scale=scaling,
                enable_gqa=q.shape[1] != k.shape[1],
            )
        )
    return torch.cat(parts, dim=2).transpose(1, 2), None


def _window(length: int, size: int) -> torch.Tensor:
    """[T, T]: the last `size` positions, the own one included."""
    distance = torch.arange(length)[:, None] - torch.arange(length)[None, :]
    return (distance >= 0) & (distance < size)
