"""Score checkpoints while a trainer writes them."""

from __future__ import annotations

import glob
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from equipoise.harness_ext.checkpoint import Checkpoint, resolve_model
from equipoise.harness_ext.errors import CheckpointError
from equipoise.harness_ext.manifest import read_manifest
from equipoise.harness_ext.series._discover import Failure, Series, find_series
from equipoise.harness_ext.series._run import SeriesScorer

_SETTLE = 5.0
"""Seconds without a change after which a folder counts as written."""
_POLL = 2.0


def watch(
    scorer: SeriesScorer,
    named: Sequence[str],
    run: Path,
    bases: Sequence[str],
    *,
    with_bases: bool,
    idle: float,
    settle: float = _SETTLE,
) -> Series:
    """Hand every checkpoint of `named` and below `run` to the scorer once it is whole; returns all of them.

    Raises `CheckpointError` for a model that is neither on this machine nor on the hub. Ends when the run's last checkpoint is scored (`final` in its checkpoint.json, or the last step of its
    trainer_state.json), or after `idle` seconds without a new one. `run` need not exist yet.
    """
    named, bases = [_resolved(name) for name in named], [_resolved(name) for name in bases]
    tried: set[Path] = set()
    seen: dict[Path, Checkpoint] = {}
    """Checkpoints that were handed over: a trainer may delete them meanwhile."""
    last_news = time.monotonic()
    scorer.progress.say(
        f"watching {run}; it ends with the run's last checkpoint, or after {idle / 60:.0f} minutes without a new one"
    )
    while True:
        present = [*named, *([str(run)] if run.is_dir() else [])]
        finished = False
        try:
            series = find_series(present, bases, with_bases=with_bases) if present else None
        except (CheckpointError, FileNotFoundError):
            series = None  # nothing whole yet, or a folder went while it was read; said again below when the time is up
        new = [c for c in series.checkpoints if c.folder not in tried and _settled(c, settle)] if series else []
        if series and new:
            tried |= {c.folder for c in new}
            seen |= {c.folder: c for c in new}
            try:
                scorer.run(series, only={c.folder for c in new})
            except CheckpointError as error:
                scorer.outcome.failures += [Failure(c.name, str(error)) for c in new]
                scorer.progress.warn(str(error))
            last_news = time.monotonic()
        if series and all(c.folder in tried for c in series.checkpoints):
            finished = any(
                is_last(c.folder) for c in series.checkpoints if run.resolve() in c.folder.parents or c.folder == run.resolve()
            )
        if finished or time.monotonic() - last_news > idle:
            found = find_series(present or [str(run)], bases, with_bases=with_bases)
            gone = [c for folder, c in seen.items() if folder not in {c.folder for c in found.checkpoints}]
            return replace(found, checkpoints=[*found.checkpoints, *gone])
        time.sleep(min(_POLL, settle))


def is_last(folder: Path) -> bool:
    """Whether a checkpoint is the last of its run, by its manifest or by the state that transformers' Trainer saves."""
    if read_manifest(folder).final:
        return True
    state = folder / "trainer_state.json"
    if not state.is_file():
        return False
    try:
        content = json.loads(state.read_text("utf-8"))
        return bool(content["max_steps"]) and content["global_step"] >= content["max_steps"]
    except (ValueError, KeyError, TypeError):
        return False


def _settled(checkpoint: Checkpoint, seconds: float) -> bool:
    try:
        newest = max(path.stat().st_mtime for path in checkpoint.folder.iterdir())
    except (FileNotFoundError, ValueError):
        return False  # it went meanwhile
    return time.time() - newest >= seconds


def _resolved(name: str) -> str:
    """A hub name is looked up once, not at every turn."""
    return name if Path(name).exists() or glob.has_magic(name) else str(resolve_model(name))
