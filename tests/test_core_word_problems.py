"""Word problems: every answer found again without its formula, every printed equation worked out, every wording complete."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from string import Formatter
from types import SimpleNamespace

import pytest

from equipoise.tasks.general_core.procedural import word_problems
from equipoise.tasks.general_core.procedural.word_problems import draw
from equipoise.tasks.general_core.procedural.word_problems._kind import Kind, Problem
from equipoise.tasks.general_core.procedural.word_problems._kinds import KINDS, problems

COUNT, SEEDS = 400, (1, 20)
ALL_KINDS = [kind for kinds in KINDS.values() for kind in kinds]
MULTIPLES = {"twice": 2, "three times": 3, "four times": 4, "five times": 5, "six times": 6}
LEGS = {"hens and goats": (2, 4), "bicycles with 2": (2, 3), "beetles and spiders": (6, 8), "stools with 3": (3, 4)}

drawn = cache(problems)


def the(found: Iterable[int]) -> int:
    """The only solution of a search."""
    (solution,) = found
    return solution


def moment(time: str) -> datetime:
    return datetime.strptime(time, "%H:%M")


def wait(f: SimpleNamespace) -> int:
    hours, minutes = map(int, re.findall(r"\d+", f.trip))
    end = moment(f.t1) + timedelta(hours=hours, minutes=minutes + f.late)
    return (moment(f.t2) - end) // timedelta(minutes=1)


def fill(f: SimpleNamespace) -> int:
    level, minute = f.held, 0
    while level < f.size:
        level, minute = level + f.a - f.leak + (f.b if minute >= f.t else 0), minute + 1
    assert level == f.size
    return minute


def finish(f: SimpleNamespace) -> int:
    done, minute = Fraction(0), 0
    while done < 1:
        done, minute = done + Fraction(1, 60 * f.a) + (Fraction(1, 60 * f.b) if minute >= 60 * f.s else 0), minute + 1
    assert done == 1
    return minute


def meet(f: SimpleNamespace) -> Fraction:
    later = (moment(f.t2) - moment(f.t1)) // timedelta(minutes=1)
    x, y, minute = Fraction(0), Fraction(f.far), 0
    while x < y:
        x, y, minute = x + Fraction(f.v, 60), y - (Fraction(f.w, 60) if minute >= later else 0), minute + 1
    assert x == y
    return x


def split_bill(f: SimpleNamespace) -> Fraction:
    food = sum([f.price_a] * f.a + [f.price_b] * f.b) * Fraction(100 - f.percent, 100)
    return (food + f.fee - f.gift) / f.n


def older(f: SimpleNamespace) -> int:
    k = MULTIPLES[f.times]
    young = the(n for n in range(1, 60) if n + (n + f.x) + k * n + 3 * f.y == f.total)
    return k * young + next(years for years in range(100) if young + f.x + years == f.goal)


def pay(f: SimpleNamespace) -> Fraction:
    worked = [range(1, int(day) + 1) for day in re.findall(r"\d+", f.days)]
    return sum(f.rate * (1 if hour <= 8 else Fraction(3, 2)) for day in worked for hour in day) - Fraction(f.fee * len(worked))


def spend(f: SimpleNamespace) -> int:
    pieces, amount, spent = f.have, 0, 0
    while pieces * f.base < f.pieces * f.many:
        pieces, spent = pieces + f.box, spent + f.price
    while amount * f.base < f.amount * f.many:
        amount, spent = amount + 1000, spent + f.cost
    return spent


def yields(f: SimpleNamespace) -> int:
    few, many = next(legs for words, legs in LEGS.items() if words in f.question)
    return the(n for n in range(f.heads + 1) if few * n + many * (f.heads - n) == f.legs) * f.each * f.rounds


def full_boxes(f: SimpleNamespace) -> int:
    store, boxes = f.s, 0
    for day in range(7):
        store += f.a - (f.b if day < 5 else f.c if day == 5 else 0)
        assert store >= 0
    while store >= f.k:
        store, boxes = store - f.k, boxes + 1
    return boxes


def coincide(f: SimpleNamespace) -> int:
    length = (moment(f.t2) - moment(f.t1)) // timedelta(minutes=1)
    return sum(minute % f.a == minute % f.b == 0 != minute % f.c for minute in range(length + 1))


def grow(f: SimpleNamespace) -> int:
    amount, gain = f.s - f.out + (f.m if "mason" in f.question else -f.m) * f.price, f.a
    for _ in range(f.n):
        amount, gain = amount + gain, gain + f.d
    return amount


def edge(f: SimpleNamespace) -> int:
    return sum(x in (0, f.length) or y in (0, f.width) for x in range(f.length + 1) for y in range(f.width + 1))


SECOND_ROUTES: dict[str, Callable[[SimpleNamespace], int | Fraction]] = {
    "join": lambda f: len([*range(f.a), *range(f.b)]),
    "take_away": lambda f: len(range(f.a)[f.b :]),
    "how_many_more": lambda f: the(n for n in range(20) if f.b + n == f.a),
    "some_more_than": lambda f: the(n for n in range(40) if n - f.b == f.a),
    "groups": lambda f: sum([f.b] * f.a),
    "share": lambda f: len(range(0, f.a, f.b)),
    "packs": lambda f: the(n for n in range(20) if f.b * n == f.a),
    "missing_part": lambda f: the(n for n in range(20) if n + f.b == f.a),
    "start_unknown": lambda f: the(n for n in range(40) if n - f.b == f.a),
    "clock_hours": lambda f: (moment(f"{f.a}:00") + timedelta(hours=f.b)).hour,
    "two_changes": lambda f: len([*range(f.a), *range(f.b)][f.c :]),
    "groups_and_more": lambda f: sum([f.b] * f.a, f.c),
    "change_back": lambda f: len(range(f.a * f.b, f.money)),
    "share_rest": lambda f: the(n for n in range(99) if f.b + f.c * n == f.a),
    "more_then_total": lambda f: f.a + (f.a + f.b),
    "times_then_total": lambda f: f.a * (MULTIPLES[f.times] + 1),
    "unit_price": lambda f: Fraction(f.a * f.c, f.b),
    "saving_up": lambda f: len(range(f.b, f.a, f.c)),
    "minutes_in_all": lambda f: timedelta(hours=f.h, minutes=f.m) // timedelta(minutes=1),
    "rows_left": lambda f: sum([f.b] * f.a) - f.c,
    "discount": lambda f: sum([f.price * Fraction(100 - f.percent, 100)] * f.n) + f.fee,
    "fraction_left": lambda f: f.total * (1 - Fraction(1, f.a)) * (1 - Fraction(f.b, f.c)),
    "two_legs": lambda f: sum([Fraction(f.v, 60)] * 60 * f.h) + sum([Fraction(f.w, 60)] * f.m),
    "ages_later": lambda f: the(k * n for k in [MULTIPLES[f.times]] for n in range(60) if n + k * n + 2 * f.y == f.total),
    "waiting_time": wait,
    "small_units": lambda f: len(range(f.n * f.part, f.a * 1000)[f.lost :]),
    "two_purchases": lambda f: f.money - sum([f.price_a] * f.a + [f.price_b] * f.b),
    "average_needed": lambda f: the(n for n in range(200) if Fraction(f.a + f.b + f.c + n, 4) == f.mean),
    "fence": lambda f: (edge(f) - f.gap) * f.price,
    "ratio_gap": lambda f: Fraction(f.total * (f.b - f.a), f.a + f.b),
    "machine_rate": lambda f: sum(f.a for minute in range(1, 60 * f.h + 1) if minute % f.b == 0) - f.d,
    "backwards": lambda f: the(n for n in range(999) if (Fraction(n - f.a, 2) + f.b) * Fraction(2, 3) - f.c == f.rest),
    "tank": fill,
    "work_together": finish,
    "meeting": meet,
    "shared_bill": split_bill,
    "three_ages": older,
    "wages": pay,
    "full_packs": spend,
    "heads_and_legs": yields,
    "week_of_stock": full_boxes,
    "nested_fractions": lambda f: f.total * (f.first * f.one + (1 - f.first) * f.two) * Fraction(100 - f.percent, 100),
    "departures": coincide,
    "growing_savings": grow,
}
"""Kind -> its answer from what the question says, by counting, searching, simulating or exact fractions."""


def again(problem: Problem) -> int | Fraction:
    return SECOND_ROUTES[problem.kind](SimpleNamespace(question=problem.question, **problem.solved.facts))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_second_route_finds_every_answer(seed: int) -> None:
    found = drawn(COUNT, seed)
    assert [again(problem) for _, problem in found] == [problem.solved.answer for _, problem in found]
    assert all(problem.solved.answer > 1 for _, problem in found)
    assert Counter(problem.kind for _, problem in found).keys() == SECOND_ROUTES.keys() == {kind.name for kind in ALL_KINDS}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_equation_of_a_solution_is_true(seed: int) -> None:
    for item in draw(COUNT, seed):
        number = r"\d+(?:/\d+)?"
        equations = re.findall(rf"({number}(?: [x/+-] {number})*) = ({number}(?: [x/+-] {number})*)", item["solution"])
        assert len(equations) == item["solution"].count("=") > 0, item
        for sides in equations:
            left, right = (eval(re.sub(r"(\d+)", r"Fraction(\1)", side.replace("x", "*"))) for side in sides)
            assert left == right, item
        assert item["solution"].endswith(f"The answer is {item['answer']}.")


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.name)
def test_all_wordings_of_a_kind_tell_the_same_numbers(kind: Kind) -> None:
    words = {"p", "q", "r", "thing", "coin"}
    told = [{name.split(".")[0] for _, name, _, _ in Formatter().parse(text) if name} - words for text in kind.wordings]
    assert len(kind.wordings) >= 4
    assert told[0]
    assert all(names == told[0] for names in told)


def test_items_differ_and_none_holds_its_answer() -> None:
    items = draw(COUNT, 1)
    assert len({item["question"] for item in items}) == len({item["id"] for item in items}) == COUNT
    assert not [item for item in items if int(item["answer"]) in map(int, re.findall(r"\d+", item["question"]))]


def test_the_seed_decides() -> None:
    assert draw(40, 1) == draw(COUNT, 1)[:40] == draw(40, 1)
    assert not {item["question"] for item in draw(COUNT, 1)} & {item["question"] for item in draw(COUNT, 21) if item["tier"] > 2}


def test_tiers_come_in_turn_and_the_first_stays_below_20() -> None:
    items = draw(COUNT, 1)
    assert [item["tier"] for item in items] == [1, 2, 3, 4] * (COUNT // 4)
    assert all(int(n) < 20 for item in items[::4] for n in re.findall(r"\d+", item["question"] + item["answer"]))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_single_answer_pays(seed: int) -> None:
    answers = Counter((item["tier"], item["answer"]) for item in draw(COUNT, seed))
    assert max(answers.values()) <= 0.2 * COUNT / 4


@pytest.mark.parametrize("seed", SEEDS)
def test_texts_are_filled_and_free_of_slips(seed: int) -> None:
    slips = re.compile(r"[{}]|  |\b1 (?!hour\b)[a-z]+s\b|\b(\w+) \1\b|\ba [aeiou]|\ban [^aeioh8]| [,.?]|None")
    for item in draw(COUNT, seed):
        assert not slips.search(item["question"] + " " + item["solution"]), item
        assert item["question"].isascii()
        assert item["question"].count("?") + item["question"].count("Find ") == 1


def test_the_documented_item_is_real() -> None:
    told = word_problems.__doc__ or ""
    shown = next(item for item in draw(40, 0) if item["id"] in told)
    assert all(re.search(rf"{key} +{re.escape(str(value))}\n", told) for key, value in shown.items())
