"""Clues about places: what each type means, and a choice of clues that leaves one arrangement and has none to spare."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

Clue = tuple[str, str, str | int]
"""(type, first token, second token or place); a token is a person or a thing. The second is 0 where the type needs none."""

Arrangement = dict[str, int]
"""The place of each token, from 1."""

_MEANING: Final[dict[str, Callable[[int, int, int], bool]]] = {
    "before": lambda here, there, size: here < there,
    "after": lambda here, there, size: here > there,
    "just_before": lambda here, there, size: here + 1 == there,
    "just_after": lambda here, there, size: here - 1 == there,
    "beside": lambda here, there, size: abs(here - there) == 1,
    "apart": lambda here, there, size: abs(here - there) != 1,
    "gap": lambda here, there, size: abs(here - there) == 2,
    "end": lambda here, there, size: here in (1, size),
    "inner": lambda here, there, size: 1 < here < size,
    "at": lambda here, there, size: here == there,
    "not_at": lambda here, there, size: here != there,
    "same": lambda here, there, size: here == there,
    "other": lambda here, there, size: here != there,
}


def holds(clue: Clue, places: Arrangement, size: int) -> bool:
    """Whether the clue is true of this arrangement of `size` places."""
    name, first, second = clue
    return _MEANING[name](places[first], places[second] if isinstance(second, str) else second, size)


def fair(clue: Clue, places: Arrangement, size: int) -> bool:
    """Whether the clue is true and can be said of this arrangement.

    "Ann does not sit next to the friend with the kite" is true where Ann has the kite, so it does not exclude that; but whoever
    says it speaks of two people.
    """
    name, first, second = clue
    return holds(clue, places, size) and not (name == "apart" and places[first] == places[str(second)])


def possible(types: Sequence[str], names: Sequence[str], things: Sequence[str]) -> list[Clue]:
    """All clues of these types about these people and things, true or false."""
    tokens, size = [*names, *things], len(names)
    clues: list[Clue] = []
    for name in types:
        for a in tokens:
            if name in ("end", "inner"):
                clues.append((name, a, 0))
            elif name in ("at", "not_at"):
                clues += [(name, a, k) for k in range(1, size + 1)]
            elif name in ("same", "other"):
                clues += [(name, a, b) for b in things if a in names]
            else:
                clues += [(name, a, b) for b in tokens if b != a]
    return clues


def sufficient(rng: random.Random, pool: Sequence[Clue], candidates: list[Arrangement], size: int, most: int) -> list[Clue] | None:
    """Clues from the front of the pool that leave one candidate, none of them superfluous; None where it takes over `most`."""
    left = candidates
    chosen: list[Clue] = []
    for clue in pool:
        fewer = [places for places in left if holds(clue, places, size)]
        if len(fewer) < len(left):
            left, chosen = fewer, [*chosen, clue]
        if len(left) == 1:
            break
        if len(chosen) > most + 3:
            return None
    for clue in list(chosen):
        rest = [c for c in chosen if c != clue]
        if sum(all(holds(c, places, size) for c in rest) for places in candidates) == 1:
            chosen = rest
    return rng.sample(chosen, len(chosen)) if len(left) == 1 and len(chosen) <= most else None
