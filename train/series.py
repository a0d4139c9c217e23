"""The checkpoints of a run: weights in one dtype, tokenizer, and `checkpoint.json` last; written aside, then renamed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from equipoise.harness_ext.files import sync_folder, write_atomically
from equipoise.harness_ext.manifest import FILE, Manifest
from equipoise.train.config import Saving
from equipoise.train.mix import Mixer


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
        cast = {k: v.to(wanted) if v.is_floating_point() else v for k, v in weights.items()}
        model.save_pretrained(work, state_dict=cast)
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


def remove_later(run: Path, step: int) -> None:
    """Drop the checkpoints that a resume at `step` will write again, and what a killed run left half written."""
    for folder in run.glob("checkpoint-*"):
        number = folder.name.removeprefix("checkpoint-")
        if number.isdigit() and int(number) > step:
            shutil.rmtree(folder)
    for folder in [*run.glob(".checkpoint-*.writing"), *run.glob("resume/.writing")]:
        shutil.rmtree(folder)
