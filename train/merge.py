"""Interpolation between a base and a tuned model (WiSE-FT, arXiv:2109.01903), tensor by tensor: base + alpha · (tuned − base)."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from equipoise.harness_ext.adapters import full_model
from equipoise.harness_ext.checkpoint import (
    Checkpoint,
    is_checkpoint,
    open_checkpoint,
    read_adapter_config,
    read_tensors,
    weights_hash,
)
from equipoise.harness_ext.errors import CheckpointError
from equipoise.harness_ext.files import sync_folder, write_atomically
from equipoise.harness_ext.manifest import FILE, Manifest
from equipoise.train.prepare import find_model
from equipoise.train.series import disk_errors

SHARD_BYTES = 4 << 30


def merge(base: str, tuned: str, alphas: Sequence[float], output: Path) -> list[Path]:
    """Write one model per alpha: `output` itself for one, `output/alpha-<a>` for several. Returns the folders.

    An adapter stays an adapter, scaled, wherever that is the same thing; else a full model is written. A tensor is read, mixed in
    float32, and written before the next. Raises `CheckpointError` where the two do not fit, or a folder is not empty.
    """
    if not alphas or any(not 0 <= alpha <= 1 for alpha in alphas):
        raise CheckpointError(
            f"--alpha {', '.join(map(str, alphas))}: numbers between 0 (the base) and 1 (the tuned model) are expected"
        )
    base_folder, tuned_folder = find_model(base), find_model(tuned)
    if not is_checkpoint(tuned_folder):
        raise CheckpointError(f"{tuned_folder}: no weights (*.safetensors) with a config.json, and no adapter in it")
    checkpoint = open_checkpoint(tuned_folder, base=str(base_folder) if (tuned_folder / "adapter_config.json").is_file() else None)
    targets = [output] if len(alphas) == 1 else [output / f"alpha-{alpha:g}" for alpha in alphas]
    for target in targets:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise CheckpointError(f"{target}: is there already; choose another --output")
    if checkpoint.base and _only_low_rank(read_adapter_config(tuned_folder)):
        for alpha, target in zip(alphas, targets, strict=True):
            with disk_errors(target), _written_aside(target) as work:
                _scale_adapter(tuned_folder, alpha, work)
                _describe(work, checkpoint, base_folder, alpha, "adapter")
        return targets
    if checkpoint.manifest.base_hash and checkpoint.manifest.base_hash != weights_hash(base_folder):
        raise CheckpointError(f"{tuned_folder}: was not trained from {base_folder} (its checkpoint.json names another base)")
    with full_model(checkpoint) as whole:
        _check_fit(base_folder, whole)
        for alpha, target in zip(alphas, targets, strict=True):
            with disk_errors(target), _written_aside(target) as work:
                _interpolate(base_folder, whole, alpha, work)
                _copy_small(base_folder, whole, work)
                _describe(work, checkpoint, base_folder, alpha, "merged")
    return targets


def _only_low_rank(config: dict[str, Any]) -> bool:
    """Whether scaling alpha scales the whole difference."""
    return (
        not (config.get("use_dora") or config.get("modules_to_save") or config.get("bias", "none") != "none")
        and config.get("peft_type") == "LORA"
    )


def _scale_adapter(adapter: Path, alpha: float, work: Path) -> None:
    for path in adapter.iterdir():
        if path.is_file() and path.name not in (FILE, "README.md"):
            shutil.copy2(path, work / path.name)
    config = read_adapter_config(adapter)
    config["lora_alpha"] *= alpha
    config["alpha_pattern"] = {name: value * alpha for name, value in (config.get("alpha_pattern") or {}).items()}
    (work / "adapter_config.json").write_text(json.dumps(config, indent=2), "utf-8")


def _check_fit(base: Path, tuned: Path) -> None:
    ours, theirs = read_tensors(base), read_tensors(tuned)
    tied = {"lm_head.weight"}  # some programs write a tied head, others leave it out
    if missing := sorted((ours.keys() ^ theirs.keys()) - tied):
        raise CheckpointError(f"{tuned}: {missing[0]} is in only one of the two models: it was not trained from {base}")
    for name in ours.keys() & theirs.keys():
        if ours[name][1] != theirs[name][1]:
            raise CheckpointError(f"{tuned}: {name} has the shape {theirs[name][1]}, in {base} it is {ours[name][1]}")


def _interpolate(base: Path, tuned: Path, alpha: float, work: Path) -> None:
    """Into shards of at most `SHARD_BYTES`, with their index; in the base's dtype."""
    shards: list[dict[str, str]] = []
    pending: dict[str, torch.Tensor] = {}
    size = total = 0

    def flush() -> None:
        nonlocal size
        name = f"part-{len(shards)}.safetensors"
        save_file(pending, work / name, metadata={"format": "pt"})
        shards.append(dict.fromkeys(pending, name))
        pending.clear()
        size = 0

    theirs = _Tensors(tuned)
    with contextlib.closing(_Tensors(base)) as ours, contextlib.closing(theirs):
        for name in sorted(ours.files.keys() & theirs.files.keys()):
            start = ours.get(name)
            mixed = start
            if start.is_floating_point():
                mixed = torch.lerp(start.float(), theirs.get(name).float(), alpha).to(start.dtype)
            bytes_ = mixed.numel() * mixed.element_size()
            if pending and size + bytes_ > SHARD_BYTES:
                flush()
            pending[name] = mixed.contiguous()
            size += bytes_
            total += bytes_
        flush()
    if len(shards) == 1:
        (work / "part-0.safetensors").rename(work / "model.safetensors")
        return
    names = {f"part-{i}.safetensors": f"model-{i + 1:05}-of-{len(shards):05}.safetensors" for i in range(len(shards))}
    for old, new in names.items():
        (work / old).rename(work / new)
    index = {"metadata": {"total_size": total}, "weight_map": {k: names[v] for shard in shards for k, v in shard.items()}}
    (work / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), "utf-8")


class _Tensors:
    """Tensors of a folder by name, read one at a time."""

    def __init__(self, folder: Path):
        self._stack = contextlib.ExitStack()
        opened = [self._stack.enter_context(safe_open(path, "pt")) for path in sorted(folder.glob("*.safetensors"))]
        self.files = {name: file for file in opened for name in file.keys()}  # noqa: SIM118

    def get(self, name: str) -> torch.Tensor:
        """One tensor."""
        return self.files[name].get_tensor(name)

    def close(self) -> None:
        """Close the files."""
        self._stack.close()


def _copy_small(base: Path, tuned: Path, work: Path) -> None:
    """The tuned model's tokenizer and settings, the base's config: it names the dtype that the weights have."""
    for path in tuned.iterdir():
        small = path.suffix in (".json", ".txt", ".model", ".jinja") and not path.name.endswith(".index.json")
        if path.is_file() and small and path.name != FILE:
            shutil.copy2(path, work / path.name)
    shutil.copy2(base / "config.json", work / "config.json")


def _describe(work: Path, tuned: Checkpoint, base: Path, alpha: float, kind: Literal["adapter", "merged"]) -> None:
    kept = tuned.manifest.model_dump(
        exclude_none=True, include={"step", "tokens", "mix", "stage", "learning_rate", "seed", "data_hashes", "config_hash"}
    )
    name = f"{tuned.manifest.name or tuned.name}-alpha-{alpha:g}"
    made = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(
        name=name, kind=kind, base=str(base), parent=tuned.manifest.name or str(tuned.folder), created=made, alpha=alpha, **kept
    )  # type: ignore[call-arg]
    write_atomically(work / FILE, json.dumps(manifest.dump(), indent=2))


@contextlib.contextmanager
def _written_aside(target: Path) -> Iterator[Path]:
    """A folder that gets its name when it is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = target.with_name(f".{target.name}.writing")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        yield work
        if target.exists():
            target.rmdir()
        work.rename(target)
        sync_folder(target.parent)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
