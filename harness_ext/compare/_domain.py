"""The domain side of a comparison: dimensions, categories, question by question, other forms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

import numpy as np

from equipoise.harness_ext.balance import Document, TaskScore
from equipoise.harness_ext.compare._difference import Difference, adjust, difference
from equipoise.harness_ext.compare._pair import Pair, lowest_forms, means, metric_values
from equipoise.harness_ext.scoring import METRICS, consistency
from equipoise.harness_ext.stats import Interval, cluster_means, clustered_mean, mean_of_tasks, questions_to_decide

DIMENSIONS = {
    "score": "Score",
    "reliability": "Reliability",
    "business_impact": "Business impact",
    "pass_all": "Right under every phrasing",
    "pass_any": "Right under some phrasing",
    "harm_any": "Harm under some phrasing",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One criterion of one answer."""

    criterion: str
    points: int
    critical: bool
    met: bool | None
    why: str
    span: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One graded answer."""

    text: str
    verdicts: Sequence[Verdict]


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a rubric task, answered by both."""

    task: str
    identifier: str
    title: str
    category: str
    prompt: str
    base: float
    value: float
    base_critical: bool
    critical: bool
    """Some phrasing fails a critical criterion."""
    base_answers: Sequence[Answer]
    answers: Sequence[Answer]
    """One per phrasing and draw."""

    @property
    def change(self) -> float:
        """Score − score of the base."""
        return self.value - self.base


@dataclass(frozen=True, slots=True)
class OtherForm:
    """The same questions with other numbers and names."""

    form: int
    difference: Difference
    base_gap: Interval
    """Canonical − this form, of the base, paired by question: above 0 where the canonical text is known too well."""
    gap: Interval


@dataclass(frozen=True, slots=True)
class Domain:
    """All domain tasks together."""

    difference: Difference
    scores: tuple[Interval, Interval]
    """D of base and other, each with its own interval."""
    consistency: tuple[float | None, float | None]
    """(base, other); None: unknown."""
    dimensions: Sequence[Difference]
    categories: Sequence[Difference]
    tasks: Sequence[Difference]
    questions: Sequence[Question]
    """New critical failures first, then the greatest losses."""
    forms: Sequence[OtherForm]
    questions_needed: int | None
    """Questions in all that would show a difference as large as the observed one four times in five; None where there is none."""


def domain_side(pairs: Sequence[Pair]) -> Domain | None:
    """The domain side of a pair of checkpoints on the lowest form both have; None where there is none."""
    pairs = [pair for pair in pairs if pair.role == "domain"]
    if not pairs:
        return None
    main = lowest_forms(pairs)
    rubric = [p for p in main if p.base.metric == "score"]
    whole = _whole(main)
    return Domain(
        difference=whole,
        scores=(_score(main, "base"), _score(main, "other")),
        consistency=(_consistency(rubric, "base"), _consistency(rubric, "other")),
        dimensions=adjust([_dimension(rubric, metric) for metric in DIMENSIONS]) if rubric else [],
        categories=adjust(_categories(rubric)),
        tasks=adjust([_whole([pair]) for pair in main]) if len(main) > 1 else [],
        questions=_questions(rubric),
        forms=[_form(p, m) for p in pairs for m in main if m.name == p.name and m.form != p.form],
        questions_needed=questions_to_decide(whole.spread, whole.mean),
    )


def _whole(pairs: Sequence[Pair]) -> Difference:
    """D and its difference. Tasks weigh the same, whatever their number of questions."""
    sizes = [len(set(_clusters(pair))) for pair in pairs]
    base, other, clusters = [], [], []
    for pair, size in zip(pairs, sizes, strict=True):
        weight = sum(sizes) / len(pairs) / size
        base += [weight * v for v in means(pair.base.values, pair.shared)]
        other += [weight * v for v in means(pair.other.values, pair.shared)]
        clusters += [(pair.name, c) for c in _clusters(pair)]
    return difference(pairs[0].name if len(pairs) == 1 else "all domain tasks", base, other, clusters)


def _score(pairs: Sequence[Pair], side: str) -> Interval:
    tasks = [cluster_means(means(getattr(p, side).values, p.shared), _clusters(p)) for p in pairs]
    return clustered_mean(tasks[0]) if len(tasks) == 1 else mean_of_tasks(tasks)


def _clusters(pair: Pair) -> list[str]:
    return [pair.base.clusters[d] for d in pair.shared]


def _consistency(pairs: Sequence[Pair], side: str) -> float | None:
    scores = [(getattr(p, side), p.shared) for p in pairs]
    if not scores:
        return None
    every, some = (mean(v for s, ds in scores for v in metric_values(s, ds, metric)) for metric in ("pass_all", "pass_any"))
    return consistency(every, some)


def _dimension(pairs: Sequence[Pair], metric: str) -> Difference:
    base = [v for p in pairs for v in metric_values(p.base, p.shared, metric)]
    other = [v for p in pairs for v in metric_values(p.other, p.shared, metric)]
    clusters = [(p.name, c) for p in pairs for c in _clusters(p)]
    return difference(DIMENSIONS[metric], base, other, clusters, higher_is_better=METRICS[metric])


def _categories(pairs: Sequence[Pair]) -> list[Difference]:
    by_category: dict[str, list[tuple[Pair, Document]]] = {}
    for pair in pairs:
        for document in pair.shared:
            by_category.setdefault(str(pair.base.rows[document]["doc"].get("category", "other")), []).append((pair, document))
    return [
        difference(
            category,
            [p.base.values[d] for p, d in members],
            [p.other.values[d] for p, d in members],
            [(p.name, p.base.clusters[d]) for p, d in members],
        )
        for category, members in by_category.items()
    ]


def _questions(pairs: Sequence[Pair]) -> list[Question]:
    found = []
    for pair in pairs:
        failed = [metric_values(score, pair.shared, "critical_failure") for score in (pair.base, pair.other)]
        for document, base_failed, other_failed in zip(pair.shared, *failed, strict=True):
            row, other = pair.base.rows[document], pair.other.rows[document]
            doc = row["doc"]
            found.append(
                Question(
                    task=pair.name,
                    identifier=str(doc.get("id", row.get("doc_id"))),
                    title=str(doc.get("title", "")),
                    category=str(doc.get("category", "")),
                    prompt=str(doc.get("prompt", "")),
                    base=float(row["score"]),
                    value=float(other["score"]),
                    base_critical=base_failed > 0,
                    critical=other_failed > 0,
                    base_answers=graded_answers(row),
                    answers=graded_answers(other),
                )
            )
    return sorted(found, key=lambda q: (not (q.critical and not q.base_critical), q.change, q.identifier))


def graded_answers(row: Mapping[str, Any]) -> list[Answer]:
    """The graded answers of one sample of a rubric task, phrasing by phrasing, draw by draw."""
    criteria = json.loads(row["doc"]["criteria"])
    answers = []
    for draws in row["filtered_resps"]:
        for text in draws:
            graded = json.loads(text)
            verdicts = [
                Verdict(
                    str(criterion["text"]),
                    int(criterion["points"]),
                    bool(criterion.get("critical")),
                    verdict["met"],
                    str(verdict["why"]),
                    str(verdict.get("span") or ""),
                )
                for criterion, verdict in zip(criteria, graded["verdicts"], strict=True)
            ]
            answers.append(Answer(str(graded["graded_text"]), verdicts))
    return answers


def _form(pair: Pair, canonical: Pair) -> OtherForm:
    return OtherForm(pair.form, _whole([pair]), _gap(canonical.base, pair.base), _gap(canonical.other, pair.other))


def _gap(canonical: TaskScore, form: TaskScore) -> Interval:
    """Canonical − form over the questions that both have."""
    known = {form.clusters[d]: value for d, value in form.values.items()}
    shared = [(value - known[canonical.clusters[d]]) for d, value in canonical.values.items() if canonical.clusters[d] in known]
    return clustered_mean(shared) if shared else Interval(float("nan"), -np.inf, np.inf, 0, False)
