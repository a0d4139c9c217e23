"""What a comparison must not let pass: incomplete, mixed, hidden, or proven by too little."""

import json

import pytest
from test_compare import against, choice, choices, question, questions, save

from equipoise.harness_ext.compare import compare
from equipoise.harness_ext.errors import ResultsError
from equipoise.leaderboard import _command
from equipoise.leaderboard.reports import as_markdown, paragraph

MANY = "1" * 400


def gate(*names, results):
    return _command.run_compare(names, results=results, margin=0.03, domain=[], output=[], gate=True, to_json=True)


def test_a_checkpoint_that_lacks_an_ability_does_not_pass(tmp_path, capsys):
    save(tmp_path / "base", {"t": choices(MANY), "u": choices(MANY)})
    save(tmp_path / "part", {"t": choices(MANY)})
    assert gate("base", "part", results=tmp_path) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["compared"][0]["general"]["decision"]["answer"] == "no collapse"
    assert "Not complete: u of the base" in found["compared"][0]["verdict"]


def test_a_crash_is_no_verdict(tmp_path, monkeypatch, capsys):
    def crash(*_, **__):
        raise TypeError("a bug")

    monkeypatch.setattr(_command, "compare", crash)
    assert gate("a", "b", results=tmp_path) == 70
    assert "a bug" in capsys.readouterr().err


def test_abilities_that_fell_are_named_though_the_mean_holds(tmp_path):
    names = [f"t{i}" for i in range(12)]
    base = {name: choices(MANY) for name in names}
    worse = base | {"t3": choices("1" * 370 + "0" * 30)}
    found = against(tmp_path, base, worse)
    (c,) = found.compared
    assert c.general.decision.answer == "no collapse"
    assert [line.name for line in c.general.fallen] == ["t3"]
    assert "Shown to have fallen: t3 -0.100." in paragraph(found, c)


def test_parts_of_an_ability_can_move_against_each_other(tmp_path):
    """From declining everything to complying with everything: the mean does not move."""

    def rows(harmless, harmful):
        parts = [("harmless", harmless)] * 60 + [("harmful", harmful)] * 60
        return {"refusal": [choice(i, right, part=part) for i, (part, right) in enumerate(parts)]}

    found = against(tmp_path, rows(False, True), rows(True, False))
    (c,) = found.compared
    assert c.general.decision.mean == pytest.approx(0)
    assert [line.name for line in c.general.fallen] == ["refusal: harmful"]
    assert "Shown to have fallen: refusal: harmful" in paragraph(found, c)


def test_two_adapters_in_one_folder_are_not_one_checkpoint(tmp_path):
    save(tmp_path / "base", {"t": choices("11")})
    save(tmp_path / "tuned", {"t": choices("11")}, day=1)
    save(tmp_path / "tuned", {"u": choices("11")}, day=2)
    for path, adapter in zip(sorted((tmp_path / "tuned").glob("results_*")), "ab", strict=True):
        results = json.loads(path.read_text())
        results["config"] = {"model": "hf", "model_args": f"pretrained=base,peft={adapter}"}
        path.write_text(json.dumps(results))
    with pytest.raises(ResultsError, match="holds results of 2 models or adapters"):
        compare(["base", "tuned"], results=tmp_path)


def test_another_filter_is_another_score(tmp_path):
    for name, counted in (("base", "strict-match"), ("new", "flexible-extract")):
        save(tmp_path / name, {"gsm8k": [row | {"filter": counted} for row in choices("11", metric="exact_match")]})
    with pytest.raises(ResultsError, match="gsm8k: base counts its filter strict-match, new flexible-extract"):
        compare(["base", "new"], results=tmp_path)


def test_five_questions_can_show_nothing_and_say_so(tmp_path):
    base = [question(i, 0.1, category="abc"[i // 5]) for i in range(15)]
    new = [question(i, 0.9, category="abc"[i // 5]) for i in range(15)]
    (c,) = against(tmp_path, {"r": base}, {"r": new}).compared
    assert c.domain_verdict == "better"
    assert {line.detectable for line in c.domain.categories} == {float("inf")}
    assert all(line.adjusted > 0.05 for line in c.domain.categories)


def test_the_score_line_and_the_verdict_are_one_test(tmp_path):
    steps = [0.1] * 5 + [0.0] * 5 + [-0.05]
    found = against(tmp_path, {"r": questions([0.5] * 11)}, *({"r": questions([0.5 + s for s in steps])} for _ in range(2)))
    for c in found.compared:
        assert c.domain.difference.family == 2
        assert (c.domain_verdict == "better") == (c.domain.difference.adjusted < 0.05)


def test_no_best_among_checkpoints_scored_on_different_tasks(tmp_path):
    rubric = questions([0.3] * 12)
    save(tmp_path / "base", {"r": rubric, "hard": choices("10" * 50), "easy": choices("1" * 90 + "0" * 10)})
    save(tmp_path / "all", {"r": questions([0.5] * 12), "hard": choices("10" * 50), "easy": choices("1" * 90 + "0" * 10)})
    save(tmp_path / "easy", {"r": questions([0.4] * 12), "easy": choices("1" * 90 + "0" * 10)})
    found = compare(["base", "all", "easy"], results=tmp_path)
    assert found.winner is None
    assert not any(c.on_front for c in found.compared)


def test_no_collapse_goes_before_inconclusive(tmp_path):
    sure = {"r": questions([0.4] * 12), "t": choices(MANY)}
    risky = {"r": questions([0.9] * 12), "t": choices("1" * 391 + "0" * 9)}
    found = against(tmp_path, {"r": questions([0.3] * 12), "t": choices(MANY)}, risky, sure)
    assert [c.general.decision.answer for c in found.compared] == ["inconclusive", "no collapse"]
    assert found.winner == "other1"


def test_without_domain_tasks_nothing_is_said_of_the_domain(tmp_path):
    found = against(tmp_path, {"t": choices(MANY)}, {"t": choices(MANY)}, {"t": choices(MANY)})
    assert "domain work" not in as_markdown(found)


def test_domain_tasks_of_other_levels_are_no_noise(tmp_path):
    """The difference between two tasks is not part of the error of their mean."""
    steps = [0.1, 0.2] * 6
    base = {"r": questions([0.1] * 12), "s": questions([0.2] * 12)}
    new = {"r": questions([0.1 + s for s in steps]), "s": questions([0.7 + s for s in steps])}
    (c,) = against(tmp_path, base, new).compared
    d = c.domain.difference
    assert d.mean == pytest.approx((0.15 + 0.65) / 2)
    assert d.high - d.low < 0.07
