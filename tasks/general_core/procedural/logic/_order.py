"""Kind `order`: comparisons of neighbours in a hidden order; who has a given rank?"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle
from equipoise.tasks.general_core.procedural.logic._words import NAMES, ORDINALS, capital, listing


@dataclass(frozen=True, slots=True)
class _Scale:
    """The words of one strict order (the fields are explained in orders.yml)."""

    intro: str
    above: str
    below: str
    ends: Sequence[str]
    nth: Sequence[str]
    things: Sequence[str] = NAMES


_SCALES: Final = tuple(_Scale(**row) for row in bank(__file__, "orders"))


def order(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """Four to eight things. In tier 1 the clues follow the order; tier 4 adds a comparison that is not needed."""
    scale, size = _SCALES[form % len(_SCALES)], (4, 5, 6, 8)[tier - 1]
    row = rng.sample(scale.things, size)
    pairs = list(pairwise(row))
    if tier == 1:
        say = rng.choice((scale.above, scale.below))
        clues = [say.format(a=a, b=b) for a, b in (pairs if say == scale.above else pairs[::-1])]
    else:
        apart = [(row[i], row[j]) for i in range(size) for j in range(i + 2, size)]
        pairs += rng.sample(apart, 1 if tier == 4 else 0)
        clues = [rng.choice((scale.above, scale.below)).format(a=a, b=b) for a, b in rng.sample(pairs, len(pairs))]
    rank = rng.randrange(size)
    if rank in (0, size - 1):
        ask = scale.ends[rank > 0]
    else:
        ask = rng.choice((scale.nth[0].format(nth=ORDINALS[rank]), scale.nth[1].format(nth=ORDINALS[size - 1 - rank])))
    intro = scale.intro.format(all=listing(rng.sample(row, size)))
    wrong = rng.sample([x for x in row if x != row[rank]], 3)
    return Puzzle(capital(" ".join((intro, *clues, ask))), row[rank], tuple(wrong))
