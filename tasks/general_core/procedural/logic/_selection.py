"""Which puzzles become items: kinds and wordings in turn, and of several candidates the one after which no habit pays."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Final

from equipoise.tasks.general_core.procedural.logic._arrangement import arrangement, grid
from equipoise.tasks.general_core.procedural.logic._family import family
from equipoise.tasks.general_core.procedural.logic._habits import CHANCE, habits
from equipoise.tasks.general_core.procedural.logic._if_then import if_then
from equipoise.tasks.general_core.procedural.logic._liars import liars
from equipoise.tasks.general_core.procedural.logic._membership import membership
from equipoise.tasks.general_core.procedural.logic._odd_one import odd_one
from equipoise.tasks.general_core.procedural.logic._order import order
from equipoise.tasks.general_core.procedural.logic._overlap import overlap
from equipoise.tasks.general_core.procedural.logic._puzzle import Kind, Puzzle
from equipoise.tasks.general_core.procedural.logic._sequence import sequence
from equipoise.tasks.general_core.procedural.logic._syllogism import syllogism
from equipoise.tasks.general_core.procedural.logic._turns import turns
from equipoise.tasks.general_core.procedural.logic._weekday import weekday

_KINDS: Final[dict[str, tuple[Kind, int]]] = {
    "order": (order, 1),
    "arrangement": (arrangement, 2),
    "grid": (grid, 4),
    "liars": (liars, 2),
    "syllogism": (syllogism, 2),
    "family": (family, 1),
    "turns": (turns, 1),
    "weekday": (weekday, 1),
    "membership": (membership, 1),
    "overlap": (overlap, 2),
    "if_then": (if_then, 1),
    "odd_one": (odd_one, 1),
    "sequence": (sequence, 1),
}
"""Each kind with its first tier; it goes on to tier 4."""

_CANDIDATES: Final = 8
_ATTEMPTS: Final = 10_000


class _Ledger:
    """What each habit has earned above chance so far, by tier and by tier and kind."""

    def __init__(self) -> None:
        self._excess: dict[tuple[object, ...], float] = defaultdict(float)

    def cost(self, gains: dict[str, float], tier: int, kind: str) -> float:
        """How much the squared excesses would grow by an item with these gains."""
        return sum(
            (self._excess[key] + gain - CHANCE) ** 2 - self._excess[key] ** 2
            for name, gain in gains.items()
            for key in ((name, tier), (name, tier, kind))
        )

    def add(self, gains: dict[str, float], tier: int, kind: str) -> None:
        for name, gain in gains.items():
            self._excess[name, tier] += gain - CHANCE
            self._excess[name, tier, kind] += gain - CHANCE


def select(count: int, seed: int) -> list[tuple[int, str, Puzzle]]:
    """(tier, kind, puzzle) for each item; ValueError where `count` is more than the wordings and numbers allow."""
    chosen: list[tuple[int, str, Puzzle]] = []
    seen: set[str] = set()
    ledger = _Ledger()
    for index in range(count):
        tier, turn = index % 4 + 1, index // 4
        kinds = [kind for kind, (_, first) in _KINDS.items() if tier >= first]
        random.Random(f"logic|{seed}|{tier}").shuffle(kinds)
        round_, place = divmod(turn, len(kinds))
        kind, form = kinds[place], round_ + seed + place
        candidates = _candidates(random.Random(f"logic|{seed}|{index}"), kind, tier, form, seen)
        gains = [habits(puzzle.question, (puzzle.right, *puzzle.wrong)) for puzzle in candidates]
        best = min(range(_CANDIDATES), key=lambda i: ledger.cost(gains[i], tier, kind))
        ledger.add(gains[best], tier, kind)
        seen.add(candidates[best].question)
        chosen.append((tier, kind, candidates[best]))
    return chosen


def _candidates(rng: random.Random, kind: str, tier: int, form: int, seen: set[str]) -> list[Puzzle]:
    """Good puzzles with new questions and four different choices; ValueError where the kind has run out of them."""
    candidates: list[Puzzle] = []
    for _ in range(_ATTEMPTS):
        puzzle = _KINDS[kind][0](rng, tier, form)
        if puzzle is not None and puzzle.question not in seen and len({puzzle.right, *puzzle.wrong}) == 4:
            candidates.append(puzzle)
        if len(candidates) == _CANDIDATES:
            return candidates
    raise ValueError(f"no new puzzles of kind {kind} in tier {tier} after {len(seen)} items")
