"""Result files, manifests and what people say in `series.yaml` → checkpoints."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import PurePosixPath

from equipoise.harness_ext.manifest import Manifest
from equipoise.leaderboard.index._names import parameters_in, series_in, step_in, tokens_in
from equipoise.leaderboard.index._series_file import SeriesFile
from equipoise.leaderboard.index._values import count, finite, first_text, storable, text


@dataclass(frozen=True, slots=True)
class File:
    """What a results file says of its checkpoint."""

    id: int
    path: str
    model: str | None
    base: str | None
    """Of an adapter."""
    parameters: int | None
    date: float

    @property
    def folder(self) -> str:
        """Within the result folder; `.` for itself."""
        return self.path.rpartition("/")[0] or "."

    @property
    def stem(self) -> str:
        """The name of a file that was named by a person; empty for `results_<time>.json`."""
        name = self.path.rpartition("/")[2]
        return "" if name.startswith("results") else name.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Base:
    """A base that a `series.json` names."""

    name: str
    weights_hash: str | None


@dataclass(slots=True)
class Checkpoint:
    """One checkpoint with its results files. None: unknown."""

    name: str
    folder: str
    files: list[File]
    manifest: Manifest | None
    series: str | None = None
    base: str | None = None
    is_base: bool = False
    parameters: int | None = None
    step: int | None = None
    tokens: int | None = None
    mix: str | None = None
    plain_name: str = field(default="", init=False)
    """Before it was told apart from others of that name."""
    twin: bool = field(default=False, init=False)
    """Whether it had to be."""
    series_said: str | None = field(default=None, init=False)
    """Where its series was told, and not taken from names."""

    @property
    def newest(self) -> File:
        """Its newest results file."""
        return max(self.files, key=lambda f: (f.date, f.path))


def checkpoints_of(
    files: Iterable[File],
    manifests: Mapping[str, Manifest],
    bases: Mapping[str, Sequence[Base]],
    said: SeriesFile,
    root: str,
) -> list[Checkpoint]:
    """The checkpoints of results files, in the order of series and step.

    `manifests` and `bases` (of `series.json`) are by folder; `root` is the name of the result folder. A manifest makes its folder
    one checkpoint, with the folder of one model in it that `lm_eval --output_path` makes. Without one, files of one model and
    revision belong together, wherever they are; files that do not name their model belong to their folder, or stand for themselves where a person named them (`70m_step8.json`).
    """
    files = list(files)
    homes = _homes(files, manifests)
    groups: dict[tuple[str, ...], Checkpoint] = {}
    for file in files:
        place = homes.get(file.folder, file.folder)
        manifest = manifests.get(place)
        own_folder = root if place == "." else PurePosixPath(place).name
        key: tuple[str, ...]
        if manifest is not None:
            key, name = ("folder", place), text(manifest.name) or own_folder
        elif file.model:
            key, name = ("model", file.model), file.model
        else:
            key, name = ("file", file.folder, file.stem), file.stem or own_folder
        if key not in groups:
            groups[key] = Checkpoint(name, file.folder, [], manifest)
        groups[key].files.append(file)
    found = list(groups.values())
    for checkpoint in found:
        checkpoint.folder = homes.get(checkpoint.newest.folder, checkpoint.newest.folder)
        checkpoint.plain_name = checkpoint.name
    _tell_apart(found)
    for checkpoint in found:
        _describe(checkpoint, said)
    _tell_series_apart(found)
    _find_bases(found, bases)
    return sorted(found, key=lambda c: (c.series or "", -1 if c.step is None else c.step, c.name))


def _homes(files: Sequence[File], manifests: Mapping[str, Manifest]) -> dict[str, str]:
    """Folder of results → the folder above it with a manifest, where all results there are of one model."""
    models: dict[str, set[str | None]] = {}
    for file in files:
        for folder in (file.folder, _parent(file.folder)):
            models.setdefault(folder, set()).add(file.model)
    return {
        folder: above
        for folder in {file.folder for file in files}
        if folder not in manifests
        and (above := _parent(folder)) in manifests
        and len(models[above] - {None}) == len(models[above]) == 1
    }


def _parent(folder: str) -> str:
    return str(PurePosixPath(folder).parent)


def _tell_apart(checkpoints: Sequence[Checkpoint]) -> None:
    """Names that occur twice are completed by their folders; should that not do, by a number."""
    counts = Counter(checkpoint.name for checkpoint in checkpoints)
    taken: dict[str, int] = {}
    for checkpoint in checkpoints:
        name = checkpoint.name if counts[checkpoint.name] == 1 else f"{checkpoint.name} ({checkpoint.folder})"
        if name != checkpoint.name:
            checkpoint.twin = True
        checkpoint.name = name
        while checkpoint.name in taken:
            taken[name] += 1
            checkpoint.name = f"{name} #{taken[name]}"
        taken[checkpoint.name] = 1


def _tell_series_apart(checkpoints: Sequence[Checkpoint]) -> None:
    """Two runs of one name are two series, each with the name of its folder."""
    twins = {c.series for c in checkpoints if c.twin and not c.series_said}
    for checkpoint in checkpoints:
        if checkpoint.series in twins and not checkpoint.series_said:
            place = checkpoint.folder if checkpoint.step is None else _parent(checkpoint.folder)
            checkpoint.series = f"{checkpoint.series} ({place})"


def _describe(checkpoint: Checkpoint, said: SeriesFile) -> None:
    """What a person said, else the manifest, else the files, else names: of the model, of files, of folders."""
    by_hand = said.said_of((checkpoint.name, checkpoint.plain_name))
    manifest = checkpoint.manifest or Manifest()
    written = sum(manifest.tokens.values()) if manifest.tokens else None
    checkpoint.parameters = _first(
        by_hand.size, count(manifest.parameters), checkpoint.newest.parameters, _named(checkpoint, parameters_in)
    )
    checkpoint.step = _first(by_hand.step, count(manifest.step), _named(checkpoint, step_in))
    checkpoint.tokens = _first(by_hand.tokens, count(written), _named(checkpoint, tokens_in))
    own = text((manifest.model_extra or {}).get("series"))
    name = checkpoint.plain_name
    checkpoint.series_said = by_hand.series or own
    checkpoint.series = checkpoint.series_said or series_in(name) or series_in(checkpoint.folder).strip(".") or None
    mix = by_hand.mix or {storable(k): v for k, v in (manifest.mix or {}).items() if finite(v) is not None}
    checkpoint.mix = json.dumps(mix, ensure_ascii=False) if mix else None
    checkpoint.base = by_hand.base


def _first(*values: int | None) -> int | None:
    return next((v for v in values if v is not None), None)


def _named(checkpoint: Checkpoint, find: Callable[[str], int | None]) -> int | None:
    """From the name, else from the names of files and folders where these agree."""
    if (told := find(checkpoint.plain_name)) is not None:
        return told
    for names in ({f.stem for f in checkpoint.files}, {f.folder for f in checkpoint.files}):
        found = {find(name) for name in names}
        if len(found) == 1 and (told := found.pop()) is not None:
            return told
    return None


def _find_bases(checkpoints: Sequence[Checkpoint], bases: Mapping[str, Sequence[Base]]) -> None:
    """Which checkpoint each started from, by name where it is here; and which of them others started from."""
    by_hash: dict[str, list[Checkpoint]] = {}
    by_name: dict[str, list[Checkpoint]] = {}
    for checkpoint in checkpoints:
        if checkpoint.manifest and checkpoint.manifest.weights_hash:
            by_hash.setdefault(checkpoint.manifest.weights_hash, []).append(checkpoint)
        by_name.setdefault(checkpoint.name, []).append(checkpoint)
        if checkpoint.plain_name != checkpoint.name:
            by_name.setdefault(checkpoint.plain_name, []).append(checkpoint)
    for checkpoint in checkpoints:
        manifest = checkpoint.manifest or Manifest()
        listed = next((bases[folder] for folder in _above(checkpoint.folder) if folder in bases), ())
        named = [b for b in listed if manifest.base_hash is None or b.weights_hash == manifest.base_hash]
        candidates = by_name.get(checkpoint.base or "", [])
        if not checkpoint.base:
            told = first_text([manifest.base, *(f.base for f in checkpoint.files)])
            named_so = by_name.get(told or "", [])
            same = by_hash.get(manifest.base_hash or "", [])
            candidates = [c for c in same if c in named_so] or same or named_so  # a copy has the hash too
            if not candidates and len(named) == 1 and checkpoint.plain_name not in [b.name for b in listed]:
                candidates = by_name.get(named[0].name, [])
            candidates = [c for c in candidates if _may_be(c, manifest.base_hash)]
        found = _nearest(checkpoint, [c for c in candidates if c is not checkpoint])
        if found is not None:
            checkpoint.base, found.is_base = found.name, True
        elif not checkpoint.base:
            told = first_text([manifest.base, *(f.base for f in checkpoint.files)])
            checkpoint.base = f"{told} (other weights)" if told in by_name else told
        if any(checkpoint.plain_name == b.name for b in listed):
            checkpoint.is_base = True


def _may_be(checkpoint: Checkpoint, weights_hash: str | None) -> bool:
    """Whether a checkpoint can have these weights: not where its own hash is known and another."""
    known = checkpoint.manifest.weights_hash if checkpoint.manifest else None
    return weights_hash is None or known is None or known == weights_hash


def _nearest(checkpoint: Checkpoint, candidates: Sequence[Checkpoint]) -> Checkpoint | None:
    """The candidate whose folder has most in common with that of the checkpoint; of hundreds, one of the first hundred."""
    parts = PurePosixPath(checkpoint.folder).parts

    def common(other: Checkpoint) -> int:
        pairs = zip(parts, PurePosixPath(other.folder).parts, strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

    return max(candidates[:100], key=common, default=None)


def _above(folder: str) -> list[str]:
    """A folder and those above it, up to the result folder."""
    return list(dict.fromkeys([folder, *map(str, PurePosixPath(folder).parents)]))
