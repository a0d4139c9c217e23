"""The domain side of a comparison: dimensions, categories, question by question, other forms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import Any

import numpy as np

from equipoise.harness_ext.balance import Document, TaskScore, shared_differences
from equipoise.harness_ext.compare._difference import LEVEL, Difference, adjust, difference
from equipoise.harness_ext.compare._pair import Pair, lowest_forms, means, metric_values
from equipoise.harness_ext.errors import ResultsError
from equipoise.harness_ext.scoring import METRICS, consistency
from equipoise.harness_ext.stats import (
    Components,
    Interval,
    bootstrap_interval,
    cluster_means,
    clustered_mean,
    mean_of_tasks,
    questions_to_decide,
    t_quantile,
    variance_components,
)

DIMENSIONS = {
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
    bootstrap: tuple[float, float] | None
    """A second 95 % interval of the difference, by resampling questions (BCa); None for several tasks."""
    components: Components | None
    """Where the spread of the checkpoint's scores comes from: question, phrasing, sampling. None for several tasks or one phrasing."""

    @property
    def questions_needed(self) -> int | None:
        """Questions in all that would show a difference as large as the observed one four times in five; None where none would."""
        line = self.difference
        return questions_to_decide(line.spread, line.mean, confidence=1 - LEVEL / line.family)


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
        tasks=adjust([replace(_whole([pair]), name=pair.name) for pair in main]) if len(main) > 1 else [],
        questions=_questions(rubric),
        forms=[_form(p, m) for p in pairs for m in main if m.name == p.name and m.form != p.form],
        bootstrap=bootstrap_interval([q for p in main for q in shared_differences(p.other, p.base)]) if len(main) == 1 else None,
        components=_components(rubric[0]) if len(rubric) == 1 else None,
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
    line = difference("Score" if len(pairs) == 1 else "All domain tasks", base, other, clusters)
    if len(pairs) == 1:
        return line
    found = mean_of_tasks([shared_differences(pair.other, pair.base) for pair in pairs])  # tasks are no noise
    spread = (found.high - found.low) / 2 / t_quantile(0.975, line.clusters - 1) * line.clusters**0.5
    return replace(line, low=found.low, high=found.high, spread=float(spread) if np.isfinite(spread) else line.spread)


def _components(pair: Pair) -> Components | None:
    """Of the other checkpoint's single answers; None where they are not a full table of questions, phrasings and draws."""
    rows = [pair.other.rows[document] for document in pair.shared]
    shapes = {(len(row["filtered_resps"]), *{len(draws) for draws in row["filtered_resps"]}) for row in rows}
    if len(rows) < 2 or len(shapes) != 1 or len(shape := shapes.pop()) != 2 or shape[0] < 2:
        return None
    scores = [[_answer_score(answer) for answer in graded_answers(row)] for row in rows]
    if any(score is None for answers in scores for score in answers):
        return None
    return variance_components(np.array(scores, dtype=float).reshape(len(rows), *shape))


def _answer_score(answer: Answer) -> float | None:
    """As `scoring.answer_score`, from the verdicts of a samples file; None where nothing positive was judged."""
    positive = sum(v.points for v in answer.verdicts if v.points > 0 and v.met is not None)
    return sum(v.points for v in answer.verdicts if v.met) / positive if positive else None


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
    """The graded answers of one sample of a rubric task, phrasing by phrasing, draw by draw.

    Raises `ResultsError` where they are not as the grader writes them.
    """
    try:
        return _graded(row)
    except (KeyError, TypeError, ValueError) as error:
        raise ResultsError(f"document {row.get('doc_id')}: not graded as a rubric ({type(error).__name__}: {error})") from error


def _graded(row: Mapping[str, Any]) -> list[Answer]:
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
