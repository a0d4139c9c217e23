"""One checkpoint: a folder with weights, or an adapter with its base."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from equipoise.harness_ext.errors import CheckpointError, first_line
from equipoise.harness_ext.files import write_atomically
from equipoise.harness_ext.manifest import Manifest, read_manifest
from equipoise.harness_ext.models import cache_folder

_STEP = re.compile(r"(?:checkpoint|step|global_step)[-_]?(\d+)$")
_VOLATILE = {
    "_name_or_path",
    "transformers_version",
    "torch_dtype",
    "dtype",
    "use_cache",
    "quantization_config",
    "pad_token_id",
    "bos_token_id",
    "eos_token_id",
}
"""Config fields that do not change what an engine has to build: a quantised model is kept apart by its tensors, and where an
answer ends is said to the engine with every prompt."""
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "merges.txt", "vocab.txt")
_HUB_NAME = re.compile(r"^[\w.-]+/[\w.-]+(@[\w./-]+)?$")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A scoreable set of weights. Its files are read when they are asked for, never written."""

    folder: Path
    name: str
    """Its folder among the results."""
    manifest: Manifest
    base: Path | None = None
    """Folder of the model under an adapter; None for full weights."""

    @property
    def kind(self) -> str:
        """full, adapter or merged."""
        return "adapter" if self.base else self.manifest.kind or "full"

    @property
    def model_folder(self) -> Path:
        """Where config and tokenizer of the whole model are."""
        return self.base or self.folder

    @property
    def step(self) -> int | None:
        """Optimizer steps, from the manifest, else from the folder's name."""
        found = _STEP.search(self.folder.name) or _STEP.search(self.name)
        return self.manifest.step if self.manifest.step is not None else int(found[1]) if found else None

    @cached_property
    def weights_hash(self) -> str:
        """Of the adapter's own files for an adapter."""
        return weights_hash(self.folder)

    @cached_property
    def base_hash(self) -> str | None:
        """Of the base under an adapter."""
        return weights_hash(self.base) if self.base else None

    @cached_property
    def tensors(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """(dtype, shape) by name, of the folder's own files."""
        return read_tensors(self.folder)

    @cached_property
    def architecture(self) -> str:
        """Equal for checkpoints that one engine can hold one after the other."""
        return _digest(f"{json.dumps(_normal_config(self.model_folder), sort_keys=True, default=str)} {self.family}")

    @cached_property
    def family(self) -> str:
        """Equal for checkpoints with the same tensors by name and shape: they can be compared with one base."""
        tensors = read_tensors(self.base) if self.base else self.tensors
        tied = {"lm_head.weight"} if _is_tied(self.model_folder) else set()
        return _digest(json.dumps(sorted((name, shape) for name, (_, shape) in tensors.items() if name not in tied)))

    @cached_property
    def tokenizer_hash(self) -> str:
        """Of its vocabulary and merges; the chat template apart."""
        return tokenizer_hash(self.tokenizer_folder)

    @property
    def tokenizer_folder(self) -> Path:
        """The checkpoint's own tokenizer, else that of its base."""
        own = any((self.folder / name).is_file() for name in _TOKENIZER_FILES)
        return self.folder if own else self.model_folder

    @cached_property
    def chat_template(self) -> str | None:
        """As transformers would read it from the folder."""
        return read_chat_template(self.tokenizer_folder)

    def described(self) -> dict[str, Any]:
        """The manifest to keep with its scores: what the trainer wrote, completed by what the files say."""
        tensors = read_tensors(self.base) if self.base else self.tensors
        tied = _is_tied(self.model_folder)
        numbers = {k: math.prod(shape) for k, (_, shape) in tensors.items() if not (tied and k == "lm_head.weight")}
        found = {
            "name": self.name,
            "kind": self.kind,
            "base": str(self.base) if self.base else None,
            "base_hash": self.base_hash,
            "weights_hash": self.weights_hash,
            "parameters": sum(numbers.values()),
            "trained_parameters": sum(math.prod(s) for _, s in self.tensors.values()) if self.base else None,
            "step": self.step,
        }
        return (
            {k: v for k, v in found.items() if v is not None}
            | self.manifest.dump()
            | {
                "name": self.name,
                "weights_hash": self.weights_hash,
            }
        )


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder looks like one: a config with weights, or an adapter."""
    if (folder / "adapter_config.json").is_file():
        return True
    return (folder / "config.json").is_file() and any(folder.glob("*.safetensors"))


def open_checkpoint(folder: Path, name: str | None = None, base: str | None = None, fallback: str | None = None) -> Checkpoint:
    """Read a checkpoint folder and check that it is complete. `base` overrides what an adapter says of its base; `fallback` is
    taken where that is not on this machine.

    Raises `CheckpointError` for a folder without weights, a file that is cut off, or an adapter whose base is missing
    or is not the one it was trained on.
    """
    manifest = read_manifest(folder)
    name = name or manifest.name or folder.name
    adapter = folder / "adapter_config.json"
    if not adapter.is_file() and not (folder / "config.json").is_file():
        raise CheckpointError(f"{folder}: no config.json and no adapter_config.json in it: not a checkpoint")
    if not any(folder.glob("*.safetensors")):
        other = next((p.name for p in folder.iterdir() if p.suffix in (".bin", ".pt", ".gguf")), None)
        what = f"only {other}, which is not read: save it as safetensors" if other else "no weights (*.safetensors) in it"
        raise CheckpointError(f"{folder}: {what}")
    _check_complete(folder)
    if not adapter.is_file():
        return Checkpoint(folder, name, manifest)
    named = base or manifest.base or read_adapter_config(folder).get("base_model_name_or_path")
    try:
        found = _base_of(folder, named)
    except CheckpointError:
        if fallback is None:
            raise
        found = _base_of(folder, fallback)
    checkpoint = Checkpoint(folder, name, manifest, found)
    if manifest.base_hash and manifest.base_hash != checkpoint.base_hash:
        raise CheckpointError(
            f"{folder}: trained on another base than {found} (its weights hash differs from the one in checkpoint.json)"
        )
    return checkpoint


def resolve_model(name: str | Path) -> Path:
    """The folder of a model: an existing folder, or a hub name with an optional @revision, downloaded if it must be.

    Raises `CheckpointError` where there is neither.
    """
    if Path(name).is_dir():
        return Path(name)
    if not _HUB_NAME.match(str(name)):
        raise CheckpointError(f"{name}: no such folder")
    from huggingface_hub import snapshot_download

    repository, _, revision = str(name).partition("@")
    patterns = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja", "*.py"]
    try:
        return Path(snapshot_download(repository, revision=revision or None, allow_patterns=patterns))
    except Exception as error:
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0") else ""
        raise CheckpointError(
            f"{name}: no such folder, and the hub has it not or cannot be reached{offline}: {first_line(error)}"
        ) from error


def read_adapter_config(folder: Path) -> dict[str, Any]:
    """`adapter_config.json` of an adapter, as peft writes it."""
    return _read_json(folder / "adapter_config.json")


def weights_hash(folder: Path) -> str:
    """sha256 over the sorted (name, sha256) of a folder's safetensors files. Files are read again only after a change."""
    memory = cache_folder() / "weights" / f"{_digest(str(folder.resolve()))}.json"
    known: dict[str, Any] = {}
    if memory.is_file():
        with contextlib.suppress(ValueError):  # only a cache: it is written anew below
            known = json.loads(memory.read_text("utf-8"))
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        state = path.stat()
        entry = known.get(path.name)
        if not entry or entry[:2] != [state.st_size, state.st_mtime_ns]:
            with path.open("rb") as file:
                entry = [state.st_size, state.st_mtime_ns, hashlib.file_digest(file, "sha256").hexdigest()]
        found[path.name] = entry
    if found != known:
        with contextlib.suppress(OSError):  # a cache that cannot be written costs time, nothing else
            write_atomically(memory, json.dumps(found))
    return _digest(json.dumps([[name, entry[2]] for name, entry in sorted(found.items())]))


def read_tensors(folder: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """(dtype, shape) of every tensor in a folder, from the headers of its safetensors files.

    Raises `CheckpointError` for a file that is damaged or shorter than its header says.
    """
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        try:
            with path.open("rb") as file:
                (length,) = struct.unpack("<Q", file.read(8))
                if length > size:
                    raise ValueError("header longer than the file")
                header = json.loads(file.read(length))
            header.pop("__metadata__", None)
            end = max((entry["data_offsets"][1] for entry in header.values()), default=0)
            tensors.update({name: (entry["dtype"], tuple(entry["shape"])) for name, entry in header.items()})
        except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
            raise CheckpointError(f"{path}: damaged safetensors file ({error})") from error
        if 8 + length + end > size:
            raise CheckpointError(f"{path}: cut off: {size:,} of {8 + length + end:,} bytes are there")
    return tensors


def read_chat_template(folder: Path) -> str | None:
    """A folder's chat template: its file, else the field in tokenizer_config.json."""
    if (folder / "chat_template.jinja").is_file():
        return (folder / "chat_template.jinja").read_text("utf-8")
    config = _read_json(folder / "tokenizer_config.json") if (folder / "tokenizer_config.json").is_file() else {}
    template = config.get("chat_template")
    return template if template is None or isinstance(template, str) else json.dumps(template)


def tokenizer_hash(folder: Path) -> str:
    """Equal for tokenizers that make the same tokens, whichever version of transformers wrote them. Raises `CheckpointError`."""
    whole = folder / "tokenizer.json"
    if whole.is_file():
        content = _read_json(whole)
        for volatile in ("truncation", "padding"):  # left there by training runs, they change no prompt
            content.pop(volatile, None)
        model = content.get("model") or {}
        if isinstance(model.get("merges"), list):  # "a b" or ["a", "b"]
            model["merges"] = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
        return _digest(json.dumps(_without_defaults(content), sort_keys=True))
    found = [folder / name for name in _TOKENIZER_FILES if (folder / name).is_file()]
    if not found:
        raise CheckpointError(f"{folder}: no tokenizer in it ({', '.join(_TOKENIZER_FILES)}); copy the base's, or give --tokenizer")
    return _digest("\n".join(hashlib.sha256(path.read_bytes()).hexdigest() for path in found))


def stop_token_ids(folder: Path, tokenizer: Any) -> list[int]:
    """Where this model ends an answer: the end-of-sequence tokens of its generation settings (else its config) and its tokenizer."""
    found: set[int] = set()
    for name in ("generation_config.json", "config.json"):
        ids = _read_json(folder / name).get("eos_token_id") if (folder / name).is_file() else None
        if ids is not None:
            found |= set(ids if isinstance(ids, list) else [ids])
            break
    if tokenizer.eos_token_id is not None:
        found.add(int(tokenizer.eos_token_id))
    return sorted(found)


def stored_dtype(folder: Path) -> str:
    """The dtype that a model's config names; bfloat16 where it names none."""
    config = _read_json(folder / "config.json")
    return str(config.get("dtype") or config.get("torch_dtype") or "bfloat16")


def _normal_config(folder: Path) -> dict[str, Any]:
    """config.json as this version of transformers understands it, so that who saved it makes no difference."""
    config = _read_json(folder / "config.json")
    try:
        from transformers import AutoConfig

        config = AutoConfig.from_pretrained(folder).to_dict()
    except (ImportError, ValueError, KeyError, OSError):
        pass  # unknown to transformers, or code of its own: then as it stands
    return {k: v for k, v in config.items() if k not in _VOLATILE}


def _is_tied(folder: Path) -> bool:
    return bool(_read_json(folder / "config.json").get("tie_word_embeddings"))


def _without_defaults(value: Any) -> Any:
    """Without fields that are null or false: some versions write them, others do not."""
    if isinstance(value, dict):
        return {k: _without_defaults(v) for k, v in value.items() if v is not None and v is not False}
    return [_without_defaults(v) for v in value] if isinstance(value, list) else value


def _check_complete(folder: Path) -> None:
    for path in folder.glob("*-of-*.safetensors"):
        if not any(folder.glob("*.safetensors.index.json")):
            raise CheckpointError(f"{folder}: {path.name} has no index beside it: the checkpoint is not complete")
    for index in folder.glob("*.safetensors.index.json"):
        missing = {*_read_json(index).get("weight_map", {}).values()} - {p.name for p in folder.glob("*.safetensors")}
        if missing:
            raise CheckpointError(f"{folder}: {min(missing)} is missing ({len(missing)} of its weight files)")
    read_tensors(folder)


def _base_of(folder: Path, named: str | None) -> Path:
    if not named:
        raise CheckpointError(f"{folder}: adapter_config.json names no base_model_name_or_path")
    beside = folder / named
    try:
        base = beside.resolve() if not Path(named).is_dir() and beside.is_dir() else resolve_model(named)
    except CheckpointError as error:
        raise CheckpointError(f"{folder}: the base of this adapter is missing: {error}") from error
    if not (base / "config.json").is_file():
        raise CheckpointError(f"{folder}: its base {base} has no config.json")
    _check_complete(base)
    return base


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise CheckpointError(f"{path}: not valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: a JSON object is expected")
    return content


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
