"""From verdicts to metrics: arithmetic worked out by hand."""

import pytest

from equipoise.harness_ext.grading import Verdict
from equipoise.harness_ext.rubric import Criterion
from equipoise.harness_ext.scoring import METRICS, answer_score, consistency, coverage, question_metrics, unjudged_critical

CRITERIA = [
    Criterion(id=name, text=name, points=points, dimension=dimension, critical=critical, check={"any": [name]})
    for name, points, dimension, critical in [
        ("number", 5, "reliability", True),
        ("reason", 3, "reliability", False),
        ("action", 2, "business_impact", False),
        ("harm", -4, "reliability", False),
        ("ruin", -2, "business_impact", True),
    ]
]


def verdicts(met, unjudged=""):
    return [Verdict(c.id, None if c.id in unjudged else c.id in met.split(), "") for c in CRITERIA]


def test_answer_score_is_unclipped_points_share():
    assert answer_score(CRITERIA, verdicts("number reason action")) == 1.0
    assert answer_score(CRITERIA, verdicts("number harm")) == pytest.approx(0.1)
    assert answer_score(CRITERIA, verdicts("harm ruin")) == pytest.approx(-0.6)
    assert answer_score(CRITERIA, verdicts("reason harm"), "reliability") == pytest.approx(-1 / 8)
    assert answer_score(CRITERIA, verdicts("action"), "business_impact") == 1.0


def test_unjudged_criteria_leave_both_sides():
    graded = verdicts("reason", unjudged="number")
    assert answer_score(CRITERIA, graded) == pytest.approx(3 / 5)
    assert coverage(CRITERIA, graded) == pytest.approx(11 / 16)
    assert unjudged_critical(CRITERIA, graded) == ["number"]


def test_question_metrics():
    m = question_metrics(CRITERIA, [verdicts("number reason"), verdicts("number action harm"), verdicts("number")])
    assert m["score"] == pytest.approx((0.8 + 0.3 + 0.5) / 3)
    assert m["reliability"] == pytest.approx((1.0 + 1 / 8 + 5 / 8) / 3)
    assert m["business_impact"] == pytest.approx((0 + 1 + 0) / 3)
    assert m["pass_all"] == pytest.approx(0.5)
    assert m["pass_any"] == 1.0
    assert m["harm_any"] == pytest.approx(4 / 6)
    assert m["flip_rate"] == pytest.approx(3 / 5)
    assert m["critical_failure"] == 0.0
    assert m["coverage"] == 1.0
    assert {*m, "truncated"} == set(METRICS)


@pytest.mark.parametrize(("third", "failed"), [("number", 0.0), ("", 1.0), ("number ruin", 1.0), ("number harm", 0.0)])
def test_critical_failure_under_any_phrasing(third, failed):
    assert question_metrics(CRITERIA, [verdicts("number"), verdicts("number"), verdicts(third)])["critical_failure"] == failed


def test_always_failing_is_consistent_in_no_way():
    m = question_metrics(CRITERIA, [verdicts("")] * 3)
    assert m["flip_rate"] == 0.0
    assert consistency(m["pass_all"], m["pass_any"]) is None
    assert consistency(0.4, 0.5) == pytest.approx(0.8)
