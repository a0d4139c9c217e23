"""Runs inside vLLM's workers: compares the weights they compute with to the files they should have come from.

vLLM fuses and shards weights, and its CPU backend packs them into a private layout. A packed layer is read back by
multiplying the unit matrix with it, which is exact: every sum has one term that is not zero.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

_LAYER = re.compile(r"\.(\d+)\.")
_UNIT_ROWS = 1024


PARENT = "EQUIPOISE_ENGINE_PARENT"
"""Environment variable with the process that started the engine."""


def _follow_parent(parent: int) -> None:
    """End with the process that started the engine: after a kill -9 of it, vLLM's own processes would stay, with all memory."""
    starter = os.getppid()
    while _alive(parent):
        time.sleep(1.0)
    if starter not in (1, parent) and os.getppid() == starter:
        with contextlib.suppress(ProcessLookupError):
            os.kill(starter, signal.SIGKILL)  # the engine core, where the worker is a process below it
    os.kill(os.getpid(), signal.SIGKILL)


def _alive(process: int) -> bool:
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


if os.environ.get(PARENT, str(os.getpid())) != str(os.getpid()):
    threading.Thread(target=_follow_parent, args=(int(os.environ[PARENT]),), daemon=True).start()


class WeightsProof:
    """vLLM mixes this class into its worker (`worker_extension_cls`)."""

    def equipoise_reload(self, folder: str) -> None:
        """Replace the weights by those in `folder`.

        vLLM's own reload forgets one thing on a CPU: an LM head that shares the embedding keeps its packed copy of the old one.
        """
        self.model_runner.reload_weights(weights_path=folder)  # type: ignore[attr-defined]
        for module in self.model_runner.get_model().modules():  # type: ignore[attr-defined]
            if hasattr(module, "cpu_linear") and module.weight.numel():
                module.quant_method.process_weights_after_loading(module)

    def equipoise_compare_weights(self, folder: str) -> dict[str, list[str]]:
        """Compare embedding, final norm, and the first, middle and last layer with the safetensors files in `folder`.

        Every bit counts, after casting the file's tensor to the engine's dtype. Returns parameter names as `same`,
        `differ`, and `unknown`, where the name or shape has no counterpart in the files. A model with layers of another
        kind (fused experts) has unknown ones, and gets a fresh engine per checkpoint.
        """
        import torch

        model = self.model_runner.get_model()  # type: ignore[attr-defined]
        files = _Tensors(Path(folder))
        packed = getattr(model, "packed_modules_mapping", None) or {}
        found: dict[str, list[str]] = {"same": [], "differ": [], "unknown": []}
        with torch.inference_mode():
            for names, module, parameter in _chosen(model):
                held = _held(module, parameter)
                expected = [_expected(names, module, h, files, packed) for h in held]
                if not held or any(e is None for e in expected):
                    found["unknown"].append(names[0])
                else:
                    same = all(torch.equal(h, e) for h, e in zip(held, expected, strict=True))
                    found["same" if same else "differ"].append(names[0])
        return found


class _Tensors:
    """The tensors of a model folder by name, read on demand."""

    def __init__(self, folder: Path):
        from safetensors import safe_open

        self._files: list[Any] = [safe_open(str(path), framework="pt") for path in sorted(folder.glob("*.safetensors"))]
        self._where = {name: file for file in self._files for name in file.keys()}  # noqa: SIM118 (not a dict)

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def __getitem__(self, name: str) -> Any:
        return self._where[name].get_tensor(name)


def _chosen(model: Any) -> Iterator[tuple[list[str], Any, Any]]:
    """(names of the parameter, its own first; its module; the parameter) of what is compared. A tied weight comes once per module."""
    parameters = list(model.named_parameters(remove_duplicate=False))
    layers = sorted({int(m[1]) for name, _ in parameters if (m := _LAYER.search(name))})
    wanted = {layers[0], layers[len(layers) // 2], layers[-1]} if layers else set()
    for name, parameter in parameters:
        layer = _LAYER.search(name)
        if layer is None or int(layer[1]) in wanted:
            tied = [other for other, p in parameters if p is parameter and other != name]
            yield [name, *tied], model.get_submodule(name.rpartition(".")[0]), parameter


def _held(module: Any, parameter: Any) -> list[Any]:
    """The values an engine computes with, in the layout (out, in): the parameter, and the packed copy where there is one."""
    import torch

    held = [parameter.detach()] if parameter.numel() else []
    if hasattr(module, "cpu_linear") and parameter is module.weight:
        width = module.input_size_per_partition if not held else parameter.shape[1]
        rows = []
        for start in range(0, width, _UNIT_ROWS):
            unit = torch.zeros(min(_UNIT_ROWS, width - start), width, dtype=parameter.dtype)
            unit[torch.arange(unit.shape[0]), torch.arange(start, start + unit.shape[0])] = 1
            rows.append(module.cpu_linear(unit, module.weight, None))
        held.append(torch.cat(rows).T)
    return held


def _expected(names: list[str], module: Any, held: Any, files: _Tensors, packed: dict[str, list[str]]) -> Any | None:
    """What the files say this parameter should be on this rank; None where they have no counterpart."""
    import torch

    path, short, leaf = _split(names[0])
    single = next((name for name in names if name in files), None)
    parts = [single] if single else [f"{path}{part}.{leaf}" for part in packed.get(short, [])]
    if not parts or any(part not in files for part in parts):
        return None
    shards = [_shard(files[part], module, held, whole=len(parts) == 1) for part in parts]
    expected = torch.cat(shards).to(device=held.device, dtype=held.dtype)
    if hasattr(module, "shard_indices") and expected.shape[0] < held.shape[0]:  # a vocabulary is padded
        expected = torch.cat([expected, held[expected.shape[0] :]])
    return expected if expected.shape == held.shape else None


def _split(name: str) -> tuple[str, str, str]:
    """ "model.layers.0.mlp.gate_up_proj.weight" → ("model.layers.0.mlp.", "gate_up_proj", "weight")."""
    module, _, leaf = name.rpartition(".")
    path, dot, short = module.rpartition(".")
    return path + dot, short, leaf


def _shard(tensor: Any, module: Any, held: Any, *, whole: bool) -> Any:
    """The part of a file's tensor that this tensor-parallel rank holds."""
    from vllm.distributed import get_tensor_model_parallel_rank, get_tensor_model_parallel_world_size

    size, rank = get_tensor_model_parallel_world_size(), get_tensor_model_parallel_rank()
    if size == 1:
        return tensor
    if vocabulary := getattr(module, "shard_indices", None):
        return tensor[vocabulary.org_vocab_start_index : vocabulary.org_vocab_end_index]
    if whole and tensor.shape == held.shape:  # replicated: norms
        return tensor
    split = next((d for d in range(tensor.dim()) if tensor.shape[d] == size * held.shape[d]), 0) if whole else 0
    return tensor.chunk(size, dim=split)[rank]
