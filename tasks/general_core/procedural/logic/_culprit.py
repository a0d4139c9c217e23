"""Kind `liars` in tier 2: one of four did it, and it is known how many of their four sentences are true."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, NamedTuple

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle
from equipoise.tasks.general_core.procedural.logic._words import NAMES, listing

_SENTENCES: Final[dict[str, str]] = bank(__file__, "culprits")["sentences"]
_DEEDS: Final[list[str]] = bank(__file__, "culprits")["deeds"]
_MEANING: Final[dict[str, Callable[[str, str, str], bool]]] = {
    "was": lambda culprit, a, b: culprit == a,
    "not": lambda culprit, a, b: culprit != a,
    "or": lambda culprit, a, b: culprit in (a, b),
    "neither": lambda culprit, a, b: culprit not in (a, b),
}


class _Sentence(NamedTuple):
    speaker: str
    kind: str
    a: str
    b: str

    def content(self) -> tuple[str, frozenset[str]]:
        """What is said, whoever says it and in whatever order."""
        return self.kind, frozenset((self.a,) if self.kind in ("was", "not") else (self.a, self.b))

    def __str__(self) -> str:
        a, b = ("me" if name == self.speaker else name for name in (self.a, self.b))
        return f'{self.speaker} says: "{_SENTENCES[self.kind].format(a=a, b=b)}"'


def culprit(rng: random.Random, form: int) -> Puzzle | None:
    """Exactly one of four sentences is true, or exactly one is false, and that leaves one culprit."""
    names = rng.sample(NAMES, 4)
    odd = rng.choice(("true", "false"))
    said = [_sentence(rng, speaker, names) for speaker in names]
    wanted = 1 if odd == "true" else 3
    solved = [name for name in names if sum(_MEANING[s.kind](name, s.a, s.b) for s in said) == wanted]
    if len(solved) != 1 or len({s.kind for s in said}) < 3 or len({s.content() for s in said}) < 4:
        return None
    rule = f"{' '.join(map(str, said))} Exactly one of the four sentences is {odd}."
    question = _DEEDS[form % len(_DEEDS)].format(all=listing(names), all_or=listing(names, "or"), rule=rule)
    return Puzzle(question, solved[0], tuple(name for name in names if name != solved[0]))


def _sentence(rng: random.Random, speaker: str, names: list[str]) -> _Sentence:
    """Nobody says that it was himself or herself, but anybody may deny it."""
    kind = rng.choice(tuple(_MEANING))
    a, b = rng.sample(names if kind == "not" else [name for name in names if name != speaker], 2)
    return _Sentence(speaker, kind, a, b)
