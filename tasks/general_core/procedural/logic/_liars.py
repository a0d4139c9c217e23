"""Kind `liars` above tier 2: everybody says one sentence; who is a truth-teller, who is a liar?"""

from __future__ import annotations

import random
from itertools import combinations, product
from typing import Final, NamedTuple

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._culprit import culprit
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle
from equipoise.tasks.general_core.procedural.logic._words import NAMES, listing

_SPEECHES: Final[dict[str, str]] = bank(__file__, "liars")["speeches"]
_SETTINGS: Final[list[str]] = bank(__file__, "liars")["settings"]
_NUMBERS: Final = {"two": 2, "three": 3, "four": 4}


class _Speech(NamedTuple):
    speaker: str
    kind: str
    a: str
    b: str

    def fits(self, honest: dict[str, bool]) -> bool:
        """Whether the sentence is true just when its speaker is honest."""
        return self._true(honest) == honest[self.speaker]

    def _true(self, honest: dict[str, bool]) -> bool:
        if self.kind == "count":
            return sum(not h for h in honest.values()) == _NUMBERS[self.a]
        a, b = honest[self.a], honest[self.b]
        return {"liar": not a, "honest": a, "both": not a and not b, "one": a != b, "any": not (a and b)}[self.kind]

    def __str__(self) -> str:
        return f'{self.speaker} says: "{_SPEECHES[self.kind].format(a=self.a, b=self.b)}"'


def liars(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """Tier 2: a culprit and a number of true sentences; above, four or five people with a single solution."""
    if tier == 2:
        return culprit(rng, form)
    names = rng.sample(NAMES, tier + 1)
    kinds = ("liar", "honest", "both", "one", "count") if tier == 3 else ("both", "one", "any", "count", "liar")
    speeches = [_speech(rng, name, names, rng.choice(kinds)) for name in names]
    candidates = [dict(zip(names, values, strict=True)) for values in product((True, False), repeat=len(names))]
    solved = [honest for honest in candidates if all(speech.fits(honest) for speech in speeches)]
    used = [speech.kind for speech in speeches]
    if len(solved) != 1 or len(set(used)) < 3 or used.count("count") > 1:
        return None
    good = [name for name in names if solved[0][name]]
    bad = [name for name in names if not solved[0][name]]
    if not good or not bad:
        return None
    few_good = len(good) < len(bad) or (len(good) == len(bad) and rng.random() < 0.5)
    group, word = (good, "truth-teller") if few_good else (bad, "liar")
    ask = f"Who is the only {word}?" if len(group) == 1 else f"Which of them are the {word}s?"
    said = " ".join(map(str, speeches))
    question = _SETTINGS[form % len(_SETTINGS)].format(all=listing(names), said=said, ask=ask)
    others = [listing(c) for c in combinations(names, len(group)) if set(c) != set(group)]
    return Puzzle(question, listing(group), tuple(rng.sample(others, 3)))


def _speech(rng: random.Random, speaker: str, names: list[str], kind: str) -> _Speech:
    a, b = rng.sample([name for name in names if name != speaker], 2)
    if kind == "count":
        a = rng.choice(list(_NUMBERS)[: len(names) - 2])
    return _Speech(speaker, kind, a, b)
