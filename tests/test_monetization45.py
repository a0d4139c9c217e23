"""The 45 questions: their form, their linter report, and the grader against hand marks it was not written from."""

import json
import re
from collections import Counter, defaultdict

import pytest
from conftest import ROOT

from equipoise.harness_ext.grading import grade_answer
from equipoise.harness_ext.rubric import check_kind, load_questions, render
from equipoise.harness_ext.rubric_check import NULL_LIMITS, check_questions

CATEGORIES = ["auction", "audiences", "budgets", "diagnosis", "marketplaces", "measurement", "policy", "pricing", "support"]
HELD_OUT = ROOT / "tests" / "heldout" / "monetization45.jsonl"
CANARY = "canary: equipoise-monetization45 7c1e4f0a-52b3-4f6e-9d0e-3b1f8f2a6d11"


def test_nine_categories_of_five(monetization45):
    assert Counter(category for category, _ in monetization45) == dict.fromkeys(CATEGORIES, 5)


def test_every_question_has_what_it_needs(monetization45):
    for _, q in monetization45:
        assert len(q.params) >= 3, q.id
        assert len(q.variants) == 2, q.id
        assert 6 <= len(q.criteria) <= 12, q.id
        assert len(q.graded_answers) == 3, q.id
        assert any(c.points < 0 for c in q.criteria), q.id
        assert any(c.critical for c in q.criteria), q.id
        assert {c.dimension for c in q.criteria} == {"reliability", "business_impact"}, q.id


def test_every_file_carries_the_canary():
    for path in (ROOT / "tasks" / "monetization45" / "questions").glob("*.yml"):
        assert CANARY in path.read_text("utf-8").splitlines()[0], path.name


def test_phrasings_state_the_same_facts(monetization45):
    """A phrasing that loses a number would make its answers wrong for no fault of the model. Up to 31: days and list numbers."""
    for category, q in monetization45:
        prompts = render(q, category).prompts
        facts = [{n.replace(",", "") for n in re.findall(r"\d+(?:[.,]\d+)*", p)} for p in prompts]
        facts = [{n for n in numbers if float(n) > 31} for numbers in facts]
        assert not facts[0] - facts[1], q.id
        assert not facts[0] - facts[2], q.id


def test_forms_change_every_question(monetization45):
    for category, q in monetization45:
        canonical = render(q, category)
        drawn = [render(q, category, form) for form in range(1, 21)]
        assert all(d.prompts[0] != canonical.prompts[0] for d in drawn), q.id
        assert sum(d.criteria != canonical.criteria for d in drawn) >= 19, q.id


def test_the_linter_is_content(monetization45):
    import yaml

    jargon = yaml.safe_load((ROOT / "tasks" / "monetization45" / "jargon.yml").read_text())
    assert sorted(jargon) == CATEGORIES
    report = check_questions(monetization45, jargon)
    assert report.ok, [p for q in report.questions for p in q.problems] + report.problems
    figures = report.summary()
    assert figures["rule_share_of_positive_points"] >= 0.85
    assert figures["hand_marks_agreed"] >= 0.95
    assert figures["numeric_points_kept_by_swapped_numbers"] <= 0.5
    assert {f"null_{name}" for name in NULL_LIMITS} <= set(figures)


def agreement(rows, monetization45):
    """Per kind of check and for all: counts of (judged met, marked met)."""
    rendered = {q.id: render(q, category) for category, q in monetization45}
    tally = defaultdict(Counter)
    for row in rows:
        question = rendered[row["question"]]
        verdicts = grade_answer(row["answer"], question.criteria, question.prompts)
        for criterion, verdict in zip(question.criteria, verdicts, strict=True):
            for kind in (check_kind(criterion.check), "all"):
                tally[kind][verdict.met, criterion.id in row["met"]] += 1
    return tally


@pytest.mark.parametrize(("rounds", "answers"), [("ABCDS", 225), ("DS", 90), ("D", 45)])
def test_held_out_answers_are_graded_as_they_were_marked(monetization45, rounds, answers):
    """Answers written without sight of the rules, marked from the criteria's texts; docs/grader_quality.md says how."""
    rows = [json.loads(line) for line in HELD_OUT.read_text("utf-8").splitlines()]
    rows = [row for row in rows if row["round"] in rounds]
    assert len(rows) == answers
    assert {row["question"] for row in rows} == {q.id for _, q in monetization45}
    for kind, n in agreement(rows, monetization45).items():
        if n[True, True] + n[False, True] < 20:
            continue  # too few to say anything
        assert n[True, True] / (n[True, True] + n[True, False]) >= 0.90, (kind, "precision", n)
        assert n[True, True] / (n[True, True] + n[False, True]) >= 0.90, (kind, "recall", n)


@pytest.mark.parametrize("form", [0, 7])
def test_documents_survive_lm_evals_json(monetization45, form):
    from equipoise.harness_ext.lmeval_task import criteria_of, document

    for category, q in monetization45:
        rendered = render(q, category, form)
        doc = json.loads(json.dumps(document(rendered)))
        assert list(criteria_of(doc)) == rendered.criteria


def test_a_limit_of_nine_asks_one_question_of_each_category():
    from equipoise.harness_ext.lmeval_task import load_documents

    documents = load_documents(ROOT / "tasks" / "monetization45", 0)["test"]
    assert len(documents) == 45
    assert sorted(documents["category"][:9]) == CATEGORIES


def test_bundled_files_parse_without_the_rest(monetization45):
    assert len(load_questions(ROOT / "tasks" / "monetization45" / "questions" / "auction.yml")) == 5
