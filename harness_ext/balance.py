"""From lm-eval's samples to the two sides of the balance: domain score D and general score G.

D is the mean question score of the rubric tasks. A general task counts as (m − c) / (1 − c): its metric m above its chance
level c. G is the unweighted mean over abilities: over the members of `general_core` and `general_standard`, and over every
other task or group. What has no known chance level or direction is left out, and listed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from equipoise.harness_ext.chance import measure
from equipoise.harness_ext.errors import ResultsError
from equipoise.harness_ext.results import Run
from equipoise.harness_ext.stats import cluster_means

Role = Literal["domain", "general"]
Document = tuple[str, str, int]
"""(task, hash of the document, how often that hash came before): what two runs are joined on."""

COLLECTIONS = ("equipoise", "general_core", "general_standard", "general_standard_quick", "general_standard_zh")
"""Groups whose members are abilities of their own; any other group is one ability."""


@dataclass(frozen=True, slots=True)
class TaskScore:
    """One ability or rubric task of one checkpoint, document by document."""

    name: str
    role: Role
    metric: str
    chances: Mapping[str, float]
    """Chance level of each of its tasks; 0 for rubric tasks."""
    filters: Mapping[str, str]
    """Which of lm-eval's filters counts, by task: the first in the file."""
    values: Mapping[Document, float]
    """Domain: score. General: (m − c) / (1 − c) with the task's c, unclipped."""
    clusters: Mapping[Document, str]
    """What documents share: the question of a rubric, the passage of a reading task, else the document itself."""
    rows: Mapping[Document, Mapping[str, Any]]
    """The samples."""

    def means(self) -> NDArray[np.float64]:
        """The mean of each cluster."""
        return cluster_means(list(self.values.values()), list(self.clusters.values()))

    @property
    def chance(self) -> float:
        """Mean chance level over its tasks."""
        return sum(self.chances.values()) / len(self.chances)

    @property
    def largest(self) -> float:
        """The greatest difference that one document can make."""
        return 1 / (1 - max(self.chances.values()))


def abilities(results: Mapping[str, Any]) -> dict[str, list[str]]:
    """The abilities of a results file: each with its tasks, in the order of the file."""
    members: dict[str, list[str]] = {g: list(m) for g, m in (results.get("group_subtasks") or {}).items() if m}
    scored = results.get("n-samples") or results.get("versions") or results["results"]
    leaves = [name for name in scored if name in results["results"] and name not in members]
    inside = {name for names in members.values() for name in names}

    def below(name: str) -> Iterator[str]:
        if name in members:
            for member in members[name]:
                yield from below(member)
        elif name in leaves:
            yield name

    def mixed(name: str) -> bool:
        """Whether a group has rubric tasks and others: they belong to different sides."""
        return len({"score,rubric" in (results["results"][leaf] or {}) for leaf in below(name)}) > 1

    def split(name: str) -> Iterator[str]:
        if name in members and (name in COLLECTIONS or mixed(name)):
            for member in members[name]:
                yield from split(member)
        else:
            yield name

    roots = [name for name in (*members, *leaves) if name not in inside]
    found = {ability: list(below(ability)) for root in roots for ability in split(root)}
    return {ability: tasks for ability, tasks in found.items() if tasks}


def scores_of(run: Run, domain: Collection[str] = ()) -> tuple[list[TaskScore], list[str]]:
    """(scores, abilities left out) of a run. `domain`: abilities or tasks that count as domain besides rubric tasks.

    Raises `ResultsError` where samples are missing, cut off, or hold NaN.
    """
    scores, left_out = [], []
    for ability, tasks in abilities(run.results).items():
        samples = {task: run.samples(task) for task in tasks}
        role: Role | None = "domain" if ability in domain or set(tasks) <= set(domain) else None
        score = task_score(ability, samples, run.results.get("configs", {}), role=role)
        if score is None:
            left_out.append(ability)
        else:
            scores.append(score)
    return scores, left_out


def task_score(
    name: str,
    samples: Mapping[str, Sequence[Mapping[str, Any]]],
    configs: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    role: Role | None = None,
) -> TaskScore | None:
    """The score of a task or group from its samples and configs by task; None where it has no known direction or chance level.

    Raises `ResultsError` for a metric that is not a finite number.
    """
    values: dict[Document, float] = {}
    clusters: dict[Document, str] = {}
    kept: dict[Document, Mapping[str, Any]] = {}
    metrics: Counter[str] = Counter()
    chances: dict[str, float] = {}
    filters: dict[str, str] = {}
    for task, all_rows in samples.items():
        rows = one_filter(all_rows)
        if not rows:
            return None
        rubric = rows[0].get("filter") == "rubric"
        how = ("score", 0.0) if rubric else measure(task, rows, (configs or {}).get(task, {}))
        if how is None:
            return None
        metric, chance = how
        role = role or ("domain" if rubric else "general")
        metrics[metric] += 1
        chances[task], filters[task] = chance, str(rows[0].get("filter"))
        seen: Counter[str] = Counter()
        for row in rows:
            document = (task, str(row["doc_hash"]), seen[str(row["doc_hash"])])
            seen[document[1]] += 1
            values[document] = (_number(row, metric, task) - chance) / (1 - chance)
            clusters[document] = _cluster(row, document)
            kept[document] = row
    if not values:
        return None
    return TaskScore(name, role or "general", metrics.most_common(1)[0][0], chances, filters, values, clusters, kept)


def shared_differences(score: TaskScore, base: TaskScore) -> NDArray[np.float64]:
    """Mean of score − base in each cluster of the documents that both have; empty where they have none."""
    shared = [document for document in score.values if document in base.values]
    if not shared:
        return np.empty(0)
    return cluster_means([score.values[d] - base.values[d] for d in shared], [score.clusters[d] for d in shared])


def one_filter(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows of the first filter: lm-eval writes each document once per filter."""
    first = rows[0].get("filter") if rows else None
    return [row for row in rows if row.get("filter") == first]


def _number(row: Mapping[str, Any], metric: str, task: str) -> float:
    value = row.get(metric)
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ResultsError(f"{task}, document {row.get('doc_id')}: {metric} is {value}; score it again, or leave the task out")
    return float(value)


def _cluster(row: Mapping[str, Any], document: Document) -> str:
    """By the document's own word where it has one; forms of one question share its id."""
    doc = row.get("doc")
    if isinstance(doc, Mapping):
        if doc.get("cluster"):
            return str(doc["cluster"])
        if row.get("filter") == "rubric":
            return str(doc.get("id", document[1]))
    return f"{document[1]}-{document[2]}"
