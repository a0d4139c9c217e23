"""Names in an answer, and which of them governs a number.

A number belongs to the name that is tied to it ("$6.20 in October"), else to the nearest one in its clause, else to the
nearest earlier one in its unit, else to the one in the heading above or in the sentences before.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.harness_ext.grading._numbers import Number
from equipoise.harness_ext.grading._patterns import compile_pattern, find
from equipoise.harness_ext.grading._text import Answer, Match

_JOINED = re.compile(r"(?:\s?\([^()]{0,40}\))?\s(?:in|for|of|at|on|after|by|under|with)\s(?:the\s)?")
_BRACKET = re.compile(r"(?:\s[a-z]+)?\s?\((?:the\s)?")


@dataclass(frozen=True, slots=True)
class Label:
    """A name in the text, `wanted` or competing; character offsets into `Answer.flat`."""

    start: int
    end: int
    wanted: bool


def _merged(wanted: Sequence[Match], competing: Sequence[Match]) -> list[Label]:
    """Both kinds in the order of the text; of two names in the same place the longer is the more specific and wins."""
    starts = [m.start for m in wanted]
    swallowed: set[int] = set()
    labels: list[Label] = []
    for m in competing:
        before = bisect.bisect_right(starts, m.start) - 1
        if before >= 0 and m.end <= wanted[before].end:
            continue
        swallowed.update(
            k for k in range(max(before, 0), bisect.bisect_left(starts, m.end)) if m.start <= starts[k] and wanted[k].end <= m.end
        )
        labels.append(Label(m.start, m.end, False))
    labels += [Label(m.start, m.end, True) for k, m in enumerate(wanted) if k not in swallowed]
    return sorted(labels, key=lambda x: x.start)


class Axis:
    """Wanted and competing labels of one kind over the whole answer."""

    def __init__(self, answer: Answer, wanted: Sequence[str], competing: Sequence[str], *, postfix: bool = False):
        self.answer, self.wanted, self.competing = answer, tuple(wanted), tuple(competing)
        self.postfix = postfix
        """Whether a label tied on behind a number beats one before it: true of entities ("eCPM of $7 for A")."""
        self.contexts: dict[str, Label | None] = {}
        self.labels = _merged(find(answer, self.wanted), find(answer, self.competing))
        self.starts = [x.start for x in self.labels]

    def governing(self, unit: int, clause: tuple[int, int], number: Number, *, look_back: int) -> tuple[Label | None, bool]:
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

    def _attached(self, end: int, limit: int) -> Label | None:
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

    def _between(self, low: int, high: int) -> list[Label]:
        return self.labels[bisect.bisect_left(self.starts, low) : bisect.bisect_left(self.starts, high)]

    def in_context(self, context: str) -> Label | None:
        """The label that a unit's headings and lead-ins name last."""
        if context not in self.contexts:
            last = [
                max((m.start() for p in patterns for m in compile_pattern(p).finditer(context)), default=-1)
                for patterns in (self.wanted, self.competing)
            ]
            self.contexts[context] = Label(-1, -1, last[0] > last[1]) if context and max(last) >= 0 else None
        return self.contexts[context]
