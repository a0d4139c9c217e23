"""The numbers of the pages, by hand."""

import numpy as np
import pandas as pd
import pytest

from equipoise.leaderboard.frames import (
    abilities,
    against_base,
    best_lines,
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
    measured,
    over_checkpoints,
    pareto_front,
    passed_over,
    rank_bounds,
    sides,
    size_fit,
    training_points,
    with_bases,
)

NONE = float("nan")


def score(checkpoint, task, metric, value, stderr=0.01, *, role="general", ability=None, filter="none", group=False, **rest):
    row = {"checkpoint": checkpoint, "task": task, "is_group": group, "metric": metric, "filter": filter, "value": value, "stderr": stderr,
           "documents": 100, "version": "1", "form": pd.NA, "shots": 0, "file": "f", "chance": NONE, "date": pd.Timestamp("2026-01-01"), "role": role, "ability": ability or task}  # fmt: skip
    return row | rest


def scores(*rows):
    return pd.DataFrame(rows).astype({"documents": "Int64", "form": "Int64", "shots": "Int64"})


def counting(rows):
    return counted(measured(rows))


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
    found = counting(
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
    found = counting(scores(score("a", "mine", "acc", 0.6, chance=0.2), score("a", "piqa", "acc", 0.6, chance=0.0)))
    assert found["value"].tolist() == pytest.approx([0.5, 0.6])


def test_what_is_left_out_is_listed():
    rows = scores(score("a", "piqa", "acc", 0.8), score("a", "mine", "acc", 0.8), score("a", "ppl", "word_perplexity", 12.0))
    assert left_out(rows, counting(rows)) == ["mine", "ppl"]


def test_of_several_forms_the_lowest_and_of_several_runs_the_newest_counts():
    def rubric(value, form, day):
        return score("a", "r", "score", value, role="domain", filter="rubric", form=form, date=pd.Timestamp(f"2026-01-0{day}"))

    found = counting(scores(rubric(0.1, 7, 5), rubric(0.2, 0, 1), rubric(0.3, 0, 2)))
    assert found["value"].tolist() == [0.3]


def test_tasks_of_an_ability_weigh_by_documents_and_abilities_the_same():
    rows = scores(
        score("a", "mmlu_law", "acc", 0.5, 0.1, ability="mmlu", documents=300),
        score("a", "mmlu_art", "acc", 0.9, 0.2, ability="mmlu", documents=100),
        score("a", "gsm8k", "exact_match", 0.2, 0.03),
    )
    counts = counting(rows)
    part = abilities(counts).set_index("ability")
    assert part.loc["mmlu", "value"] == pytest.approx((0.75 * 0.25 + 0.25 * 0.65) / 0.75)
    assert part.loc["mmlu", "stderr"] == pytest.approx(np.hypot(0.75 * 0.1, 0.25 * 0.2) / 0.75)
    side = sides(abilities(counts)).set_index("checkpoint").loc["a"]
    assert side["G"] == pytest.approx((part.loc["mmlu", "value"] + 0.2) / 2)
    assert side["G_stderr"] == pytest.approx(np.hypot(part.loc["mmlu", "stderr"], 0.03) / 2)
    assert side["G_high"] - side["G"] == pytest.approx(1.965 * side["G_stderr"], rel=2e-3)  # t of 498 degrees of freedom
    assert pd.isna(side["D"])


def test_a_missing_error_makes_the_bounds_missing_never_zero():
    side = sides(abilities(counting(scores(score("a", "piqa", "acc", 0.8, NONE), score("a", "sciq", "acc", 0.8))))).iloc[0]
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
    return board_of(known, *rows, **options)


def board_of(known, *rows, **options):
    every = measured(scores(*rows))
    return board(sides(abilities(counted(every))), known, against_base(every, known), **options)


def test_the_board_is_in_the_order_of_verdict_then_balance():
    found = made_board()
    assert list(zip(found["checkpoint"], found["verdict"], strict=True)) == [
        ("good", "no collapse"), ("base", "base"), ("open", "inconclusive"), ("alone", "unknown"), ("bad", "collapse"),
    ]  # fmt: skip
    good = found.set_index("checkpoint").loc["good"]
    assert good["balance"] == pytest.approx((0.5 * 0.61) ** 0.5)
    assert good["retention"] == pytest.approx(0.61 / 0.60)
    error = 1.6526 * np.hypot(0.008, 0.008)  # t of 198 degrees of freedom
    assert (good["delta_G"], good["delta_G_low"]) == pytest.approx((0.01, 0.01 - error), abs=1e-5)
    assert list(found.loc[found["on_front"], "checkpoint"]) == ["good", "bad"]


def test_paired_differences_go_before_unpaired_ones():
    paired = pd.DataFrame(
        {
            "checkpoint": ["open"],
            "delta_D": [0.2],
            "delta_G": [-0.02],
            "delta_G_low": [-0.025],
            "delta_G_high": [-0.015],
            "not_compared": [0],
        }
    )
    found = made_board(paired=paired).set_index("checkpoint")
    assert (found.loc["open", "verdict"], found.loc["open", "paired"]) == ("no collapse", True)
    assert made_board(margin=0.3).set_index("checkpoint").loc["bad", "verdict"] == "inconclusive"


def pair(*rows, base="base"):
    known = checkpoints("base", "tuned", base=[None, base], is_base=[True, False])
    return board_of(known, *rows).set_index("checkpoint").loc["tuned"]


def test_only_tests_that_both_took_are_compared():
    base = [score("base", "piqa", "acc", 0.95), score("base", "gsm8k", "exact_match", 0.1)]
    easier = pair(*base, score("tuned", "piqa", "acc", 0.94))
    assert (easier["delta_G"], easier["not_compared"], easier["verdict"]) == (pytest.approx(-0.02), 1, "inconclusive")
    assert easier["retention"] == pytest.approx(0.88 / 0.90)
    harder = pair(*base, score("tuned", "gsm8k", "exact_match", 0.1))
    assert (harder["delta_G"], harder["verdict"]) == (0, "inconclusive")
    more = pair(*base, score("tuned", "piqa", "acc", 0.95, 0.001), score("tuned", "gsm8k", "exact_match", 0.1, 0.001), score("tuned", "sciq", "acc", 0.3))  # fmt: skip
    assert (more["delta_G"], more["not_compared"]) == (0, 0)
    none = pair(*base, score("tuned", "sciq", "acc", 0.3))
    assert (none["verdict"], none["not_compared"]) == ("unknown", 2)
    assert np.isnan(none[["delta_G", "delta_G_low", "retention"]].astype(float)).all()


@pytest.mark.parametrize("other", [{"version": "2"}, {"shots": 25}, {"documents": 10}, {"metric": "acc"}, {"filter": "strict"}])
def test_other_settings_are_not_compared(other):
    row = {"metric": "acc_norm", "value": 0.1} | other
    found = pair(score("base", "piqa", "acc_norm", 0.9), score("tuned", "piqa", **row))
    assert (found["verdict"], found["not_compared"]) == ("unknown", 1)


def test_a_quick_run_does_not_replace_the_full_one_and_is_listed():
    rows = scores(
        score("base", "piqa", "acc", 0.8, documents=1000),
        score("a", "piqa", "acc", 0.8, documents=1000, file="full"),
        score("a", "piqa", "acc", 0.3, documents=10, file="quick", date=pd.Timestamp("2026-02-01")),
    )
    found = counting(rows).set_index("checkpoint")
    assert found["value"].tolist() == pytest.approx([0.6, 0.6])
    assert found["test"].nunique() == 1
    assert passed_over(measured(rows))[["checkpoint", "file"]].values.tolist() == [["a", "quick"]]


def test_of_several_tests_a_pair_takes_one_that_both_took_whatever_others_did():
    def row(name, value, **more):
        return score(name, "piqa", "acc", value, 0.001, **more)

    known = checkpoints("base", "a", "b", "c", base=[None, "base", "base", "base"], is_base=[True, False, False, False])
    few = {"documents": 10, "date": pd.Timestamp("2026-02-01")}
    rows = [row("base", 0.9), row("base", 0.95, shots=5), row("a", 0.7), row("b", 0.9, shots=5), row("c", 0.9, shots=5)]
    found = board_of(known, *rows).set_index("checkpoint")
    assert found.loc["a", ["delta_G", "not_compared", "verdict"]].tolist() == [pytest.approx(-0.4), 0, "collapse"]
    assert found.loc["b", "delta_G"] == pytest.approx(-0.1)
    rows = [
        row("base", 0.9, documents=1838),
        row("base", 0.8, **few),
        row("a", 0.6, documents=1838),
        row("a", 0.8, **few),
        row("b", 0.8, **few),
    ]
    found = board_of(known, *rows).set_index("checkpoint")
    assert found.loc[["base", "a"], "G"].tolist() == pytest.approx([0.8, 0.2])
    assert found.loc["a", "verdict"] == "collapse"


def test_a_link_of_a_chain_keeps_its_verdict():
    known = checkpoints("base", "sft", "dpo", base=[None, "base", "sft"], is_base=[True, True, False])
    rows = [score(name, "piqa", "acc", value) for name, value in (("base", 0.9), ("sft", 0.6), ("dpo", 0.6))]
    found = board_of(known, *rows).set_index("checkpoint")
    assert found["verdict"].to_dict() == {"base": "base", "sft": "collapse", "dpo": "inconclusive"}
    assert found["is_base"].to_dict() == {"base": True, "sft": False, "dpo": False}


def test_few_documents_make_wide_bounds_and_an_error_of_zero_is_none():
    noisy = score("a", "gsm8k", "exact_match", 0.5, 0.245, documents=5), score("a", "lambada", "acc", 0.7, 0.005, documents=10_000)
    side = sides(abilities(counting(scores(*noisy)))).iloc[0]
    assert side["G_df"] == pytest.approx(4, rel=1e-2)  # of the noisy one, not of the large one
    assert side["G_high"] - side["G"] == pytest.approx(2.776 * side["G_stderr"], rel=1e-2)
    wide = pair(*(score(name, "gsm8k", "exact_match", 0.5, 0.0125, documents=5) for name in ("base", "tuned")))
    assert wide["delta_G_high"] == pytest.approx(1.8595 * 0.0125 * 2**0.5, rel=1e-4)  # t of 8 degrees of freedom
    one = pair(*(score(name, "gsm8k", "exact_match", 0.5, 0.1, documents=1) for name in ("base", "tuned")))
    assert np.isnan([one["delta_G_low"], one["G_low"]]).all()
    all_right = counting(scores(score("a", "gsm8k", "exact_match", 1.0, 0.0, documents=8)))
    assert all_right["stderr"].tolist() == pytest.approx([(0.1 * 0.9 / 8) ** 0.5])


def test_retention_only_where_the_base_is_surely_above_chance():
    assert np.isnan(pair(score("base", "piqa", "acc", 0.51, 0.03), score("tuned", "piqa", "acc", 0.5, 0.03))["retention"])


def test_ranks_and_front_are_among_those_that_took_the_same_tests():
    known = checkpoints("a", "b", "c", base=[None] * 3)
    rows = [score(n, "r", "score", d, 0.01, role="domain", filter="rubric", form=0) for n, d in (("a", 0.2), ("b", 0.4))]
    rows += [score("c", "other", "score", 0.9, 0.01, role="domain", filter="rubric", form=0)]
    rows += [score(n, "gsm8k", "exact_match", 0.5) for n in "abc"]
    found = board_of(known, *rows).set_index("checkpoint")
    assert found["rank_best"].fillna(-1).to_dict() == {"a": 2, "b": 1, "c": -1}
    assert found["on_front"].to_dict() == {"a": False, "b": True, "c": False}
    tied = board_of(checkpoints("a", "c", base=[None] * 2), rows[0], rows[2], *rows[3::2])
    assert not tied["on_front"].any()


def test_a_checkpoint_without_a_score_is_on_the_board():
    found = board_of(
        checkpoints("a", "b", base=[None, None]), score("a", "piqa", "acc", 0.8), score("b", "ppl", "word_perplexity", 9.0)
    )
    assert found["checkpoint"].tolist() == ["a", "b"]
    assert np.isnan(found["G"].iloc[1])


def test_of_many_lines_those_with_the_best_balance_are_kept():
    points = pd.DataFrame(
        [("a", 0.5, 0.1, 0.2), ("a", 0.1, 0.1, 0.2), ("b", 0.4, 0.9, 0.9), ("c", NONE, 0.3, 0.9), ("d", NONE, 0.3, 0.4)],
        columns=["line", "balance", "D", "G"],
    )
    assert [list(best_lines(points, most)["line"]) for most in (1, 3)] == [["a", "a"], ["a", "a", "b", "c"]]


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


def test_nearly_equal_sizes_are_one():
    assert marginal_gain([24_008, 24_010], [0.1, 0.5]).empty
    found = marginal_gain([100, 104, 400], [0.1, 0.3, 0.4])
    assert found.values.tolist() == [pytest.approx([102, 400, 0.2 / np.log2(400 / 102)])]
    assert size_fit([1e6, 1.01e6, 1e8, 1e9], [0.1, 0.1, 0.3, 0.4]) is None


def test_a_base_keeps_its_own_line_when_another_begins_others():
    known = checkpoints("A0", "A1", "B0", "B1", base=[None, "A0", None, "B0"], is_base=[True, False, True, False])
    known = known.assign(series=["A", "A", None, "B"], step=pd.array([0, 1, None, 1], dtype="Int64"))
    points = training_points(board_of(known, *(score(n, "piqa", "acc", 0.8) for n in known["name"])), "step")
    assert points[["line", "checkpoint"]].values.tolist() == [["A", "A0"], ["A", "A1"], ["B", "B0"], ["B", "B1"]]


def test_pictures_of_some_keep_the_bases():
    rows = made_board()
    assert list(with_bases(rows[rows["checkpoint"] == "bad"], rows)["checkpoint"]) == ["base", "bad"]


def test_where_collapse_sets_in_and_stays():
    points = line(step=[1, 2, 3, 4], verdict=["no collapse", "collapse", "collapse", "collapse"])
    assert collapse_onset(points, "step").values.tolist() == [["run", 2, "c1"]]
    assert collapse_onset(line(step=[1, 2, 3], verdict=["collapse", "no collapse", "collapse"]), "step")["step"].tolist() == [3]
    assert collapse_onset(line(step=[1, 2], verdict=["collapse", "no collapse"]), "step").empty
    assert collapse_onset(line(step=[1, 2], verdict=["collapse", "collapse"]), "step")["step"].tolist() == [1]


def test_where_gains_flatten():
    def flat(means, half=0.05):
        means = np.array(means)
        points = line(step=list(range(1, len(means) + 1)), D=means, D_low=means - half, D_high=means + half)
        return flattening(points, "step", "D")["step"].tolist()

    assert flat([0.1, 0.4, 0.42, 0.43]) == [2]
    assert flat([0.1, 0.4, 0.8]) == []  # rises to the end
    assert flat([0.1, 0.15, 0.2, 0.25, 0.29], 0.2) == []  # no gain is shown at all
    assert flat([0.1, NONE, 0.4, 0.4]) == []


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
    assert dimension_table(asked(0.2, 0.4, 0.9)).loc[:, "score"].to_dict() == pytest.approx(
        {"x": 0.3, "y": 0.9, "all questions": 0.5}
    )


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


def test_critical_failures_are_those_of_the_canonical_form():
    def rubric(task, value, form=0):
        return score("a", task, "critical_failure", value, role="domain", filter="rubric", form=form)

    found = critical_failures(scores(rubric("r", 0.4), rubric("r", 0.9, 3), rubric("s", 0.2), score("b", "piqa", "acc", 0.5)))
    assert found.to_dict() == {"a": pytest.approx(0.3)}
