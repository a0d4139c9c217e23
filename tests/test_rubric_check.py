"""The linter finds what makes a question set unbelievable."""

import re

import pytest
from conftest import QUESTION

from equipoise.harness_ext.rubric import load_questions
from equipoise.harness_ext.rubric._schema import ChoiceCheck
from equipoise.harness_ext.rubric_check import check_questions, negate_decision


def check(tmp_path, text):
    (tmp_path / "a.yml").write_text(text)
    return check_questions(load_questions(tmp_path))


def problems(report):
    return "\n".join([p for q in report.questions for p in q.problems] + report.problems)


def test_a_good_set_is_clean(tmp_path):
    report = check(tmp_path, QUESTION)
    assert report.ok, problems(report)
    assert report.summary()["hand_marks_agreed"] == 1.0
    assert report.questions[0].stale_numbers == 0.0


FLAWS = {
    "wrong canonical value": (lambda q: q.replace('"{{ rate }}", canonical: 2.5', '"{{ rate }}", canonical: 3'), "`canonical` is 3"),
    "reference misses a point": (lambda q: q.replace("compare margin per visitor", "compare"), "reference earns 0.80: margin (not said)"),
    "reference is stale": (lambda q: q.replace("rate is {{ rate|num(2) }}%", "rate is 2.50%"), "the reference falls to"),
    "reference does harm": (lambda q: q.replace("  criteria:", "    The sale will lift revenue.\n  criteria:"), "promise (said)"),
    "draws that change nothing": (lambda q: q.replace("orders / visits * 100", "2.5"), "keeps 100% of the numeric points"),
    "label that matches words": (lambda q: q.replace("of: [conversion]", "of: [conversion, '\\bA\\b']"), "matches ordinary words"),
    "pattern that RE2 refuses": (lambda q: q.replace("margin per visit", "(?!x)margin"), "margin: pattern"),
    "pattern that matches everything": (lambda q: q.replace("margin per visit", "(margin)?"), "matches everything"),
    "answer that is no option": (lambda q: q.replace("answer: decline", "answer: maybe"), "'maybe' is none of the options"),
    "marks against the rules": (lambda q: q.replace("met: [rate, decide]", "met: [margin]"), "agree with"),
    "the memo earns points": (lambda q: q.replace("margin per visit", "holdout|margin per visit").replace("points: 2", "points: 9"), "'generic memo' earns"),
    "mostly judged": (lambda q: q.replace("points: 2, dimension: business_impact,\n       check: {any: [\"margin per visit\"]}", "points: 9, dimension: reliability,\n       check: {judge: Is it wise?}"), "of the positive points have a rule"),
    "form that cannot be computed": (lambda q: q.replace("draw: [75, 90, 110]", "draw: [x]"), "form 1: question shop-01, let.rate"),
}  # fmt: skip


@pytest.mark.parametrize("name", FLAWS)
def test_flaw(name, tmp_path):
    change, expected = FLAWS[name]
    changed = change(QUESTION)
    assert changed != QUESTION
    report = check(tmp_path, changed)
    assert not report.ok
    assert expected in problems(report)


def test_negate_decision_turns_both_ways_of_deciding():
    check = ChoiceCheck(choice={"run": ["run the sale"], "decline": ["decline the sale"]}, answer="decline")
    assert negate_decision("I would decline the sale.", check) == "I would not decline the sale."
    assert negate_decision("Do not run the sale.", check) == "run the sale."


def test_a_negated_decision_must_lose_its_points(tmp_path):
    # a rule that swallows the words before the decision also swallows the "not"
    changed = QUESTION.replace("Do not run the sale without a", "Just drop the sale. There is no").replace(
        '["decline the sale"]', '[".{0,9}drop the sale"]'
    )
    assert "decide: still met when the reference's decision is negated" in problems(check(tmp_path, changed))


def test_a_set_without_drawn_facts_is_fine(tmp_path):
    fixed = re.sub(r"  params:\n(?:    .*\n)+  let:\n    .*\n", "", QUESTION)
    for name, value in {
        "visits|num": "2,000",
        "rate|num(2)": "2.50",
        "visits": "2000",
        "orders": "50",
        "shop": "Orla",
        "rate": "2.5",
    }.items():
        fixed = fixed.replace(f"{{{{ {name} }}}}", value)
    report = check(tmp_path, fixed)
    assert report.ok, problems(report)
    assert report.questions[0].stale_numbers is None
