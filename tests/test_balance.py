"""From samples to D and G: metric, chance level, and what is left out."""

import pytest

from equipoise.harness_ext.balance import shared_differences, task_score


def choice(document, correct, *, choices=4, acc_norm=None, **rest):
    row = {"doc_hash": document, "filter": "none", "acc": float(correct), "filtered_resps": [[-1.0, False]] * choices}
    row["arguments"] = {f"gen_args_{i}": {} for i in range(choices)}
    return row | ({} if acc_norm is None else {"acc_norm": float(acc_norm)}) | rest


def written(document, correct, filter_name="strict-match"):
    return {
        "doc_hash": document,
        "filter": filter_name,
        "exact_match": float(correct),
        "filtered_resps": ["7"],
        "arguments": {"gen_args_0": {}},
    }


def test_multiple_choice_counts_above_its_chance_level():
    score = task_score("t", {"t": [choice("a", 1), choice("b", 0)]})
    assert (score.role, score.metric) == ("general", "acc")
    assert list(score.values.values()) == pytest.approx([1.0, -1 / 3])


def test_chance_is_the_mean_where_the_number_of_choices_differs():
    score = task_score("t", {"t": [choice("a", 1, choices=2), choice("b", 1, choices=4)]})
    assert sum(score.values.values()) == pytest.approx(2.0)
    assert task_score("t", {"t": [choice("a", 0, choices=2), choice("b", 0, choices=4)]}).values["t", "a", 0] == pytest.approx(-0.6)


def test_acc_norm_goes_before_acc():
    assert task_score("t", {"t": [choice("a", 1, acc_norm=0)]}).metric == "acc_norm"


def test_tasks_that_compute_their_own_metric_have_no_known_chance_level():
    rows = [choice("a", 0.45, choices=7)]
    assert task_score("truthfulqa_mc2", {"truthfulqa_mc2": rows}, {"truthfulqa_mc2": {"process_results": "def …"}}) is None
    asked_twice = {"t": {"metric_list": [{"metric": "acc"}, {"metric": "acc_mutual_info"}]}}
    assert task_score("t", {"t": [choice("a", 0, choices=8)]}, asked_twice).values["t", "a", 0] == pytest.approx(-1 / 3)


def test_one_filter_counts_and_equal_documents_are_told_apart():
    rows = [written("a", 1), written("a", 0), written("a", 1, "flexible-extract"), written("a", 1, "flexible-extract")]
    assert task_score("gsm8k", {"gsm8k": rows}).values == {("gsm8k", "a", 0): 1.0, ("gsm8k", "a", 1): 0.0}


def test_what_has_no_known_chance_level_or_direction_is_left_out():
    assert task_score("my_task", {"my_task": [written("a", 1)]}) is None
    assert task_score("ppl", {"ppl": [{"doc_hash": "a", "filter": "none", "arguments": {}, "filtered_resps": [-3.0]}]}) is None
    assert task_score("group", {"one": [choice("a", 1)], "two": [written("a", 1)]}) is None


def test_a_rubric_task_is_the_domain():
    score = task_score("shop", {"shop": [{"doc_hash": "a", "filter": "rubric", "score": -0.25}]})
    assert (score.role, dict(score.values)) == ("domain", {("shop", "a", 0): -0.25})


def test_differences_are_taken_where_both_have_a_document():
    one = task_score("t", {"t": [choice("a", 1), choice("b", 0)]})
    base = task_score("t", {"t": [choice("b", 1), choice("c", 1)]})
    assert shared_differences(one, base) == pytest.approx([-4 / 3])
