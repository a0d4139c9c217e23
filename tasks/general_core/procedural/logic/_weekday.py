"""Kind `weekday`: days counted forwards and backwards, within a week, over weeks, over months, over a leap day.

A day of the week is a number from 0 for Monday; sums are taken modulo 7 at the end.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle, wrong_numbers
from equipoise.tasks.general_core.procedural.logic._words import DAYS, NAMES, ORDINALS

_BANK: Final[dict[str, Any]] = bank(__file__, "weekdays")
_MONTHS: Final = {
    "January": 31,
    "February": 28,
    "March": 31,
    "April": 30,
    "May": 31,
    "June": 30,
    "July": 31,
    "August": 31,
    "September": 30,
    "October": 31,
    "November": 30,
    "December": 31,
}


def weekday(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """Tier 1: up to six days; 2: up to forty; 3: from date to date; 4: long ways in four wordings, one asks for a date."""
    start = rng.randrange(7)
    if tier < 3:
        return _counted(rng, tier, form, start)
    if tier == 3:
        return _from_date_to_date(rng, start, _BANK["dates"][form % len(_BANK["dates"])], _span(rng))
    return (_over_february, _every, _date_of, _nested)[form % 4](rng, start)


def _counted(rng: random.Random, tier: int, form: int, start: int) -> Puzzle:
    wording = _BANK["counting"][tier][form % len(_BANK["counting"][tier])]
    k = rng.randint(2, 6) if tier == 1 else rng.choice([n for n in range(8, 41) if n % 7])
    end = start + wording["today"] + wording["sign"] * k
    return _day(rng, wording["text"].format(d=DAYS[start], k=k), end, (start, start + k, start - k))


def _every(rng: random.Random, start: int) -> Puzzle:
    k = rng.choice((3, 4, 5, 6, 8, 9, 10, 11))
    n = rng.choice([n for n in range(14, 40) if n % 10 > 3])  # so that "th" is right
    mistakes = (start + k * n, start + k * (n - 2), start + n)
    return _day(rng, _BANK["every"].format(d=DAYS[start], k=k, n=n), start + k * (n - 1), mistakes)


def _nested(rng: random.Random, start: int) -> Puzzle:
    k = rng.randint(45, 300)
    mistakes = (start + 3 + k, start + 5 + k, start + 4 + k)
    return _day(rng, _BANK["nested"].format(d=DAYS[start], k=k), start + 4 + 2 + k, mistakes)


@dataclass(frozen=True, slots=True)
class _Span:
    """Two dates of one year: day `one` of month `first` (from 0) and day `two` of a later month `last`."""

    first: int
    one: int
    last: int
    two: int
    leap: bool

    @property
    def months(self) -> int:
        """Days from the first of the one month to the first of the other."""
        return sum(list(_MONTHS.values())[self.first : self.last]) + (self.leap and self.first < 2)

    @property
    def days(self) -> int:
        return self.months + self.two - self.one

    def date(self, month: int, day: int) -> str:
        return f"{day} {list(_MONTHS)[month]}"


def _span(rng: random.Random) -> _Span:
    """One to three months from March or later, so that leap years do not matter."""
    first = rng.randrange(2, 9)
    last = rng.randrange(first + 1, min(first + 4, 12))
    return _Span(first, rng.randint(1, 28), last, rng.randint(1, 28), leap=False)


def _over_february(rng: random.Random, start: int) -> Puzzle:
    leap = rng.random() < 0.6
    first, last = rng.randrange(0, 2), rng.randrange(5, 12)
    return _from_date_to_date(rng, start, _BANK["leap"], _Span(first, rng.randint(1, 28), last, rng.randint(1, 28), leap))


def _from_date_to_date(rng: random.Random, start: int, text: str, span: _Span) -> Puzzle:
    x, y = span.date(span.first, span.one), span.date(span.last, span.two)
    leap = "is a leap year" if span.leap else "is not a leap year"
    question = text.format(x=x, y=y, d=DAYS[start], p=rng.choice(NAMES), leap=leap)
    end, no_months = start + span.days, start + span.two - span.one
    return _day(rng, question, end, (no_months + 30 * (span.last - span.first), no_months, end + 1, end - 1))


def _date_of(rng: random.Random, start: int) -> Puzzle | None:
    span = _span(rng)
    wanted, nth = rng.randrange(7), rng.randint(2, 4)
    first_of_month = start + span.months + 1 - span.one
    right = 1 + (wanted - first_of_month) % 7 + 7 * (nth - 1)
    wrong = wrong_numbers(rng, right, (right - 7, right + 7, right - 1, right + 1, right + 2, right - 2))
    if wrong is None or max(*wrong, right) > 30:
        return None
    question = _BANK["date_of"].format(
        x=span.date(span.first, span.one),
        d=DAYS[start],
        nth=ORDINALS[nth - 1],
        e=DAYS[wanted],
        month=list(_MONTHS)[span.last],
    )
    return Puzzle(question, span.date(span.last, right), tuple(span.date(span.last, n) for n in wrong))


def _day(rng: random.Random, question: str, end: int, mistakes: Iterable[int]) -> Puzzle:
    """The right day is `end`; the wrong ones come from the mistakes and from the days beside it."""
    right = end % 7
    usual = [*(m % 7 for m in mistakes), (right + 1) % 7, (right - 1) % 7]
    pool = list(dict.fromkeys(m for m in rng.sample(usual, len(usual)) if m != right))
    pool += rng.sample([d for d in range(7) if d != right and d not in pool], 6 - len(pool))
    return Puzzle(question, DAYS[right], tuple(DAYS[d] for d in pool[:3]))
