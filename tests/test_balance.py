"""From samples to D and G: metric, chance level, and what is left out."""

import pytest

from equipoise.harness_ext.balance import abilities, shared_differences, task_score
from equipoise.harness_ext.chance import chance_by_name
from equipoise.harness_ext.errors import ResultsError


def choice(document, correct, *, choices=4, acc_norm=None, **rest):
    row = {"doc_hash": document, "filter": "none", "acc": float(correct), "filtered_resps": [[-1.0, False]] * choices}
    row["arguments"] = {f"gen_args_{i}": {} for i in range(choices)}
    return row | ({} if acc_norm is None else {"acc_norm": float(acc_norm)}) | rest


def written(document, correct, filter_name="strict-match", **rest):
    return rest | {
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


def test_several_right_choices_raise_the_chance():
    assert task_score("t", {"t": [choice("a", 1, target="[0, 2]"), choice("b", 1, target="1")]}).chance == pytest.approx(0.375)


def test_acc_norm_goes_before_acc():
    assert task_score("t", {"t": [choice("a", 1, acc_norm=0)]}).metric == "acc_norm"


def test_a_task_says_its_own_chance_level():
    own = {"t": {"metadata": {"chance": 0.5}, "process_results": "def …"}}
    assert task_score("t", {"t": [choice("a", 1), choice("b", 0)]}, own).values["t", "b", 0] == pytest.approx(-1.0)


def test_known_chance_levels_of_stock_tasks():
    truthful = choice("a", 0.7, choices=5, doc={"mc2_targets": {"labels": [1, 1, 0, 0, 0]}})
    assert task_score("truthfulqa_mc2", {"truthfulqa_mc2": [truthful]}).values["truthfulqa_mc2", "a", 0] == pytest.approx(0.5)
    listed = written("a", 0, doc={"input": "When?\nOptions:\n(A) now\n(B) then\n(C) later\n(D) never"}) | {"target": "(B)"}
    either = written("b", 0, doc={"input": "not True is"}) | {"target": "False"}
    free = written("c", 0, doc={"input": "sort: b a"}) | {"target": "a b"}
    for row, chance in ((listed, 0.25), (either, 0.5), (free, 0.0)):
        assert task_score("bbh", {"bbh_x": [row]}).chance == pytest.approx(chance)
    follows = written("a", 1) | {"prompt_level_strict_acc": True}
    del follows["exact_match"]
    assert task_score("ifeval", {"ifeval": [follows]}).metric == "prompt_level_strict_acc"


def test_abilities_are_the_members_of_our_groups_and_whole_groups_of_others():
    results = {
        "results": dict.fromkeys(["shop", "core_a", "core_b", "mmlu_x", "mmlu_y", "gsm8k"]),
        "n-samples": dict.fromkeys(["shop", "core_a", "core_b", "mmlu_x", "mmlu_y", "gsm8k"]),
        "group_subtasks": {"equipoise": ["shop", "general_core"], "general_core": ["core_a", "core_b"], "mmlu": ["mmlu_s"],
                           "mmlu_s": ["mmlu_x", "mmlu_y"]},
    }  # fmt: skip
    expected = {"shop": ["shop"], "core_a": ["core_a"], "core_b": ["core_b"], "mmlu": ["mmlu_x", "mmlu_y"], "gsm8k": ["gsm8k"]}
    assert abilities(results) == expected


def test_questions_on_one_passage_are_one_cluster():
    rows = [choice(d, right, doc={"cluster": d[0]}) for d, right in (("a1", 1), ("a2", 0), ("b1", 1), ("b2", 1))]
    assert list(task_score("t", {"t": rows}).means()) == pytest.approx([1 / 3, 1.0])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, "N/A"])
def test_a_metric_that_is_no_number_is_refused(value):
    with pytest.raises(ResultsError, match="t, document 3: acc is"):
        task_score("t", {"t": [choice("a", 1), {**choice("b", 1), "acc": value, "doc_id": 3}]})


def test_tasks_that_compute_their_own_metric_have_no_known_chance_level():
    rows = [choice("a", 0.45, choices=7)]
    assert task_score("my_task", {"my_task": rows}, {"my_task": {"process_results": "def …"}}) is None
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
    assert list(shared_differences(one, base)) == pytest.approx([-4 / 3])
    assert shared_differences(one, task_score("t", {"t": [choice("z", 1)]})).size == 0


@pytest.mark.parametrize(
    ("task", "chance"),
    [
        ("hendrycksTest-marketing", 0.25),
        ("mmlu_pro_law", 0.1),
        ("mmlu_law", 0.25),
        ("mmlu_professional_law", 0.25),
        ("mmlu_high_school_mathematics", 0.25),
        ("mathqa", 0.2),
        ("agieval_sat_math", None),
        ("minerva_math_algebra", 0.0),
        ("prost", 0.25),
        ("leaderboard|arc:challenge", 0.25),
        ("leaderboard|mmlu:high_school_mathematics", 0.25),
        ("piqa", 0.5),
        ("lambada_openai", 0.0),
        ("mine", None),
    ],
)
def test_chance_levels_by_name_for_results_without_samples(task, chance):
    assert chance_by_name(task) == chance
