"""Two checkpoints on the same documents: which files belong together, and what differs between them."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.harness_ext.balance import Document, Role, TaskScore, task_score
from equipoise.harness_ext.compare._read import Checkpoint, Entry
from equipoise.harness_ext.errors import ResultsError


@dataclass(frozen=True, slots=True)
class Pair:
    """One ability or rubric task, scored for the base and for another checkpoint."""

    name: str
    form: int
    base: TaskScore
    other: TaskScore
    shared: Sequence[Document]
    """The documents that both have, in the order of the base."""
    differing_prompts: int

    @property
    def role(self) -> Role:
        """Domain or general."""
        return self.base.role


@dataclass(frozen=True, slots=True)
class Pairs:
    """All that two checkpoints have in common."""

    pairs: Sequence[Pair]
    left_out: Sequence[str]
    """Abilities without a known chance level or direction."""
    missing: Sequence[str]
    """Abilities that the base has and the other has not."""
    unmatched: Sequence[str]
    """Abilities that the other has and the base has not."""
    warnings: Sequence[str]


class Reader:
    """Reads the samples of an entry once, however often it is compared."""

    def __init__(self, domain: Collection[str] = ()):
        self.domain = domain
        self._known: dict[tuple[str, str, tuple[str, ...]], TaskScore | None] = {}

    def score(self, entry: Entry) -> TaskScore | None:
        """The score of an entry; None where it has no direction or chance level. Raises `ResultsError` for broken samples."""
        key = (str(entry.run.path), entry.name, entry.tasks)
        if key not in self._known:
            self._known[key] = self._score(entry, {task: entry.run.samples(task) for task in entry.tasks})
        return self._known[key]

    def part(self, entry: Entry, score: TaskScore, documents: Sequence[Document]) -> TaskScore:
        """The score on some of its documents: where their choices differ in number, so does the chance level."""
        if len(documents) == len(score.values):
            return score
        wanted = set(documents)
        samples = {task: [row for d, row in score.rows.items() if d[0] == task and d in wanted] for task in entry.tasks}
        return self._score(entry, {task: rows for task, rows in samples.items() if rows}) or score

    def _score(self, entry: Entry, samples: Mapping[str, Sequence[Mapping[str, Any]]]) -> TaskScore | None:
        role: Role | None = "domain" if counts_as_domain(entry, self.domain) else None
        return task_score(entry.name, samples, entry.run.results.get("configs") or {}, role=role)


def counts_as_domain(entry: Entry, domain: Collection[str]) -> bool:
    """Whether `--domain` names it, or all of its tasks."""
    return entry.name in domain or set(entry.tasks) <= set(domain)


def pair_up(base: Checkpoint, other: Checkpoint, reader: Reader) -> Pairs:
    """Join by document. Of several files of one task those that fit together count, then those with most documents, then the newest.

    Raises `ResultsError` where nothing fits: no common task, other versions or forms, no common documents.
    """
    pairs, left_out, warnings = [], [], []
    chosen = _choose(base, other)
    for mine, theirs in chosen:
        a, b = reader.score(mine), reader.score(theirs)
        if a is None or b is None:
            left_out.append(mine.name)
            continue
        if a.metric != b.metric:
            raise ResultsError(
                f"{mine.name}: {base.name} was scored by {a.metric}, {other.name} by {b.metric}; score one of them again"
            )
        if other_filters := [t for t, name in a.filters.items() if b.filters.get(t, name) != name]:
            task = other_filters[0]
            raise ResultsError(
                f"{task}: {base.name} counts its filter {a.filters[task]}, {other.name} {b.filters[task]}; score one of them again"
            )
        shared = [document for document in a.values if document in b.values]
        if not shared:
            raise ResultsError(
                f"{mine.name}: {base.name} and {other.name} have no document in common (another --limit, seed or form?); "
                "score one of them again"
            )
        prompts = sum(a.rows[d].get("prompt_hash") != b.rows[d].get("prompt_hash") for d in shared)
        pairs.append(Pair(mine.name, mine.form, reader.part(mine, a, shared), reader.part(theirs, b, shared), shared, prompts))
        warnings += _warnings(mine, theirs, len(shared), (len(a.values), len(b.values)), prompts)
        for checkpoint, used in ((base, mine), (other, theirs)):
            newest = next(e for e in checkpoint.entries if (e.name, e.form) == (used.name, used.form))
            if newest is not used:
                why = "has fewer documents" if newest.documents < used.documents else "does not fit as well"
                warnings.append(f"{used.name}: of {checkpoint.name} an older file counts, {used.run.path.name}: the newest {why}")
    both = {entry.name for entry, _ in chosen}
    missing, unmatched = (list(dict.fromkeys(e.name for e in c.entries if e.name not in both)) for c in (base, other))
    return Pairs(pairs, left_out, missing, unmatched, list(dict.fromkeys(warnings)))


def _choose(base: Checkpoint, other: Checkpoint) -> list[tuple[Entry, Entry]]:
    chosen: dict[tuple[str, int], tuple[Entry, Entry]] = {}
    misfits = []
    best: dict[tuple[str, int], int] = {}
    for theirs in sorted(other.entries, key=lambda e: -e.documents):  # of pairs that fit equally well the first counts
        key = (theirs.name, theirs.form)
        candidates = [mine for mine in base.entries if mine.name == theirs.name]
        fitting = [mine for mine in candidates if mine.form == theirs.form and mine.versions == theirs.versions]
        if fitting:
            mine = min(fitting, key=lambda mine: (len(_differing(mine, theirs)), -mine.documents))
            apart = len(_differing(mine, theirs))
            if apart < best.get(key, apart + 1):
                chosen[key], best[key] = (mine, theirs), apart
        elif candidates and key not in chosen:
            misfits.append((next((mine for mine in candidates if mine.form == theirs.form), candidates[0]), theirs))
    for mine, theirs in misfits:
        if not any(name == theirs.name for name, _ in chosen):
            raise ResultsError(_misfit(base.name, mine, other.name, theirs))
    if not chosen:
        have = [", ".join(dict.fromkeys(e.name for e in c.entries)) for c in (base, other)]
        raise ResultsError(f"no task in common: {base.name} has {have[0]}; {other.name} has {have[1]}")
    return [chosen[key] for key in sorted(chosen, key=lambda key: [(e.name, e.form) for e in base.entries].index(key))]


def _misfit(base: str, mine: Entry, other: str, theirs: Entry) -> str:
    if mine.form != theirs.form:
        return f"{mine.name}: {base} answered form {mine.form}, {other} form {theirs.form}; score both on one form"
    if set(mine.tasks) != set(theirs.tasks):
        return (
            f"{mine.name}: {base} has its tasks {', '.join(mine.tasks)}, {other} {', '.join(theirs.tasks)}; score both on the same"
        )
    task = next(t for t in mine.tasks if mine.versions.get(t) != theirs.versions.get(t))
    return (
        f"{task}: {base} was scored with version {mine.versions.get(task)}, {other} with {theirs.versions.get(task)}: "
        "other questions or grading; score one of them again"
    )


def _differing(mine: Entry, theirs: Entry) -> list[str]:
    return [what for what, value in mine.settings.items() if value != theirs.settings.get(what)]


def _warnings(mine: Entry, theirs: Entry, shared: int, sizes: tuple[int, int], prompts: int) -> list[str]:
    found = []
    if differing := _differing(mine, theirs):
        found.append(f"{mine.name}: {', '.join(differing)} differ")
    if prompts:
        found.append(
            f"{mine.name}: the prompts of {prompts} of {shared} documents differ, so the difference is not the model's alone"
        )
    if max(sizes) > shared:
        found.append(f"{mine.name}: only {shared} documents are in both ({sizes[0]} and {sizes[1]} were answered)")
    return found


def lowest_forms(pairs: Sequence[Pair]) -> list[Pair]:
    """Of each task the pair on the lowest form: the canonical one, where both have answered it."""
    lowest = {pair.name: min(p.form for p in pairs if p.name == pair.name) for pair in pairs}
    return [pair for pair in pairs if pair.form == lowest[pair.name]]


def metric_values(score: TaskScore, documents: Sequence[Document], metric: str) -> list[float]:
    """Another metric of the samples. Raises `ResultsError` where it is no finite number."""
    for document in documents:
        value = score.rows[document].get(metric)
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            where = f"{document[0]}, document {score.rows[document].get('doc_id')}"
            raise ResultsError(f"{where}: {metric} is {value}; score it again")
    return [float(score.rows[d][metric]) for d in documents]


def means(values: Mapping[Document, float], documents: Sequence[Document]) -> list[float]:
    """The values of some documents, in their order."""
    return [values[d] for d in documents]
