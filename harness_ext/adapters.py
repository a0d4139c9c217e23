"""Adapters: merge one into its base as a model folder of its own."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from equipoise.harness_ext.checkpoint import Checkpoint, is_checkpoint, open_checkpoint, read_tensors, resolve_model
from equipoise.harness_ext.errors import CheckpointError, MissingExtraError, first_line

_MERGED = "equipoise-merged-"


@contextlib.contextmanager
def full_model(checkpoint: Checkpoint, *, trust_remote_code: bool = False) -> Iterator[Path]:
    """A folder with the whole model: the checkpoint itself, or an adapter merged into a temporary folder."""
    if checkpoint.base is None:
        yield checkpoint.folder
        return
    _clear_abandoned()
    work = Path(tempfile.mkdtemp(prefix=f"{_MERGED}{os.getpid()}-"))
    try:
        merge_adapter(checkpoint.base, checkpoint.folder, work, trust_remote_code=trust_remote_code)
        _copy_small_files(checkpoint.tokenizer_folder, work)
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextlib.contextmanager
def local_model(pretrained: str, peft: str | None = None, *, trust_remote_code: bool = False) -> Iterator[Path]:
    """The same for `--model_args pretrained=…,peft=…`: a folder, hub name, or adapter."""
    if not pretrained and not peft:
        raise CheckpointError("no model given: --model_args pretrained=FOLDER_OR_HUB_NAME")
    folder = resolve_model(peft or pretrained)
    if not is_checkpoint(folder):
        raise CheckpointError(f"{folder}: no weights (*.safetensors) with a config.json, and no adapter in it")
    checkpoint = open_checkpoint(folder, base=pretrained if peft else None)
    with full_model(checkpoint, trust_remote_code=trust_remote_code) as whole:
        yield whole


def merge_adapter(base: Path, adapter: Path, output: Path, *, trust_remote_code: bool = False) -> None:
    """Write base + adapter to `output`. peft does the arithmetic, for every kind it can merge.

    In float32, so that the engine rounds once, to its own dtype; in the base's dtype where memory is short. Raises
    `CheckpointError` where the adapter does not fit the base.
    """
    try:
        import transformers
        from peft import PeftModel
    except ImportError as error:
        raise MissingExtraError(f"adapters need {error.name}: pip install 'equipoise[hf]'") from error
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(
            base, dtype=_merge_dtype(base), trust_remote_code=trust_remote_code
        )
        merged = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
        merged.save_pretrained(output)
    except (ValueError, RuntimeError, KeyError) as error:
        raise CheckpointError(f"{adapter}: cannot be merged into {base} ({first_line(error)})") from error


def _clear_abandoned() -> None:
    """Merged models of processes that were killed: each is as large as the whole model."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_MERGED}*-*"):
        owner = folder.name.removeprefix(_MERGED).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _merge_dtype(base: Path) -> str:
    """float32 where the machine has memory for the model and its state dict."""
    numbers = sum(math.prod(shape) for _, shape in read_tensors(base).values())
    return "float32" if psutil.virtual_memory().available > 1.5 * 4 * numbers else "auto"


def _copy_small_files(source: Path, target: Path) -> None:
    """Tokenizer files: whatever is beside the weights, except the weights and their config."""
    for path in source.iterdir():
        small = path.suffix in (".json", ".txt", ".model", ".jinja") and not path.name.endswith(".index.json")
        training = path.name.startswith(("adapter_", "checkpoint.", "trainer_state"))
        if path.is_file() and small and not training and not (target / path.name).exists():
            shutil.copy2(path, target / path.name)
