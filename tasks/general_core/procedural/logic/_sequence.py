"""Kind `sequence`: the next number of a row; every simple rule that explains the row leads to the same number."""

from __future__ import annotations

import random
from typing import Final

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._next_number import next_numbers
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle, wrong_numbers
from equipoise.tasks.general_core.procedural.logic._words import NAMES

_WORDINGS: Final[list[str]] = bank(__file__, "sequences")


def sequence(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """Tier 1: equal steps; 2: simple rules; 3 and 4: second differences, recurrences, two rows in turn."""
    row = _row(rng, tier)
    shown, right = row[:-1], row[-1]
    if min(row) < 1 or max(row) > 3000 or len(set(row)) < len(row) - 1 or next_numbers(shown) != {right}:
        return None
    last = shown[-1]
    mistakes = [last + last - shown[-2], last + shown[1] - shown[0], 2 * last, last + shown[-2], 2 * right - last]
    mistakes += [right + 1, right - 1, right + 10, right - 10]
    wrong = wrong_numbers(rng, right, [n for n in mistakes if n not in shown])
    if wrong is None or set(wrong) & set(shown):
        return None
    question = _WORDINGS[form % len(_WORDINGS)].format(all=", ".join(map(str, shown)), p=rng.choice(NAMES))
    return Puzzle(question, str(right), tuple(map(str, wrong)))


def _row(rng: random.Random, tier: int) -> list[int]:
    """The numbers of a row, the last of them is to be found; rows with numbers below 1 are weeded out later."""
    a, b, d, m, c = rng.randint(1, 30), rng.randint(1, 20), rng.randint(2, 9), rng.choice((2, 2, 3)), rng.randint(1, 9)
    sign = rng.choice((1, -1))
    if tier == 1:
        return [a + (5 * d if sign < 0 else 0) + sign * d * i for i in range(6)]
    if tier == 2:
        powers = [b * m**i for i in range(6)]
        growing_steps = [a + d * i + i * (i - 1) // 2 for i in range(7)]
        up_and_down = [a + (i + 1) // 2 * (c + d) - i // 2 * d for i in range(8)]
        falling = [500 - 7 * a - (10 + c) * i for i in range(6)]
        return rng.choice((powers, growing_steps, up_and_down, falling))
    if tier == 3:
        sums, doubled = [c, c + d], [b]
        for _ in range(6):
            sums.append(sums[-1] + sums[-2])
            doubled.append(2 * doubled[-1] + sign * min(c, b - 1))
        in_turn = [x for i in range(5) for x in (a + d * i, b + (d + c) * i)][: 9 - a % 2]
        squares_up = [a + d * i + 3 * i * (i - 1) for i in range(7)]
        squares_down = [500 - d * i - c * i * (i - 1) for i in range(7)]
        return rng.choice((sums, doubled[:6], in_turn, squares_up, squares_down))
    sums, grown, swapped = [c, c + d], [c + 2], [c + 2]
    for i in range(6):
        sums.append(sums[-1] + sums[-2] + sign * min(c, 3))
        grown.append(m * grown[-1] + d + i)
        swapped.append(swapped[-1] * m if i % 2 == 0 else swapped[-1] - sign * c)
    in_turn = [x for i in range(5) for x in (c * 2**i, a + 40 - sign * d * i)][: 9 - a % 2]
    cubes = [c + d * i + b * i * (i - 1) // 2 + 2 * i * (i - 1) * (i - 2) for i in range(7)]
    return rng.choice((sums, grown[:6], swapped[:7], in_turn, cubes))
