"""Which numbers of an answer state a given quantity.

Quantity (`of`, against `not_of`) and entity (`for`, against `not_for`) are decided independently, so "B's eCPM of 6.20" is
never taken for campaign A's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from equipoise.harness_ext.grading._labels import Axis, Label
from equipoise.harness_ext.grading._numbers import CURRENCIES, Number, numbers_in
from equipoise.harness_ext.grading._patterns import find
from equipoise.harness_ext.grading._text import Answer

_CLAUSE = re.compile(
    r"[;:,]\s|\s-\s|[()]|\s(?:but|however|although|though|because|whereas|while|versus|vs\.?|and|against|compared (?:to|with))\s|->",
    re.I,
)
_CONDITIONAL = re.compile(r"^\(?(?:even )?(?:suppose|assuming|assume|unless|say|imagine|for example|e\.g\.|were)\b|\bif\b", re.I)
_COPULA = re.compile(
    r"(?:\s(?:of|for)\s[\w' ]{1,24}?)?[\s:=(~≈-]*(?:(?:is|are|was|were|be|equals|comes to|of|at|about|around|roughly|approximately|now|actually|then"
    r"|only|would be|should be|will be)[\s:=(~≈-]*){0,3}",
    re.I,
)
_OTHER_MEASURES = frozenset(["percent", "points", "bps", "x"])
_TIME = frozenset(
    f"{span}{s}" for span in ("second", "minute", "hour", "day", "week", "month", "quarter", "year") for s in ("", "s")
)
_FUNCTION_WORDS = frozenset(
    """a above after against all an and are as at because before below but by compared each every for from gross had has have if in
    instead is it just less more net not of on only or out over per plus rather so that the then to under up versus vs was were
    when where which while will with would""".split()  # noqa: SIM905
)
"""A bare number before one of these may be in any unit; before another word ("2 people") it counts that word."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A number that states the quantity."""

    number: Number
    unit: int
    level: int
    """3: said outright next to its name. 2: in the same unit, or a result under a heading. 1: only by its surroundings."""
    label: str = ""
    """The words that name the quantity, in lower case, where the sentence reads "name is number"; else empty."""
    owned: bool = True
    """Whether the entity, if one is asked for, is named in the same unit."""


def statements(
    answer: Answer,
    *,
    unit: str,
    of: Sequence[str],
    not_of: Sequence[str] = (),
    for_: Sequence[str] = (),
    not_for: Sequence[str] = (),
) -> list[Statement]:
    """All numbers of the answer, in order, that state the quantity in a compatible unit."""
    if not any(compatible(n, unit, of_follows=True) for u in answer.units for n in numbers_of(u.text)):
        return []
    quantity = Axis(answer, of, not_of)
    entity: Axis | None = None
    if not quantity.labels and not any(u.context for u in answer.units):
        return []
    found: list[Statement] = []
    for index, text_unit in enumerate(answer.units):
        numbers = numbers_of(text_unit.text)
        if not numbers:
            continue
        clauses = _clauses(text_unit.text)
        if unit and any(n.marked and compatible(n, unit) for n in numbers):
            # "1.87 per home, 6.7% less": bare numbers are something else, unless named at once ("lost 28,800, net €900")
            numbers = tuple(n for n in numbers if n.marked or quantity.precedes(index, n))
        for number in numbers:
            if not compatible(number, unit, of_follows=quantity.follows(index, number)):
                continue
            clause = next((c for c in clauses if c[0] <= number.start < c[1]), clauses[-1])
            label, near = quantity.governing(index, clause, number, look_back=1)
            if label is None or not label.wanted:
                continue
            owned = True
            if for_ or not_for:
                entity = entity or Axis(answer, for_, not_for, postfix=True)
                owner, owned = entity.governing(index, clause, number, look_back=3)
                if owner is not None and not owner.wanted:
                    continue
            rivals = [n for n in numbers if n is not number and compatible(n, unit)]
            if _CONDITIONAL.search(text_unit.text, 0, number.start):
                level = 1
            elif near:
                level = 3 if text_unit.kind == "row" or _is_plain(answer.starts[index], rivals, number, label) else 2
            else:
                level = 2 if number.result else 1
            gap = answer.flat[label.end : answer.starts[index] + number.start] if near else "-"
            name = answer.flat[label.start : label.end].lower() if near and _COPULA.fullmatch(gap) else ""
            found.append(Statement(number, index, level, name, owned))
    return found


def mentions(
    answer: Answer,
    *,
    unit: str,
    of: Sequence[str],
    for_: Sequence[str] = (),
    not_for: Sequence[str] = (),
    claimed: Sequence[Statement] = (),
) -> list[Statement]:
    """Numbers in a unit that names the quantity somewhere, although another word stands nearer.

    Left out are units where the name has its number already (`claimed`), units with many numbers, and numbers of a
    competing entity. Weaker than a statement: for a value so specific that it cannot stand there by chance.
    """
    names = {m.unit for m in find(answer, of)}
    taken = {s.unit for s in claimed if s.level >= 2}
    entity = Axis(answer, for_, not_for, postfix=True)
    quantity = Axis(answer, of, ())
    found: list[Statement] = []
    for index, text_unit in enumerate(answer.units):
        if index in taken or not (index in names or quantity.in_context(text_unit.context)):
            continue
        numbers = numbers_of(text_unit.text)
        if len(numbers) > 8 and text_unit.kind != "row":
            continue
        clauses = _clauses(text_unit.text)
        for number in numbers:
            if not compatible(number, unit) or _CONDITIONAL.search(text_unit.text, 0, number.start):
                continue
            clause = next((c for c in clauses if c[0] <= number.start < c[1]), clauses[-1])
            owner, _ = entity.governing(index, clause, number, look_back=3)
            if owner is None or owner.wanted:
                found.append(Statement(number, index, 0))
    return found


@lru_cache(maxsize=4096)
def numbers_of(text: str) -> tuple[Number, ...]:
    """Numbers of one unit; several criteria ask for the same ones."""
    return tuple(numbers_in(text))


def compatible(number: Number, unit: str, *, of_follows: bool = False) -> bool:
    """Whether a number can be in `unit`: it says so, or it names no other unit.

    `of_follows`: the quantity's own name comes right after ("7.50 eCPM").
    """
    bare = not number.marked and (of_follows or not number.unit or number.unit in _FUNCTION_WORDS)
    if unit == "points":
        return number.unit in ("points", "bps", "percent") or bare
    if unit in CURRENCIES or unit in _OTHER_MEASURES:
        ratio = unit not in CURRENCIES  # nobody means 468,000 % by "468,000"
        return number.unit == unit or (bare and not number.spelled and not (ratio and abs(number.value) > 1000))
    if number.marked:
        return False
    if unit in _TIME:
        return number.unit.rstrip("s") == unit.rstrip("s") or number.unit not in _TIME
    return not unit or number.unit not in _TIME


def _is_plain(base: int, rivals: list[Number], number: Number, label: Label) -> bool:
    """Whether the sentence says outright that the quantity is this number, with no rival of the same unit between."""
    if number.result:
        return True
    gap_start, gap_end = (label.end - base, number.start) if label.end - base <= number.start else (number.end, label.start - base)
    return gap_end - gap_start <= 60 and not any(gap_start <= other.start < gap_end for other in rivals)


@lru_cache(maxsize=4096)
def _clauses(text: str) -> tuple[tuple[int, int], ...]:
    cuts = [0, *(m.end() for m in _CLAUSE.finditer(text)), len(text) + 1]
    return tuple((a, b) for a, b in pairwise(cuts) if b > a)
