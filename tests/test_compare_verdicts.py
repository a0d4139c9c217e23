"""What a comparison claims: numbers and verdicts worked out by hand."""

from statistics import mean

import pytest
from test_compare import against, choice, choices, line, question, questions, save

from equipoise.harness_ext.compare import compare
from equipoise.harness_ext.errors import ResultsError

VERDICTS = {
    "six up: p = 2/2⁶": ([0.0] * 6, [0.5] * 6, "better"),
    "six down": ([0.5] * 6, [0.0] * 6, "worse"),
    "five up: p = 2/2⁵": ([0.0] * 5, [0.5] * 5, "cannot tell"),
    "six up, 6 of 21 above zero: under 30 %": ([0.0] * 21, [0.5] * 6 + [0.0] * 15, "cannot tell"),
    "six up, 6 of 20 above zero: just enough": ([0.0] * 20, [0.5] * 6 + [0.0] * 14, "better"),
    "unchanged": ([0.5] * 30, [0.5] * 30, "cannot tell"),
}


@pytest.mark.parametrize("case", VERDICTS)
def test_domain_verdicts(case, tmp_path):
    before, after, verdict = VERDICTS[case]
    found = against(tmp_path, {"r": questions(before)}, {"r": questions(after)}, {"r": questions(after)})
    (c,) = compare(["base", "other0"], results=tmp_path).compared
    assert (c.domain_verdict, c.general, c.balances) == (verdict, None, None)
    assert line(c.domain.difference) == pytest.approx((mean(before), mean(after), mean(after) - mean(before)))
    assert [c.domain_verdict for c in found.compared] == ["cannot tell"] * 2  # Holm: 0.031 is 0.062 as one of two
    assert found.compared[0].domain.difference.adjusted == pytest.approx(min(1, 2 * c.domain.difference.p))


def test_dimensions_categories_critical_failures_and_questions(tmp_path):
    base = [question(0, 0.5, critical=True), question(1, 0.5), question(2, 1.0, category="policy"), question(3, 0.8, critical=True)]
    new = [question(0, 0.9), question(1, 0.5, reliability=0.1, pass_all=0.0, harm=0.5)]
    new += [question(2, 0.6, category="policy", critical=True), question(3, 0.7, critical=True)]
    (c,) = against(tmp_path, {"r": base}, {"r": new}).compared
    lines = {d.name: d for d in (c.domain.difference, *c.domain.dimensions, *c.domain.categories)}
    assert line(lines["Score"]) == pytest.approx((0.7, 0.675, -0.025))
    assert line(lines["Reliability"]) == pytest.approx((0.7, 0.575, -0.125))
    harm = lines["Harm under some phrasing"]
    assert (harm.mean, harm.better, harm.worse, harm.gain) == (0.125, 0, 1, False)
    assert line(lines["pricing"]) == pytest.approx((0.6, 0.7, 0.1))
    assert (lines["policy"].clusters, lines["policy"].low) == (1, float("-inf"))
    assert c.domain.consistency == pytest.approx((1.0, 2.2 / 2.7))
    shown = [(q.identifier, q.base_critical, q.critical, round(q.change, 9)) for q in c.domain.questions]
    assert shown[:2] == [("q-2", False, True, -0.4), ("q-3", True, True, -0.1)]
    assert shown[2:] == [("q-1", False, False, 0.0), ("q-0", True, False, 0.4)]
    verdicts = [(v.criterion, v.points, v.met) for v in c.domain.questions[0].answers[1].verdicts]
    assert verdicts == [("States the rate", 8, False), ("Promises a lift", -2, False)]


def test_domain_tasks_weigh_as_much_as_rubric_tasks(tmp_path):
    base = {
        "r": questions([0.5, 0.5]),
        "t": [choice(i, i < 2, cluster="ab"[i // 2]) for i in range(4)],
        "u": choices("1"),
        "v": choices("1"),
    }
    for name, scores in (("base", base), ("new", base | {"r": questions([1.0, 1.0])})):
        save(tmp_path / name, scores, members={"g": ["u", "v"]})
    (c,) = compare(["base", "new"], results=tmp_path, domain=["t"]).compared
    assert line(c.domain.difference) == pytest.approx(((0.5 + 1 / 3) / 2, (1 + 1 / 3) / 2, 0.25))
    assert [s.mean for s in c.domain.scores] == pytest.approx([c.domain.difference.base, c.domain.difference.value])
    assert ([t.name for t in c.domain.tasks], [a.difference.name for a in c.general.abilities]) == (["r", "t"], ["g"])
    (c,) = compare(["base", "new"], results=tmp_path, domain=["u"]).compared  # a part of a group
    assert ([t.name for t in c.domain.tasks], [a.difference.name for a in c.general.abilities]) == (["u", "r"], ["g", "t"])
    (c,) = compare(["base", "new"], results=tmp_path, ignored=["u", "t"]).compared
    assert [(a.difference.name, a.difference.clusters) for a in c.general.abilities] == [("g", 1)]
    with pytest.raises(ResultsError, match="--domain c: no such task"):
        compare(["base", "new"], results=tmp_path, domain=["c"])


def test_another_form_confirms_and_shows_what_was_memorised(tmp_path):
    runs = {"base": ([0.2] * 6, [0.1] * 6), "true": ([0.9] * 6, [0.8] * 3 + [0.6] * 3), "cram": ([0.9] * 6, [0.2] * 5 + [0.1])}
    for name, (canonical, form) in runs.items():  # lm-eval writes --metadata form=1 into the config of every task
        save(tmp_path / name, {"r": questions(canonical), "t": choices("1100")})
        save(tmp_path / name, {"r": questions(form, form=1), "t": choices("1100")}, day=2, metadata={"form": 1})
    true, cram = (compare(["base", name], results=tmp_path).compared[0] for name in ("true", "cram"))
    assert [(c.domain_verdict, c.confirmed) for c in (true, cram)] == [
        ("better", True),
        ("better", False),
    ]  # cram: 5 of 6, p = 0.06
    (form,) = true.domain.forms
    assert (form.form, form.difference.mean, form.base_gap.mean, form.gap.mean) == pytest.approx((1, 0.6, 0.1, 0.2))
    assert (true.domain.difference.clusters, true.general.documents) == (6, 4)
    assert true.balances.other.value == pytest.approx((0.9 / 3) ** 0.5)


def test_ranks_are_those_of_questions_on_the_main_form(tmp_path):
    for name, scores in (("base", (0.2, 0.9)), ("new", (0.9, 0.2))):
        for form in (0, 1):
            save(tmp_path / name, {"r": questions([scores[form]] * 6, form=form)}, day=form + 1, metadata={"form": form})
    assert compare(["base", "new"], results=tmp_path).compared[0].ranks == (1, 1)
    rows = [{"t": [choice(i, right, cluster=f"passage {i // 2}") for i in range(8)]} for right in (False, True)]
    (c,) = against(tmp_path / "passages", *rows, domain=["t"]).compared
    assert (c.ranks, c.domain.difference.p) == ((1, 2), pytest.approx(2 / 2**4))


def test_ranks_front_balance_and_winner(tmp_path):
    runs = ((0.5, 100), (0.99, 75), (0.1, 100), (0.4, 40), (0.6, 99), (0.3, 20))
    found = against(tmp_path, *({"r": questions([d] * 12), "t": choices("1" * g + "0" * (100 - g))} for d, g in runs))
    assert [c.ranks for c in found.compared] == [(1, 1), (6, 6), (4, 4), (2, 2), (5, 5)]
    assert [c.on_front for c in found.compared] == [
        True,
        False,
        False,
        True,
        False,
    ]  # other1 is beaten by the base: equal in G, lower in D
    assert found.winner == "other3"  # √(0.6 · 0.987); other0 has √(0.99 · 0.667), but collapsed
    b = found.compared[2].balances
    assert (b.base.value, b.other.value, b.difference.value) == pytest.approx((0.5**0.5, 0.08**0.5, 0.08**0.5 - 0.5**0.5))
    assert b.difference.low < b.difference.value < b.difference.high < 0
    assert found.compared[4].balances.other.value == 0.0  # 20 of 100 is below chance


ALL = "1" * 100
DECISIONS = {
    "unchanged, many": (ALL, ALL, "no collapse"),
    "unchanged, few": ("1" * 20, "1" * 20, "inconclusive"),
    "a third lost": (ALL, "1" * 70 + "0" * 30, "collapse"),
    "two lost": (ALL, "1" * 98 + "00", "inconclusive"),
    "one document": ("1", "0", "inconclusive"),
}


@pytest.mark.parametrize("case", DECISIONS)
def test_decisions_on_general_ability(case, tmp_path):
    before, after, answer = DECISIONS[case]
    (c,) = against(tmp_path, {"t": choices(before)}, {"t": choices(after)}).compared
    assert (c.general.decision.answer, c.domain, c.domain_verdict, c.ranks) == (answer, None, None, None)
    assert c.general.decision.mean == pytest.approx(4 / 3 * (after.count("1") - before.count("1")) / len(before))
    if case == "unchanged, many":  # one document for and one against at half weight; t(0.95, 99) = 1.6604
        assert c.general.decision.low == pytest.approx(-1.6604 * 4 / 3 / 102, rel=1e-4)
        assert compare(["base", "other0"], results=tmp_path, margin=0.02).compared[0].general.decision.answer == "inconclusive"


def test_what_was_forgotten(tmp_path):
    (ability,) = against(tmp_path, {"t": choices("11111000")}, {"t": choices("11100100")}).compared[0].general.abilities
    assert ability.forgetting[:4] == (3, 2, 1, 2)
    # of 8, a quarter of guesses right: the most if both guess alike, the least if they guess independently
    assert ability.forgetting.forgotten == pytest.approx((2 / 6 - 1 / 9, 2 / 6))
    assert ability.forgetting.learned == pytest.approx((1 / 6 - 1 / 9, 1 / 6))
    assert ability.difference.p == pytest.approx(1.0)  # 2 against 1
    assert [(f.identifier, f.answer, f.base, f.other) for f in ability.lost] == [(i, "red", "red", "green") for i in "34"]
    assert [(f.identifier, f.answer, f.base, f.other) for f in ability.won] == [("5", "red", "green", "red")]
    assert ability.lost[0].question == "Which colour has 3?\nAnswer:"


def test_a_shown_answer_is_the_one_that_counted(tmp_path):
    logprobs = [
        ["-3.0", "False"],
        ["-4.0", "False"],
        ["-9.0", "False"],
    ]  # per character: -1.5, -1.33, -2.25; per byte: -1.5, -0.67, …
    rows = [choice(0, i, choices=["ja", "été", "nein"], metric="acc_norm", answer=1) | {"filtered_resps": logprobs} for i in (1, 0)]
    rows[1]["filtered_resps"] = [["-2.6", "False"], *logprobs[1:]]  # -1.3: per character the first, per byte still the second
    (lost,) = against(tmp_path, {"t": rows[:1]}, {"t": rows[1:]}).compared[0].general.abilities[0].lost
    assert (lost.answer, lost.base, lost.other) == ("été", "été", "ja")


def test_abilities_weigh_the_same_and_retention_needs_a_base_above_chance(tmp_path):
    new = {"t": choices("1" * 20 + "0" * 20), "u": choices("1110")}
    (c,) = against(tmp_path, {"t": choices("1" * 40), "u": choices("1100")}, new).compared
    assert (c.general.base.mean, c.general.value.mean) == pytest.approx(((1 + 1 / 3) / 2, (1 / 3 + 2 / 3) / 2))
    assert c.general.retention == pytest.approx(0.75)
    (c,) = against(tmp_path / "guessing", {"t": choices("1000" * 10)}, {"t": choices("1000" * 10)}).compared
    assert (c.general.base.mean, c.general.retention) == (pytest.approx(0.0), None)


def test_recipes_are_runs_that_differ_in_their_seed_only(tmp_path):
    other = {"later": {"step": 20}, "recipe": {"config_hash": "bad"}, "mixed": {"kind": "merged", "alpha": 0.5}}
    runs = {"base": (0.2, {}), "s1": (0.3, {"seed": 1}), "s2": (0.5, {"seed": 2})} | {
        n: (0.9, {"seed": 3, **m}) for n, m in other.items()
    }
    for name, (score, fields) in runs.items():
        manifest = {"name": name, "config_hash": "c0ffee", "step": 10, "kind": "full", **fields}
        save(tmp_path / name, {"r": questions([score] * 6)}, manifest=manifest)
    (recipe,) = compare(list(runs), results=tmp_path).recipes
    assert (recipe.names, recipe.step, recipe.general, recipe.general_spread) == (["s1", "s2"], 10, None, None)
    assert (recipe.domain.mean, recipe.domain_spread) == pytest.approx((0.2, 0.2 / 2**0.5))
