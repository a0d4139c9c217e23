"""Which numbers of an answer state a given quantity.

A number belongs to the label that governs it: the nearest one in its clause, else the nearest earlier one in its
unit, else the one in the heading above. Quantity (`of`, against `not_of`) and entity (`for`, against `not_for`) are
decided independently, so "B's eCPM of 6.20" is never taken for campaign A's.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from equipoise.harness_ext.grading._numbers import CURRENCIES, Number, numbers_in
from equipoise.harness_ext.grading._patterns import compile_pattern, find
from equipoise.harness_ext.grading._text import Answer

_CLAUSE = re.compile(
    r"[;:,]\s|\s-\s|[()]|\s(?:but|however|although|though|because|whereas|while|versus|vs\.?|and|against|compared (?:to|with))\s|->",
    re.I,
)
_CONDITIONAL = re.compile(r"^\(?(?:even )?(?:suppose|assuming|assume|unless|say|imagine|for example|e\.g\.|were)\b|\bif\b", re.I)
_JOINED = re.compile(r"(?:\s?\([^()]{0,40}\))?\s(?:in|for|of|at|on|after|by|under|with)\s(?:the\s)?")
_BRACKET = re.compile(r"(?:\s[a-z]+)?\s?\((?:the\s)?")
_COPULA = re.compile(
    r"(?:\s(?:of|for)\s[\w' ]{1,24}?)?[\s:=(~≈-]*(?:(?:is|are|was|were|be|equals|comes to|of|at|about|around|roughly|approximately|now|actually|then"
    r"|only|would be|should be|will be)[\s:=(~≈-]*){0,3}",
    re.I,
)
_OTHER_MEASURES = frozenset(["percent", "points", "bps", "x"])
_TIME = frozenset(
    [
        "second",
        "seconds",
        "minute",
        "minutes",
        "hour",
        "hours",
        "day",
        "days",
        "week",
        "weeks",
        "month",
        "months",
        "quarter",
        "quarters",
        "year",
        "years",
    ]
)


_FUNCTION_WORDS = frozenset(
    [
        "a",
        "above",
        "after",
        "against",
        "all",
        "an",
        "and",
        "are",
        "as",
        "at",
        "because",
        "before",
        "below",
        "but",
        "by",
        "compared",
        "each",
        "every",
        "for",
        "from",
        "gross",
        "had",
        "has",
        "have",
        "if",
        "in",
        "instead",
        "is",
        "it",
        "just",
        "less",
        "more",
        "net",
        "not",
        "of",
        "on",
        "only",
        "or",
        "out",
        "over",
        "per",
        "plus",
        "rather",
        "so",
        "that",
        "the",
        "then",
        "to",
        "under",
        "up",
        "versus",
        "vs",
        "was",
        "were",
        "when",
        "where",
        "which",
        "while",
        "will",
        "with",
        "would",
    ]
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


@dataclass(frozen=True, slots=True)
class _Label:
    start: int
    end: int
    wanted: bool


class _Axis:
    """Wanted and competing labels of one kind over the whole answer."""

    def __init__(self, answer: Answer, wanted: Sequence[str], competing: Sequence[str], *, postfix: bool = False):
        self.answer, self.wanted, self.competing = answer, tuple(wanted), tuple(competing)
        self.postfix = postfix
        """Whether a label tied on behind a number beats one before it: true of entities ("eCPM of $7 for A")."""
        labels = [_Label(m.start, m.end, True) for m in find(answer, wanted)]
        taken = [(x.start, x.end) for x in labels]
        for m in find(answer, competing):
            # a competing name that contains a wanted one ("iCPA" in "target iCPA") is the more specific: it wins
            if any(s <= m.start and m.end <= e for s, e in taken):
                continue
            labels = [x for x in labels if not (m.start <= x.start and x.end <= m.end)]
            labels.append(_Label(m.start, m.end, False))
        self.labels = sorted(labels, key=lambda x: x.start)
        self.starts = [x.start for x in self.labels]

    def governing(self, unit: int, clause: tuple[int, int], number: Number, *, look_back: int) -> tuple[_Label | None, bool]:
        """The label that governs a number, and whether it stands in the number's own unit."""
        base = self.answer.starts[unit]
        begin, end = base + number.start, base + number.end
        low, high = base + clause[0], base + clause[1]
        inside = [x for x in self._between(low, high) if x.end <= begin or x.start >= end]
        before = [x for x in inside if x.end <= begin]
        after = [x for x in inside if x.start >= end]
        attached = self._attached(end, base + len(self.answer.texts[unit]))
        if attached and (self.postfix or not before):
            return attached, True
        if before and after:
            return (before[-1] if begin - before[-1].end <= after[0].start - end + 12 else after[0]), True
        if before or after:
            return (before or after)[-1 if before else 0], True
        earlier = [x for x in self._between(base, low) if x.end <= begin]
        if earlier:
            return earlier[-1], True
        context = self.in_context(self.answer.units[unit].context)
        if context is not None:
            return context, False
        block = self.answer.units[unit].block
        for previous in range(unit - 1, max(-1, unit - 5), -1):
            if unit - previous > look_back and self.answer.units[previous].block != block:
                break
            start = self.answer.starts[previous]
            found = self._between(start, start + len(self.answer.units[previous].text) + 1)
            if found:
                return found[-1], False
        later = self._between(high, base + len(self.answer.units[unit].text) + 1)
        return (later[0], True) if later else (None, False)

    def _attached(self, end: int, limit: int) -> _Label | None:
        """The label that a preposition or a bracket ties to what ends here: "$6.20 in October", "57.50 (T42)"."""
        after = next(iter(self._between(end, min(end + 80, limit))), None)
        if after is None:
            return None
        gap = self.answer.flat[end : after.start]
        alone = self.answer.flat[after.end : after.end + 1] == ")"
        return after if _JOINED.fullmatch(gap) or (alone and _BRACKET.fullmatch(gap)) else None

    def follows(self, unit: int, number: Number) -> bool:
        """Whether a wanted label begins right after a number, at most one adjective between."""
        end = self.answer.starts[unit] + number.end
        after = [x for x in self._between(end, end + 25) if x.wanted and len(self.answer.flat[end : x.start].split()) <= 1]
        # "77.8 returners" counts returners, whatever quantity that word also names
        return any(not re.match(r"\w*s\b", self.answer.flat[x.start : x.start + 40]) for x in after)

    def precedes(self, unit: int, number: Number) -> bool:
        """Whether a wanted label ends right before a number."""
        start = self.answer.starts[unit] + number.start
        return any(x.wanted and x.end in (start, start - 1) for x in self._between(start - 40, start))

    def _between(self, low: int, high: int) -> list[_Label]:
        return self.labels[bisect.bisect_left(self.starts, low) : bisect.bisect_left(self.starts, high)]

    def in_context(self, context: str) -> _Label | None:
        """The label that a unit's headings and lead-ins name last."""
        if not context:
            return None
        best: tuple[int, bool] | None = None
        for patterns, wanted in ((self.wanted, True), (self.competing, False)):
            for pattern in patterns:
                for m in compile_pattern(pattern).finditer(context):
                    if best is None or m.start() > best[0] or (m.start() == best[0] and not wanted):
                        best = (m.start(), wanted)
        return None if best is None else _Label(-1, -1, best[1])


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
    quantity = _Axis(answer, of, not_of)
    entity = _Axis(answer, for_, not_for, postfix=True)
    if not quantity.labels and not any(u.context for u in answer.units):
        return []
    found: list[Statement] = []
    for index, text_unit in enumerate(answer.units):
        numbers = numbers_of(answer, index)
        if not numbers:
            continue
        clauses = _clauses(text_unit.text)
        if unit and any(n.marked and compatible(n, unit) for n in numbers):
            # "1.87 per home, 6.7% less": bare numbers are something else, unless named at once ("lost 28,800, net €900")
            numbers = [n for n in numbers if n.marked or quantity.precedes(index, n)]
        for number in numbers:
            if not compatible(number, unit, of_follows=quantity.follows(index, number)):
                continue
            clause = next((c for c in clauses if c[0] <= number.start < c[1]), clauses[-1])
            label, near = quantity.governing(index, clause, number, look_back=1)
            if label is None or not label.wanted:
                continue
            owned = True
            if for_ or not_for:
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
    entity = _Axis(answer, for_, not_for, postfix=True)
    quantity = _Axis(answer, of, ())
    found: list[Statement] = []
    for index, text_unit in enumerate(answer.units):
        if index in taken or not (index in names or quantity.in_context(text_unit.context)):
            continue
        numbers = numbers_of(answer, index)
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


_NUMBERS: dict[str, list[Number]] = {}


def numbers_of(answer: Answer, unit: int) -> list[Number]:
    """Numbers of one unit; several criteria ask for the same ones."""
    text = answer.units[unit].text
    known = _NUMBERS.get(text)
    if known is None:
        if len(_NUMBERS) > 4096:
            _NUMBERS.clear()
        known = _NUMBERS[text] = numbers_in(text)
    return known


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


def _is_plain(base: int, rivals: list[Number], number: Number, label: _Label) -> bool:
    """Whether the sentence says outright that the quantity is this number, with no rival of the same unit between."""
    if number.result:
        return True
    gap_start, gap_end = (label.end - base, number.start) if label.end - base <= number.start else (number.end, label.start - base)
    return gap_end - gap_start <= 60 and not any(gap_start <= other.start < gap_end for other in rivals)


def _clauses(text: str) -> list[tuple[int, int]]:
    cuts = [0, *(m.end() for m in _CLAUSE.finditer(text)), len(text) + 1]
    return [(a, b) for a, b in pairwise(cuts) if b > a]
