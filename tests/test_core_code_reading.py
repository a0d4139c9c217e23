"""Short programs to read: the keys are what Python prints, and the choices give nothing away."""

from __future__ import annotations

import ast
import json
import random
import re
import subprocess
import sys
from collections import Counter
from string import Template
from typing import Any

import pytest

from equipoise.tasks.general_core.procedural import code_reading
from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.code_reading._choices import blind_wins, pick_wrong
from equipoise.tasks.general_core.procedural.code_reading._misreadings import form
from equipoise.tasks.general_core.procedural.code_reading._programs import Program, programs
from equipoise.tasks.general_core.procedural.code_reading._run import MAX_WIDTH, output

Items = list[dict[str, Any]]
COUNT, SEEDS, MAX_LINES = 400, (0, 1), 16
TEMPLATES = {(tier, kind): program for tier in (1, 2, 3, 4) for kind, program in programs(tier).items()}
RUN_ALL = """
import contextlib, io, json, sys
lines = []
for code in json.load(sys.stdin):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "program", "exec"), {"__name__": "__main__"})
    lines.append(out.getvalue())
print(json.dumps(lines))
"""
DRAW = "import json, equipoise.tasks.general_core.procedural.code_reading as m; print(json.dumps(m.draw(40, 1)))"


@pytest.fixture(scope="module")
def drawn() -> dict[int, Items]:
    """The items of each seed."""
    return {seed: code_reading.draw(COUNT, seed) for seed in SEEDS}


@pytest.fixture(scope="module")
def items(drawn: dict[int, Items]) -> Items:
    """The items of all seeds."""
    return [item for part in drawn.values() for item in part]


def in_fresh_python(script: str, hash_seed: str, stdin: str = "") -> Any:
    """The JSON that a script prints in an interpreter of its own, with its own order of sets of strings."""
    done = subprocess.run(
        [sys.executable, "-c", script], input=stdin, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": hash_seed}
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("hash_seed", ["0", "7"])
def test_the_first_choice_is_what_a_fresh_python_prints(items: Items, hash_seed: str) -> None:
    printed = in_fresh_python(RUN_ALL, hash_seed, json.dumps([item["code"] for item in items]))
    assert printed == [item["choices"][0] + "\n" for item in items]
    assert {item["answer"] for item in items} == {0}


def test_a_seed_always_gives_the_same_items(drawn: dict[int, Items]) -> None:
    assert code_reading.draw(20, 1) == drawn[1][:20] == in_fresh_python(DRAW, "5")[:20]


def test_another_seed_gives_other_programs(drawn: dict[int, Items]) -> None:
    programs_of = [{item["code"] for item in drawn[seed]} for seed in SEEDS]
    assert len(programs_of[0] & programs_of[1]) < COUNT / 20


def test_items_and_choices_are_distinct(drawn: dict[int, Items]) -> None:
    for part in drawn.values():
        assert len({item["code"] for item in part}) == len({item["id"] for item in part}) == COUNT
        assert all(len(set(item["choices"])) == 4 for item in part)


def test_tiers_take_turns_and_every_kind_is_drawn(drawn: dict[int, Items]) -> None:
    for part in drawn.values():
        assert [item["tier"] for item in part] == [1, 2, 3, 4] * (COUNT // 4)
        assert {(item["tier"], item["kind"]) for item in part} == set(TEMPLATES)
        counts = Counter((item["tier"], item["kind"]) for item in part)
        assert all(abs(count - 100 / len(programs(tier))) < 1 for (tier, _), count in counts.items())


def test_choices_are_single_short_lines_of_one_form(items: Items) -> None:
    for item in items:
        assert len({form(choice) for choice in item["choices"]}) == 1, item
        assert all(0 < len(choice) < MAX_WIDTH and choice == choice.strip() for choice in item["choices"]), item
        assert not any("\n" in choice or "  " in choice for choice in item["choices"]), item


def test_programs_are_filled_in_and_of_the_promised_length(items: Items) -> None:
    for item in items:
        lines = item["code"].split("\n")
        assert 3 <= len(lines) <= MAX_LINES, item
        assert "$" not in item["code"], item
        assert not any("  " in line.lstrip() or line != line.rstrip() for line in lines), item
        assert item["question"] in bank(code_reading.__file__, "words")["questions"]


@pytest.mark.parametrize("tier", [1, 2, 3, 4])
def test_no_strategy_blind_to_the_program_beats_chance(items: Items, tier: int) -> None:
    won = [blind_wins(item["choices"]) for item in items if item["tier"] == tier]
    shares = {name: sum(win[name] for win in won) / len(won) for name in won[0]}
    assert all(0.20 <= share <= 0.30 for share in shares.values()), shares


def test_naming_what_stands_in_the_program_does_not_beat_chance(items: Items) -> None:
    """Measured apart from the strategies that `draw` balances."""
    won = 0.0
    for item in items:
        words = set(re.findall(r"\w+", item["code"]))
        found = [sum(word in words for word in re.findall(r"\w+", choice)) for choice in item["choices"]]
        won += (found[0] == max(found)) / found.count(max(found))
    assert 0.20 <= won / len(items) <= 0.30


def test_blind_strategies_share_ties() -> None:
    wins = blind_wins(["9 1", "3 1", "01 9", "2 0"])
    assert (wins["largest"], wins["smallest"], wins["longest"]) == (0.5, 0.0, 0.0)
    assert pick_wrong(random.Random(0), "1", ["2", "3"], {}) is None


@pytest.mark.parametrize(
    "code",
    [
        "while True:\n    pass",
        "def f():\n    f()\nf()",
        "print(1 // 0)",
        "x = 1",
        "print(1)\nprint(2)",
        "print('')",
        "print('a' * 40)",
    ],
)
def test_a_program_without_one_short_line_has_no_output(code: str) -> None:
    assert output(ast.parse(code)) is None


def test_a_run_prints_only_into_its_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert output(ast.parse("for n in range(3):\n    last = n\nprint(last, 'a' * 37)")) == "2 " + "a" * 37
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", TEMPLATES, ids=lambda name: f"{name[0]}-{name[1]}")
def test_templates_and_misreadings_fit_their_slots(name: tuple[int, str]) -> None:
    program = TEMPLATES[name]
    slots = {slot for names in program.slots for slot in names.split()}
    misread = [program.code.replace(*misreading) for misreading in program.misreadings]
    assert program.code not in misread, "a misreading that changes nothing"
    assert len(misread) >= 4
    used = [set(Template(code).get_identifiers()) for code in (program.code, *misread)]
    assert used[0] == slots
    assert all(each <= slots for each in used)


def test_words_are_as_their_lists_say() -> None:
    words = bank(code_reading.__file__, "words")
    assert len({name[0] for name in words["names"]}) == len(words["names"])
    assert {len(word) for word in words["six_letters"]} == {6}
    assert {len(word) for word in words["nouns"]} == {3, 4, 5, 6}
    assert all(word.count(letter) >= 2 for word, letter in map(str.split, words["doubled_letters"]))


def test_a_kind_without_new_programs_is_an_error() -> None:
    only = Program("print(1)", {}, [("1", "2"), ("1", "3"), ("1", "4"), ("(1", "(1 + 4")])
    with pytest.raises(ValueError, match="no new program of the kind only"):
        code_reading._new_program(random.Random(0), "only", only, {"print(1)"}, {})


def test_the_example_in_the_docstring_is_a_real_item(drawn: dict[int, Items]) -> None:
    example = re.search(r"\{.*\}", code_reading.__doc__ or "", re.DOTALL)
    assert example is not None
    assert json.loads(example[0]) == drawn[1][45]
