"""From verdicts to the metrics of one question.

Per answer `score` = points of met criteria ÷ positive points, unclipped: harm can push it below zero (arithmetic of a
points guideline; see docs/scoring.md). All shares are over *judged* criteria; `coverage` says how much was judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from equipoise.harness_ext.grading import Verdict
from equipoise.harness_ext.rubric import Criterion

METRICS: dict[str, bool] = {
    "score": True,
    "reliability": True,
    "business_impact": True,
    "pass_all": True,
    "pass_any": True,
    "harm_any": False,
    "flip_rate": False,
    "critical_failure": False,
    "coverage": True,
    "truncated": False,
}
"""Metric name → whether higher is better. Every document emits every one of them."""

CONSISTENCY_FLOOR = 0.05
"""Below this mean `pass_any` the consistency of a checkpoint is unknown: too little is ever right to be consistent."""


def answer_score(criteria: Sequence[Criterion], verdicts: Sequence[Verdict], dimension: str | None = None) -> float:
    """Points of met criteria ÷ positive points over the judged criteria (of one dimension); 1.0 is full marks."""
    judged = [
        (c.points, bool(v.met))
        for c, v in zip(criteria, verdicts, strict=True)
        if v.met is not None and (dimension is None or c.dimension == dimension)
    ]
    positive = sum(points for points, _ in judged if points > 0)
    return sum(points for points, met in judged if met) / positive


def coverage(criteria: Sequence[Criterion], verdicts: Sequence[Verdict]) -> float:
    """Judged |points| ÷ all |points|."""
    total = sum(abs(c.points) for c in criteria)
    return sum(abs(c.points) for c, v in zip(criteria, verdicts, strict=True) if v.met is not None) / total


def question_metrics(criteria: Sequence[Criterion], variants: Sequence[Sequence[Verdict]]) -> dict[str, float]:
    """The metrics of one question from the verdicts on its variants, each in the order of `criteria`.

    `score`, `reliability`, `business_impact`, `coverage`: means over variants. `pass_all`, `pass_any`: points-weighted
    share of positive criteria met under every, and under at least one, variant. `harm_any`: the same for negative
    criteria met under any (0 where a question has none judged). `flip_rate`: share of criteria met under some but not
    all variants. `critical_failure`: 1 where under any variant a positive critical criterion is not met or a negative
    one is.
    """
    n = len(variants)
    met = [[variant[i].met for variant in variants] for i in range(len(criteria))]
    judged = [(c, m) for c, m in zip(criteria, met, strict=True) if None not in m]
    positive = [(c, m) for c, m in judged if c.points > 0]
    negative = [(c, m) for c, m in judged if c.points < 0]

    def share(rows: list[tuple[Criterion, list[bool | None]]], passed: Callable[[list[bool | None]], bool]) -> float:
        total = sum(abs(c.points) for c, _ in rows)
        return sum(abs(c.points) for c, m in rows if passed(m)) / total if total else 0.0

    def mean(dimension: str | None) -> float:
        return sum(answer_score(criteria, v, dimension) for v in variants) / n

    failed = any(not all(m) if c.points > 0 else any(m) for c, m in judged if c.critical)
    return {
        "score": mean(None),
        "reliability": mean("reliability"),
        "business_impact": mean("business_impact"),
        "pass_all": share(positive, all),
        "pass_any": share(positive, any),
        "harm_any": share(negative, any),
        "flip_rate": sum(any(m) and not all(m) for _, m in judged) / len(judged),
        "critical_failure": float(failed),
        "coverage": sum(coverage(criteria, v) for v in variants) / n,
    }


def unjudged_critical(criteria: Sequence[Criterion], verdicts: Sequence[Verdict]) -> list[str]:
    """Ids of critical criteria that nobody judged: `critical_failure` says nothing about them."""
    return [c.id for c, v in zip(criteria, verdicts, strict=True) if c.critical and v.met is None]


def consistency(mean_pass_all: float, mean_pass_any: float) -> float | None:
    """The consistency dimension of a checkpoint: mean `pass_all` ÷ mean `pass_any`; None where that is unknown."""
    return mean_pass_all / mean_pass_any if mean_pass_any >= CONSISTENCY_FLOOR else None
