"""Kind `family`: facts about neighbours in a family tree; how are its two ends related?

A path is a string of steps: U to a parent, D to a child, S to a brother or sister, P to the spouse.
"""

from __future__ import annotations

import random
from typing import Any, Final

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle
from equipoise.tasks.general_core.procedural.logic._words import BOYS, NAMES

_BANK: Final[dict[str, Any]] = bank(__file__, "families")
RELATIONS: Final[dict[str, list[str]]] = _BANK["relations"]
_EASY: Final = ("UU", "DD", "US", "SD")
_DETOURS: Final = {"U": ("SU",), "D": ("DS",), "S": ("SS", "UD"), "P": ("P",)}
"""Longer paths that lead to the same people, as long as nobody has a half-brother or a half-sister."""


def family(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """Paths of two to six steps; tiers 3 and 4 add facts that are not needed."""
    shortest = rng.choice(_EASY if tier == 1 else [path for path in RELATIONS if len(path) > 1])
    path = _longer(rng, shortest, (2, 3, 4, rng.choice((5, 6)))[tier - 1])
    people = [rng.choice(NAMES)]
    for step in path:
        free = [n for n in NAMES if n not in people and (step != "P" or (n in BOYS) != (people[-1] in BOYS))]
        people.append(rng.choice(free))
    others = [n for n in rng.sample(NAMES, 10) if n not in people][: (0, 0, 1, 2)[tier - 1]]
    side = [(rng.choice(people), n, rng.choice("SD")) for n in others]
    facts = [_fact(rng, x, y, step) for x, y, step in zip(people, people[1:], path, strict=False)]
    if tier > 1:
        facts += [_fact(rng, *branch) for branch in side]
        facts = [*rng.sample(facts, len(facts)), _BANK["complete"]]
    ego, alter = people[0], people[-1]
    man = alter in BOYS
    right = RELATIONS[shortest][man]
    labels = {words[man] for path, words in RELATIONS.items() if tier > 1 or path in (*_EASY, "USD", "S")}
    question = _BANK["questions"][form % len(_BANK["questions"])].format(facts=" ".join(facts), a=alter, b=ego)
    return Puzzle(question, right, tuple(rng.sample(sorted(labels - {right}), 3)))


def _longer(rng: random.Random, path: str, length: int) -> str:
    """A path of `length` steps that comes to the same relation, for example US (uncle) as SUS (brother's uncle)."""
    while len(path) < length:
        i = rng.randrange(len(path))
        longer = path[:i] + rng.choice(_DETOURS[path[i]]) + path[i + 1 :]
        path = longer if "DU" not in longer and "SSS" not in longer else path
    return path


def _fact(rng: random.Random, x: str, y: str, step: str) -> str:
    """A sentence that says that one comes from x to y by this step."""
    if step == "D":
        x, y, step = y, x, "U"
    elif step in "SP" and rng.random() < 0.5:
        x, y = y, x
    words = ("wife", "husband") if step == "P" else RELATIONS[step]
    text: str = rng.choice(_BANK["facts"][step])
    return text.format(x=x, y=y, word=words[y in BOYS], child=RELATIONS["D"][x in BOYS])
