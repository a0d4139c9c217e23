"""From what a person names to the checkpoints of a series."""

from __future__ import annotations

import difflib
import glob
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from equipoise.harness_ext.checkpoint import Checkpoint, is_checkpoint, open_checkpoint, resolve_model
from equipoise.harness_ext.errors import CheckpointError
from equipoise.harness_ext.manifest import read_manifest

_GENERIC = re.compile(r"^(?:checkpoint|step|global_step|epoch)?[-_]?\d+$|^(?:final|last|best|model|adapter|output)$")
_SNAPSHOT = re.compile(r"models--(?P<owner>.+?)--(?P<model>[^/]+)/snapshots/")
_UNSAFE = re.compile(r"[^\w.+=@-]+")


@dataclass(frozen=True, slots=True)
class Failure:
    """A checkpoint or task that could not be scored, and why."""

    name: str
    reason: str
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """What was found."""

    checkpoints: list[Checkpoint]
    """Bases first, then by run and step."""
    bases: dict[str, Checkpoint]
    """Base by architecture: what the others are compared with."""
    broken: list[Failure]
    """Checkpoint folders that cannot be used; the others still can."""

    def base_of(self, checkpoint: Checkpoint) -> Checkpoint | None:
        """The base that a checkpoint is compared with."""
        return self.bases.get(checkpoint.architecture)


def find_series(named: Sequence[str], bases: Sequence[str] = (), *, with_bases: bool = True) -> Series:
    """Checkpoints by folder, glob pattern, run folder (its `checkpoint-*`), or hub name.

    `bases` names the models that the others started from; those of adapters, and those that manifests name and that are
    on this machine, are found without it, unless `with_bases` is false. Raises `CheckpointError` where nothing was
    found, two checkpoints have one name and different weights, or tokenizers of one architecture differ.
    """
    given = [resolve_model(name) for name in bases]
    folders = list(dict.fromkeys([folder.resolve() for folder in [*given, *(f for name in named for f in expand(name))]]))
    names = _names(folders)
    checkpoints: list[Checkpoint] = []
    broken: list[Failure] = []
    for folder in folders:
        try:
            checkpoints.append(open_checkpoint(folder, names[folder]))
        except CheckpointError as error:
            if len(folders) == 1:
                raise
            broken.append(Failure(names[folder], str(error)))
    if with_bases:
        checkpoints = [*_implied_bases(checkpoints), *checkpoints]
    starts = {f.resolve() for f in given} | {c.base.resolve() for c in checkpoints if c.base}
    starts |= {p for c in checkpoints if (p := _local(c.manifest.base))}
    by_architecture: dict[str, Checkpoint] = {}
    for checkpoint in checkpoints:
        if checkpoint.folder.resolve() in starts and not checkpoint.base:
            other = by_architecture.setdefault(checkpoint.architecture, checkpoint)
            if other is not checkpoint:
                raise CheckpointError(
                    f"{other.name} and {checkpoint.name} are both bases of the same architecture: score the two series into two folders"
                )
    checkpoints.sort(key=lambda c: by_architecture.get(c.architecture) is not c)  # stable: bases first
    return Series(checkpoints, by_architecture, broken)


def expand(name: str) -> list[Path]:
    """The checkpoint folders that one argument means. Raises `CheckpointError` where there is none."""
    if glob.has_magic(name) and not Path(name).exists():
        found = [folder for match in glob.glob(name) if Path(match).is_dir() for folder in _inside(Path(match))]
        if not found:
            raise CheckpointError(f"{name}: no checkpoint matches")
        return sorted(found, key=_order)
    path = Path(name)
    if not path.exists():
        parent = path.parent if path.parent.is_dir() else Path()
        near = difflib.get_close_matches(path.name, [p.name for p in parent.iterdir() if p.is_dir()], n=3)
        try:
            return [resolve_model(name)]
        except CheckpointError as error:
            hint = f"; did you mean {', '.join(str(parent / n) for n in near)}?" if near else ""
            raise CheckpointError(f"{error}{hint}") from error
    found = _inside(path) if path.is_dir() else []
    if not found:
        if path.is_dir() and (path / "config.json").is_file():
            open_checkpoint(path)  # says what is missing
        raise CheckpointError(
            f"{name}: no checkpoint found: neither weights with a config.json, nor an adapter, nor folders with them"
        )
    return sorted(found, key=_order)


def _inside(folder: Path) -> list[Path]:
    """A checkpoint folder itself; else the checkpoints directly below it, and with `checkpoint-*` also the final one above."""
    below = [p for p in folder.iterdir() if p.is_dir() and (is_checkpoint(p) or _unfinished(p))]
    own = [folder] if is_checkpoint(folder) else []
    return own if own and not any(_GENERIC.match(p.name) for p in below) else [*below, *own]


def _unfinished(folder: Path) -> bool:
    return bool(re.match(r"checkpoint-\d+$", folder.name))


def _order(folder: Path) -> tuple[str, int, str]:
    number = re.search(r"(\d+)$", folder.name)
    return (str(folder.parent), int(number[1]) if number else 1 << 60, folder.name)


def _names(folders: Iterable[Path]) -> dict[Path, str]:
    """One safe, unique name per folder: the manifest's, else the folder's, with its run's where that says too little."""
    names: dict[Path, str] = {}
    for folder in folders:
        try:
            name = read_manifest(folder).name
        except CheckpointError:
            name = None  # reported when the checkpoint is opened
        if not name:
            snapshot = _SNAPSHOT.search(str(folder))
            name = snapshot["model"] if snapshot else folder.name
            if _GENERIC.match(folder.name):
                name = f"{folder.parent.name}-{folder.name}"
        names[folder] = _UNSAFE.sub("-", name).strip(".-") or "checkpoint"
    counts = Counter(names.values())
    for folder, name in list(names.items()):
        if counts[name] > 1:
            names[folder] = f"{_UNSAFE.sub('-', folder.parent.name)}-{name}"
    twice = [name for name, n in Counter(names.values()).items() if n > 1]
    if twice:
        same = [str(f) for f, name in names.items() if name == twice[0]]
        raise CheckpointError(f'{" and ".join(same[:2])} would both be called {twice[0]}: set "name" in their checkpoint.json')
    return names


def _implied_bases(checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
    """Bases that adapters and manifests name, as far as they are on this machine and not given already."""
    known = {c.folder.resolve() for c in checkpoints}
    folders = dict.fromkeys(
        path for c in checkpoints if (path := c.base.resolve() if c.base else _local(c.manifest.base)) and path not in known
    )
    taken = {c.name for c in checkpoints}
    names = {f: n if n not in taken else f"base-{n}" for f, n in _names(folders).items()}
    return [open_checkpoint(folder, name) for folder, name in names.items() if is_checkpoint(folder)]


def _local(base: str | None) -> Path | None:
    return Path(base).resolve() if base and Path(base).is_dir() else None


def check_tokenizers(checkpoints: Sequence[Checkpoint]) -> None:
    """Raise `CheckpointError` where checkpoints of one architecture would not see the same prompts."""
    first: dict[str, Checkpoint] = {}
    for checkpoint in checkpoints:
        other = first.setdefault(checkpoint.architecture, checkpoint)
        what = (
            "tokenizer"
            if other.tokenizer_hash != checkpoint.tokenizer_hash
            else "chat template"
            if other.chat_template != checkpoint.chat_template
            else None
        )
        if what:
            raise CheckpointError(
                f"{checkpoint.name}: its {what} differs from that of {other.name}, so their prompts would differ; "
                "give --tokenizer FOLDER to use one for all, or score them into separate folders"
            )
