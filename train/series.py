"""The checkpoints of a run: weights in one dtype, tokenizer, and `checkpoint.json` last; written aside, then renamed."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from equipoise.harness_ext.errors import TrainingError, first_line
from equipoise.harness_ext.files import sync_folder, write_atomically
from equipoise.harness_ext.manifest import FILE, Manifest
from equipoise.train.config import Saving
from equipoise.train.mix import Mixer


@contextlib.contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """Turn what libraries raise where a disk is full or gone into one `TrainingError`."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise _disk_error(where, error) from error
    except RuntimeError as error:  # torch.save
        if "PytorchStreamWriter" not in str(error) and "inline_container" not in str(error):
            raise
        raise _disk_error(where, error) from error


def _disk_error(where: Path, error: Exception) -> TrainingError:
    return TrainingError(
        f"{where}: cannot be written ({first_line(error)}); the checkpoints before it are whole: make room, and go on with --resume"
    )


def checkpoint_steps(mixer: Mixer, saving: Saving, stages: Sequence[int]) -> list[int]:
    """After how many steps a checkpoint is written. `stages`: the last step of each stage, counted from 1."""
    due = set(stages)
    total = mixer.steps
    if saving.every_tokens:
        planned = sum(mixer.seen(total).values())
        per_step = planned / total
        due |= {
            min(total, max(1, round(n * saving.every_tokens / per_step))) for n in range(1, int(planned // saving.every_tokens) + 1)
        }
    elif saving.log_spaced:
        count = saving.log_spaced
        due |= {max(1, round(total ** (n / (count - 1)) if count > 1 else total)) for n in range(count)}
    return sorted(due)


def write_checkpoint(
    folder: Path, model: Any, tokenizer: Any, state: dict[str, torch.Tensor] | None, dtype: str, manifest: Manifest
) -> None:
    """Write one checkpoint. An adapter stays an adapter. Raises `OSError`; then no folder of this name is there."""
    work = folder.with_name(f".{folder.name}.writing")
    shutil.rmtree(work, ignore_errors=True)
    try:
        wanted = getattr(torch, dtype)
        weights = state if state is not None else model.state_dict()
        if hasattr(model, "peft_config"):  # the base under an adapter is not copied
            weights = {name: weights[name] for name, parameter in model.named_parameters() if parameter.requires_grad}
        model.save_pretrained(work, state_dict=_cast(weights, wanted))
        config = work / "config.json"
        if config.is_file():
            config.write_text(json.dumps(json.loads(config.read_text("utf-8")) | {"dtype": dtype}, indent=2), "utf-8")
        (work / "README.md").unlink(missing_ok=True)  # peft's empty model card
        tokenizer.save_pretrained(work)
        write_atomically(work / FILE, json.dumps(manifest.dump(), indent=2))
        if folder.exists():  # of the same run, before a resume
            shutil.rmtree(folder)
        work.rename(folder)
        sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _cast(weights: Mapping[str, torch.Tensor], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """On the CPU; tensors that share memory (a tied LM head) still do."""
    made: dict[int, torch.Tensor] = {}
    found = {}
    for name, tensor in weights.items():
        if tensor.data_ptr() not in made or made[tensor.data_ptr()].shape != tensor.shape:
            made[tensor.data_ptr()] = tensor.detach().to("cpu", dtype if tensor.is_floating_point() else tensor.dtype)
        found[name] = made[tensor.data_ptr()]
    return found


def remove_later(run: Path, step: int) -> None:
    """Drop the checkpoints that a resume at `step` will write again, and what a killed run left half written."""
    for folder in run.glob("checkpoint-*"):
        number = folder.name.removeprefix("checkpoint-")
        if number.isdigit() and int(number) > step:
            shutil.rmtree(folder)
    for folder in [*run.glob(".checkpoint-*.writing"), *run.glob("resume/.writing")]:
        shutil.rmtree(folder)
