"""The numbers of the pages, by hand."""

import numpy as np
import pandas as pd
import pytest

from equipoise.leaderboard.frames import (
    abilities,
    board,
    collapse_onset,
    counted,
    critical_failures,
    dimension_table,
    filtered,
    flattening,
    iso_balance,
    left_out,
    marginal_gain,
    over_checkpoints,
    pareto_front,
    rank_bounds,
    rank_name,
    sides,
    size_fit,
    training_points,
)

NONE = float("nan")


def score(checkpoint, task, metric, value, stderr=0.01, *, role="general", ability=None, filter="none", group=False, **rest):
    row = {"checkpoint": checkpoint, "task": task, "is_group": group, "metric": metric, "filter": filter, "value": value, "stderr": stderr,
           "documents": 100, "form": pd.NA, "chance": NONE, "date": pd.Timestamp("2026-01-01"), "role": role, "ability": ability or task}  # fmt: skip
    return row | rest


def scores(*rows):
    return pd.DataFrame(rows).astype({"documents": "Int64", "form": "Int64"})


def checkpoints(*names, **columns):
    facts = ["series", "base", "mix", "recipe", "stage", "kind", "folder"]
    frame = pd.DataFrame(
        {"name": list(names), **dict.fromkeys(facts), "is_base": False, "learning_rate": NONE, "date": pd.Timestamp("2026-01-01")}
    )
    frame = frame.assign(
        parameters=pd.array([pd.NA] * len(names), dtype="Int64"), step=pd.array([pd.NA] * len(names), dtype="Int64")
    )
    frame = frame.assign(tokens=pd.array([pd.NA] * len(names), dtype="Int64"), seed=pd.array([pd.NA] * len(names), dtype="Int64"))
    return frame.assign(**columns)


def test_the_number_that_counts_is_above_chance():
    found = counted(
        scores(
            score("a", "piqa", "acc", 0.8, 0.02),
            score("a", "piqa", "acc_norm", 0.75, 0.02),  # goes before acc; chance 0.5
            score("a", "general_core_logic", "above_chance", 0.1, 0.03),  # is above chance already
            score("a", "general_core_logic", "acc", 0.3, 0.03),
            score("a", "monetization45", "score", 0.4, 0.05, role="domain", filter="rubric", form=0),
            score("a", "mmlu", "acc", 0.5, group=True),
            score("a", "crows", "pct_stereotype", 0.6),
            score("a", "hidden", "acc", 0.6, role="ignore"),
        )
    ).set_index("task")
    assert set(found.index) == {"piqa", "general_core_logic", "monetization45"}
    assert found.loc["piqa", ["metric", "value", "stderr"]].tolist() == ["acc_norm", 0.5, 0.04]
    assert found.loc["general_core_logic", "value"] == 0.1
    assert found.loc["monetization45", "value"] == 0.4


def test_a_chance_level_that_a_file_says_goes_before_the_one_by_name():
    found = counted(scores(score("a", "mine", "acc", 0.6, chance=0.2), score("a", "piqa", "acc", 0.6, chance=0.0)))
    assert found["value"].tolist() == pytest.approx([0.5, 0.6])


def test_what_is_left_out_is_listed():
    rows = scores(score("a", "piqa", "acc", 0.8), score("a", "mine", "acc", 0.8), score("a", "ppl", "word_perplexity", 12.0))
    assert left_out(rows) == ["mine", "ppl"]


def test_of_several_forms_the_lowest_and_of_several_runs_the_newest_counts():
    def rubric(value, form, day):
        return score("a", "r", "score", value, role="domain", filter="rubric", form=form, date=pd.Timestamp(f"2026-01-0{day}"))

    found = counted(scores(rubric(0.1, 7, 5), rubric(0.2, 0, 1), rubric(0.3, 0, 2)))
    assert found["value"].tolist() == [0.3]


def test_tasks_of_an_ability_weigh_by_documents_and_abilities_the_same():
    rows = scores(
        score("a", "mmlu_law", "acc", 0.5, 0.1, ability="mmlu", documents=300),
        score("a", "mmlu_art", "acc", 0.9, 0.2, ability="mmlu", documents=100),
        score("a", "gsm8k", "exact_match", 0.2, 0.03),
    )
    counts = counted(rows)
    part = abilities(counts).set_index("ability")
    assert part.loc["mmlu", "value"] == pytest.approx((0.75 * 0.25 + 0.25 * 0.65) / 0.75)
    assert part.loc["mmlu", "stderr"] == pytest.approx(np.hypot(0.75 * 0.1, 0.25 * 0.2) / 0.75)
    side = sides(counts).set_index("checkpoint").loc["a"]
    assert side["G"] == pytest.approx((part.loc["mmlu", "value"] + 0.2) / 2)
    assert side["G_stderr"] == pytest.approx(np.hypot(part.loc["mmlu", "stderr"], 0.03) / 2)
    assert side["G_high"] - side["G"] == pytest.approx(1.965 * side["G_stderr"], rel=2e-3)  # t of 498 degrees of freedom
    assert pd.isna(side["D"])


def test_a_missing_error_makes_the_bounds_missing_never_zero():
    side = sides(counted(scores(score("a", "piqa", "acc", 0.8, NONE), score("a", "sciq", "acc", 0.8)))).iloc[0]
    assert side["G"] == pytest.approx((0.6 + 0.55 / 0.75) / 2)
    assert np.isnan([side["G_stderr"], side["G_low"], side["G_high"]]).all()


def made_board(**options):
    rows = []
    for name, d, g in (("base", 0.2, 0.60), ("good", 0.5, 0.61), ("bad", 0.9, 0.30), ("open", 0.4, 0.58)):
        rows += [
            score(name, "r", "score", d, 0.05, role="domain", filter="rubric", form=0),
            score(name, "gsm8k", "exact_match", g, 0.008),
        ]
    rows.append(score("alone", "gsm8k", "exact_match", 0.9, NONE))
    known = checkpoints(
        "base",
        "good",
        "bad",
        "open",
        "alone",
        base=[None, "base", "base", "base", None],
        is_base=[True, False, False, False, False],
    )
    return board(sides(counted(scores(*rows))), known, **options)


def test_the_board_is_in_the_order_of_verdict_then_balance():
    found = made_board()
    assert list(zip(found["checkpoint"], found["verdict"], strict=True)) == [
        ("good", "no collapse"), ("base", "base"), ("open", "inconclusive"), ("alone", "unknown"), ("bad", "collapse"),
    ]  # fmt: skip
    good = found.set_index("checkpoint").loc["good"]
    assert good["balance"] == pytest.approx((0.5 * 0.61) ** 0.5)
    assert good["retention"] == pytest.approx(0.61 / 0.60)
    error = 1.6449 * np.hypot(0.008, 0.008)
    assert (good["delta_G"], good["delta_G_low"]) == pytest.approx((0.01, 0.01 - error), abs=1e-5)
    assert list(found.loc[found["on_front"], "checkpoint"]) == ["good", "bad"]


def test_paired_differences_go_before_unpaired_ones():
    paired = pd.DataFrame(
        {"checkpoint": ["open"], "delta_D": [0.2], "delta_G": [-0.02], "delta_G_low": [-0.025], "delta_G_high": [-0.015]}
    )
    found = made_board(paired=paired).set_index("checkpoint")
    assert (found.loc["open", "verdict"], found.loc["open", "paired"]) == ("no collapse", True)
    assert made_board(margin=0.3).set_index("checkpoint").loc["bad", "verdict"] == "inconclusive"


def test_filters():
    rows = made_board()
    assert list(filtered(rows, verdicts=["collapse"])["checkpoint"]) == ["bad"]
    assert list(filtered(rows, text="OO")["checkpoint"]) == ["good"]
    assert len(filtered(rows)) == 5
    assert filtered(rows, series=["none"]).empty


def test_a_golden_pareto_front():
    d = [0.1, 0.3, 0.3, 0.5, 0.2, 0.5, NONE, 0.05]
    g = [0.9, 0.7, 0.7, 0.4, 0.6, 0.3, 0.99, 0.9]
    assert pareto_front(d, g) == [0, 2, 1, 3] or pareto_front(d, g) == [0, 1, 2, 3]
    assert pareto_front([], []) == []
    assert np.allclose(iso_balance(0.3, [0.1, 0.3, 0.9]), [0.9, 0.3, 0.1])
    assert np.isnan(iso_balance(0.3, [0.0, -0.1])).all()


def line(**columns):
    size = len(next(iter(columns.values())))
    return pd.DataFrame({"line": "run", "checkpoint": [f"c{i}" for i in range(size)], **columns})


def test_where_collapse_sets_in_and_stays():
    points = line(step=[1, 2, 3, 4], verdict=["no collapse", "collapse", "collapse", "collapse"])
    assert collapse_onset(points, "step").values.tolist() == [["run", 2, "c1"]]
    assert collapse_onset(line(step=[1, 2, 3], verdict=["collapse", "no collapse", "collapse"]), "step")["step"].tolist() == [3]
    assert collapse_onset(line(step=[1, 2], verdict=["collapse", "no collapse"]), "step").empty
    assert collapse_onset(line(step=[1, 2], verdict=["collapse", "collapse"]), "step")["step"].tolist() == [1]


def test_where_gains_flatten():
    points = line(step=[1, 2, 3, 4], D=[0.1, 0.4, 0.42, 0.43], D_high=[0.15, 0.45, 0.47, 0.48])
    assert flattening(points, "step", "D")["step"].tolist() == [2]
    assert flattening(line(step=[1, 2, 3], D=[0.1, 0.4, 0.8], D_high=[0.15, 0.45, 0.85]), "step", "D").empty
    assert flattening(line(step=[1, 2, 3], D=[0.1, 0.4, 0.4], D_high=[0.15, NONE, 0.45]), "step", "D").empty


def test_a_base_begins_the_lines_that_started_from_it():
    rows = made_board().assign(step=pd.array([3, 0, 4, 5, 6], dtype="Int64"), series=["x", None, "x", None, "y"])
    found = training_points(rows, "step")
    assert list(found.loc[found["line"] == "x", "checkpoint"]) == ["base", "good", "open"]
    assert list(found.loc[found["line"] == "y", "checkpoint"]) == ["base", "bad"]


def test_what_a_doubling_buys():
    gains = marginal_gain([1, 4, 8, -1], [0.1, 0.3, 0.2, 9])
    assert gains.values.tolist() == [[1, 4, pytest.approx(0.1)], [4, 8, pytest.approx(-0.1)]]


def test_a_line_only_where_the_data_carries_one():
    fit = size_fit([1e6, 1e7, 1e8, 1e9], [0.1, 0.21, 0.29, 0.4])
    assert fit.slope.mean == pytest.approx(0.098)
    assert (fit.low < fit.y).all()
    assert size_fit([1e6, 1e7, 1e8, 1e9], [0.1, 0.4, 0.05, 0.3]) is None
    assert size_fit([1e6, 1e7, 1e8], [0.1, 0.2, 0.3]) is None


def test_questions_over_checkpoints():
    def asked(*values):
        return pd.DataFrame({"question": ["q1", "q2", "q3"], "title": "t", "category": ["x", "x", "y"], "score": values, "reliability": values,
                             "business_impact": values, "pass_all": values, "pass_any": values, "harm_any": 0.0, "critical": False})  # fmt: skip

    table = over_checkpoints(
        {"a": asked(0.0, 0.1, 1.0), "b": asked(-0.1, 0.2, 1.0), "c": asked(0.0, 0.3, 1.0), "d": asked(0.0, 0.9, 1.0)}
    )
    table = table.set_index("question")
    assert table["all_fail"].tolist() == [True, False, False]
    assert table["all_pass"].tolist() == [False, False, True]
    assert table.loc["q2", "mean"] == pytest.approx(0.375)
    assert np.isnan(table.loc["q3", "discrimination"])
    assert table.loc["q2", "discrimination"] == pytest.approx(np.corrcoef([0.1, 0.2, 0.3, 0.9], [0.5, 0.45, 0.5, 0.5])[0, 1])
    assert dimension_table(asked(0.2, 0.4, 0.9)).loc[:, "score"].to_dict() == pytest.approx({"x": 0.3, "y": 0.9, "all": 0.5})
    assert over_checkpoints({}).empty


def test_ranks_leave_open_what_the_errors_do():
    found = rank_bounds([0.9, 0.5, 0.52, 0.1, NONE, 0.3], [0.01, 0.02, 0.02, 0.01, 0.01, NONE])
    assert found["best"].tolist() == [1, 2, 2, 4, pd.NA, pd.NA]
    assert found["worst"].tolist() == [1, 3, 3, 4, pd.NA, pd.NA]
    assert rank_bounds([0.5, 0.5], [0.0, 0.0]).values.tolist() == [[1, 2], [1, 2]]
    assert rank_bounds([0.5], [0.1])["best"].isna().all()
    assert rank_bounds(np.arange(2000), np.ones(2000))["best"].isna().all()
    # |z| = 2.12, p = 0.034: shown alone, not as one of three pairs (Holm: 0.034 · 3)
    assert rank_bounds([0.0, 0.3], [0.1, 0.1])["worst"].tolist() == [2, 1]
    assert rank_bounds([0.0, 0.3, 0.15], [0.1, 0.1, 0.1])["worst"].tolist() == [3, 3, 3]
    assert [rank_name(2, 7), rank_name(3, 3), rank_name(pd.NA, pd.NA)] == ["2 – 7", "3", None]


def test_critical_failures_are_those_of_the_canonical_form():
    def rubric(task, value, form=0):
        return score("a", task, "critical_failure", value, role="domain", filter="rubric", form=form)

    found = critical_failures(scores(rubric("r", 0.4), rubric("r", 0.9, 3), rubric("s", 0.2), score("b", "piqa", "acc", 0.5)))
    assert found.to_dict() == {"a": pytest.approx(0.3)}
