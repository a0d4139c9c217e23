"""What comes next in a row of numbers, by every simple rule that explains all of the row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise, product


def next_numbers(row: Sequence[int]) -> set[int]:
    """The next numbers; with more than one of them the row is ambiguous."""
    found: set[int] = set()
    for rule in (_differences, _linear, _sum_of_two, _factor_and_growing_rest, _alternating_steps, _two_rows):
        found.update(map(int, rule(row)))
    return found


def _differences(row: Sequence[int]) -> Iterator[int]:
    """Equal differences of the first or a higher order (a polynomial), from at least three of them."""
    levels = [list(row)]
    while len(levels[-1]) > 3:
        levels.append([y - x for x, y in pairwise(levels[-1])])
        if len(set(levels[-1])) == 1:
            yield sum(level[-1] for level in levels)
            return


def _linear(row: Sequence[int]) -> Iterator[Fraction]:
    """x, p * x + q, ..."""
    if row[1] != row[0]:
        p = Fraction(row[2] - row[1], row[1] - row[0])
        q = row[1] - p * row[0]
        if all(y == p * x + q for x, y in pairwise(row)):
            yield p * row[-1] + q


def _sum_of_two(row: Sequence[int]) -> Iterator[int]:
    """Each number is the sum of the two before it and a constant, seen at least three times."""
    rests = [z - y - x for x, y, z in zip(row, row[1:], row[2:], strict=False)]
    if len(rests) > 2 and _steady(rests):
        yield row[-1] + row[-2] + rests[0]


def _factor_and_growing_rest(row: Sequence[int]) -> Iterator[int]:
    """2 * x or 3 * x, and a rest that grows steadily, seen at least four times."""
    for factor in (2, 3):
        rests = [y - factor * x for x, y in pairwise(row)]
        if len(rests) > 3 and _steady([y - x for x, y in pairwise(rests)]):
            yield factor * row[-1] + 2 * rests[-1] - rests[-2]


def _alternating_steps(row: Sequence[int]) -> Iterator[Fraction]:
    """Two kinds of steps in turn, each adds or multiplies by a constant."""
    turn = (len(row) - 1) % 2
    plus, times = _steps(row)
    for even, odd in product((plus, times), repeat=2):
        if _steady(even[::2]) and _steady(odd[1::2]):
            step = (even, odd)[turn]
            yield row[-1] + step[turn] if step is plus else row[-1] * step[turn]


def _two_rows(row: Sequence[int]) -> Iterator[Fraction]:
    """Two rows in turn, each adds or multiplies by a constant."""
    mine, other = row[len(row) % 2 :: 2], row[(len(row) + 1) % 2 :: 2]
    if list(_simple(other)):
        yield from _simple(mine)


def _simple(row: Sequence[int]) -> Iterator[Fraction]:
    plus, times = _steps(row)
    if _steady(plus):
        yield row[-1] + plus[0]
    if _steady(times):
        yield row[-1] * times[0]


def _steps(row: Sequence[int]) -> tuple[list[Fraction], list[Fraction]]:
    """What is added, and by what is multiplied, from each number to the next."""
    pairs = list(pairwise(row))
    return [Fraction(y - x) for x, y in pairs], [Fraction(y, x) if x else Fraction(0) for x, y in pairs]


def _steady(values: Sequence[Fraction | int]) -> bool:
    return len(values) > 1 and len(set(values)) == 1
