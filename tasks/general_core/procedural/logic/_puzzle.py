"""What every kind makes, and wrong numbers for the kinds whose choices are numbers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Puzzle:
    """A question with its right choice and three wrong ones."""

    question: str
    right: str
    wrong: tuple[str, ...]


Kind = Callable[[random.Random, int, int], Puzzle | None]
"""(random numbers, tier, number of the wording) -> a puzzle, or None where the drawn one is not good."""


def wrong_numbers(rng: random.Random, right: int, mistakes: Iterable[int]) -> tuple[int, ...] | None:
    """Three wrong positive numbers, typical mistakes first; `right` has a random rank among the four.

    None where there are too few on one side of `right`. Numbers of another order of magnitude are left out, as they would
    give themselves away.
    """
    below = rng.randrange(4)
    near = [right + sign * step for step in rng.sample((1, 2, 3, 4, 5, 6, 8, 10), 6) for sign in (1, -1)]
    typical = sorted(set(mistakes))
    pool = [n for n in dict.fromkeys([*rng.sample(typical, len(typical)), *near]) if n > 0 and n != right]
    pool = [n for n in pool if Fraction(1, 3) < Fraction(n, right) < 3 or abs(n - right) < 8]
    low, high = [n for n in pool if n < right][:below], [n for n in pool if n > right][: 3 - below]
    return (*low, *high) if len(low) + len(high) == 3 else None
