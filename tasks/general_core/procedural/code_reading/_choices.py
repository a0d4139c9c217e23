"""Choosing three wrong outputs such that no strategy that is blind to the program gains anything."""

from __future__ import annotations

import functools
import itertools
import random
import re

_POOL, _TYPICAL = 14, 7  # so many wrong outputs are weighed, of which the first are typical misreadings
_TRIPLES = 90  # so many combinations are weighed; all 364 would take four times as long


def pick_wrong(rng: random.Random, truth: str, wrong: list[str], surplus: dict[str, float]) -> list[str] | None:
    """Three of the `wrong` outputs; None where there are fewer.

    `surplus` holds what each blind strategy has won above chance in this tier so far; it is brought up to date. The triple taken is
    the one after which it is smallest, with a small cost for each wrong output that comes from no typical misreading.
    """
    triples = list(itertools.combinations(enumerate(wrong[:_POOL]), 3))
    best: tuple[float, list[str], dict[str, float]] | None = None
    for triple in rng.sample(triples, min(len(triples), _TRIPLES)):
        choices = [choice for _, choice in triple]
        won = blind_wins([truth, *choices])
        unlikely = sum(rank >= _TYPICAL for rank, _ in triple)
        cost = sum((surplus[name] + share - 0.25) ** 2 for name, share in won.items()) + 0.1 * unlikely
        if best is None or cost < best[0]:
            best = (cost, choices, won)
    if best is None:
        return None
    for name, share in best[2].items():
        surplus[name] += share - 0.25
    return best[1]


def blind_wins(choices: list[str]) -> dict[str, float]:
    """For each strategy that is blind to the program, its chance to take the first choice, the right one; ties are drawn by lot."""
    sizes, lengths = [_size(choice) for choice in choices], [len(choice) for choice in choices]
    spread = [sum(_distance(a, b) for b in choices) for a in choices]
    alike = [sum(_words_in_place(a, b) for b in choices if b != a) for a in choices]
    order = sorted(sizes)
    marks: dict[str, list[float]] = {
        "largest": sizes,
        "second largest": [-abs(size - order[2]) for size in sizes],
        "second smallest": [-abs(size - order[1]) for size in sizes],
        "smallest": [-size for size in sizes],
        "longest": [*lengths],
        "shortest": [-length for length in lengths],
        "most central": [-distance for distance in spread],
        "least central": [*spread],
        "most shared": [*alike],
        "least shared": [-count for count in alike],
    }
    return {name: (mark[0] == max(mark)) / mark.count(max(mark)) for name, mark in marks.items()}


def _size(choice: str) -> float:
    """What makes a choice look large: the sum of its numbers, or its length where it has none."""
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", choice)]
    return sum(numbers) if numbers else len(choice)


@functools.lru_cache(maxsize=4096)
def _words_in_place(a: str, b: str) -> int:
    """The number of words that stand at the same place in both."""
    words = [re.split(r"[ ,-]+", choice.strip("[]")) for choice in (a, b)]
    return sum(x == y for x, y in zip(*words, strict=False))


@functools.lru_cache(maxsize=4096)
def _distance(a: str, b: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (left != right))
    return row[-1]
