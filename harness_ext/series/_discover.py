"""From what a person names to the checkpoints of a series."""

from __future__ import annotations

import difflib
import glob
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
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
    """Base by family: what the others are compared with."""
    broken: list[Failure]
    """Checkpoint folders that cannot be used; the others still can."""
    only_base: Checkpoint | None = None
    """The base that was named, where it was one: it counts for every checkpoint, also one with other shapes."""

    def base_of(self, checkpoint: Checkpoint) -> Checkpoint | None:
        """The base that a checkpoint is compared with."""
        return self.bases.get(checkpoint.family, self.only_base)


def find_series(named: Sequence[str], bases: Sequence[str] = (), *, with_bases: bool = True) -> Series:
    """Checkpoints by folder, glob pattern, run folder (its `checkpoint-*`), or hub name.

    `bases` names the models that the others started from; those of adapters, and those that manifests name and that are
    on this machine, are found without it, unless `with_bases` is false. Raises `CheckpointError` where nothing was
    found, two checkpoints have one name and different weights, or tokenizers of one architecture differ.
    """
    wanted: dict[Path, str] = {}
    for name, folder in [(b, resolve_model(b)) for b in bases] + [(n, f) for n in named for f in expand(n)]:
        wanted.setdefault(folder.resolve(), name)
    explicit = {resolve_model(b).resolve() for b in bases}
    names = _names(wanted)
    checkpoints: list[Checkpoint] = []
    broken: list[Failure] = []
    fallback = str(next(iter(explicit))) if len(explicit) == 1 else None
    for folder in wanted:
        try:
            checkpoints.append(open_checkpoint(folder, names[folder], fallback=fallback))
        except CheckpointError as error:
            if len(wanted) == 1:
                raise
            broken.append(Failure(names[folder], str(error)))
    if with_bases:
        implied, unusable = _implied_bases(checkpoints)
        checkpoints, broken = [*implied, *checkpoints], [*broken, *unusable]
    by_family = _choose_bases(checkpoints, explicit)
    chosen = [c for c in checkpoints if c.folder.resolve() in explicit]
    checkpoints.sort(key=lambda c: c not in by_family.values())  # stable: bases first
    return Series(checkpoints, by_family, broken, chosen[0] if len(chosen) == 1 else None)


def _choose_bases(checkpoints: Sequence[Checkpoint], explicit: Collection[Path]) -> dict[str, Checkpoint]:
    """The base of each family: the one that was named, else the one that adapters and manifests name."""
    implied = {c.base.resolve() for c in checkpoints if c.base} | {p for c in checkpoints if (p := _local(c.manifest.base))}
    found: dict[str, Checkpoint] = {}
    for starts in (explicit, implied):
        new: dict[str, Checkpoint] = {}
        for checkpoint in checkpoints:
            if checkpoint.base or checkpoint.folder.resolve() not in starts or checkpoint.family in found:
                continue
            other = new.setdefault(checkpoint.family, checkpoint)
            if other is not checkpoint:
                raise CheckpointError(
                    f"{other.name} and {checkpoint.name} are both bases of the same architecture: name the one to compare with (--base),"
                    " or score the two series into two folders"
                )
        found |= new
    return found


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
    visible = [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")]  # a hidden one is being written
    below = [p for p in visible if is_checkpoint(p) or _unfinished(p)]
    own = [folder] if is_checkpoint(folder) else []
    return own if own and not any(_GENERIC.match(p.name) for p in below) else [*below, *own]


def _unfinished(folder: Path) -> bool:
    return bool(re.match(r"checkpoint-\d+$", folder.name))


def _order(folder: Path) -> tuple[str, int, str]:
    """By run and step; the final model, which lies above its checkpoints, after them."""
    number = re.search(r"(\d+)$", folder.name) if _GENERIC.match(folder.name) else None
    run = folder if not number and any(_unfinished(p) for p in folder.iterdir()) else folder.parent
    return (str(run), int(number[1]) if number else 1 << 60, folder.name)


def _names(folders: Mapping[Path, str]) -> dict[Path, str]:
    """One safe, unique name per folder: the manifest's, else the folder's, with its run's where that says too little.

    `folders` maps each to what a person called it: a hub name keeps its revision.
    """
    names: dict[Path, str] = {}
    for folder, called in folders.items():
        try:
            name = read_manifest(folder).name
        except CheckpointError:
            name = None  # reported when the checkpoint is opened
        if not name:
            snapshot = _SNAPSHOT.search(str(folder))
            revision = called.partition("@")[2] if snapshot else ""
            name = f"{snapshot['model']}{f'@{revision}' if revision else ''}" if snapshot else folder.name
            if _GENERIC.match(folder.name):
                name = f"{folder.parent.name}-{folder.name}"
        names[folder] = _UNSAFE.sub("-", name).strip(".-") or "checkpoint"
    for level in range(3):  # as many folders above as it takes
        counts = Counter(names.values())
        for folder, name in list(names.items()):
            if counts[name] > 1 and len(folder.parents) > level:
                names[folder] = f"{_UNSAFE.sub('-', folder.parents[level].name)}-{name}"
    twice = [name for name, n in Counter(names.values()).items() if n > 1]
    if twice:
        same = [str(f) for f, name in names.items() if name == twice[0]]
        raise CheckpointError(f'{" and ".join(same[:2])} would both be called {twice[0]}: set "name" in their checkpoint.json')
    return names


def _implied_bases(checkpoints: Sequence[Checkpoint]) -> tuple[list[Checkpoint], list[Failure]]:
    """Bases that adapters and manifests name, as far as they are on this machine and not given already; and those that are broken."""
    known = {c.folder.resolve() for c in checkpoints}
    folders = dict.fromkeys(
        path for c in checkpoints if (path := c.base.resolve() if c.base else _local(c.manifest.base)) and path not in known
    )
    taken = {c.name for c in checkpoints}
    names = {f: n if n not in taken else f"base-{n}" for f, n in _names({f: str(f) for f in folders}).items()}
    found, broken = [], []
    for folder, name in names.items():
        if is_checkpoint(folder):
            try:
                found.append(open_checkpoint(folder, name))
            except CheckpointError as error:
                broken.append(Failure(name, str(error)))
    return found, broken


def _local(base: str | None) -> Path | None:
    return Path(base).resolve() if base and Path(base).is_dir() else None


def check_tokenizers(checkpoints: Sequence[Checkpoint]) -> None:
    """Raise `CheckpointError` where checkpoints of one architecture would not see the same prompts."""
    first: dict[str, Checkpoint] = {}
    for checkpoint in checkpoints:
        other = first.setdefault(checkpoint.family, checkpoint)
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
