"""Kinds `arrangement` and `grid`: people in a row, in a grid each with a thing, and clues that leave one solution."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, cycle, islice, permutations
from typing import Final

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._clues import Arrangement, Clue, fair, possible, sufficient
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle
from equipoise.tasks.general_core.procedural.logic._words import NAMES, capital, listing

_IDENTITY: Final[dict[str, str]] = bank(__file__, "arrangements")["identity"]


@dataclass(frozen=True, slots=True)
class _Stage:
    """The words of one setting (the fields are explained in arrangements.yml)."""

    intro: str
    clues: dict[str, str]
    places: Sequence[str]
    who: str
    after: str
    where: str
    things_intro: str
    thing: str
    things: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Cast:
    """A stage with the people on it and, in a grid, their things."""

    stage: _Stage
    names: list[str]
    things: list[str]

    def name(self, token: str) -> str:
        """How a person or the person with a thing is called."""
        return self.stage.thing.format(t=token) if token in self.things else token

    def sentence(self, clue: Clue) -> str:
        kind, first, second = clue
        template = (self.stage.clues | _IDENTITY)[kind]
        if isinstance(second, str):
            return capital(template.format(a=self.name(first), b=self.name(second))) + "."
        return capital(template.format(a=self.name(first), k=self.stage.places[second - 1])) + "."


_STAGES: Final = tuple(_Stage(**row) for row in bank(__file__, "arrangements")["stages"])
_IN_WORDS: Final = {4: "Four", 5: "Five", 6: "Six"}
_TYPES: Final = ("before", "after", "apart", "not_at", "inner", "end", "beside")


def arrangement(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """Four to six people in a row."""
    types = {2: ("just_before", "just_after", "at"), 3: ("just_before", "just_after", "gap"), 4: ("gap",)}[tier]
    size, least, most = {2: (4, 3, 3), 3: (5, 4, 5), 4: (6, 6, 8)}[tier]
    cast = _Cast(_STAGES[form % len(_STAGES)], rng.sample(NAMES, size), [])
    return _puzzle(rng, cast, (*_TYPES, *types), least, most)


def grid(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """Four people in a row with four things: two hidden orders at once."""
    stage = _STAGES[form % len(_STAGES)]
    cast = _Cast(stage, rng.sample(NAMES, 4), rng.sample(stage.things, 4))
    return _puzzle(rng, cast, (*_TYPES, "gap", "just_before", "just_after", "same", "other"), 6, 8)


def _puzzle(rng: random.Random, cast: _Cast, types: Sequence[str], least: int, most: int) -> Puzzle | None:
    """A puzzle with `least` to `most` clues of these types."""
    stage, names, things = cast.stage, cast.names, cast.things
    size = len(names)
    candidates = [one | two for one in _arrangements(names) for two in _arrangements(things)]
    truth = rng.choice(candidates)
    pool = [clue for clue in possible(types, names, things) if fair(clue, truth, size)]
    clues = sufficient(rng, _mixed(rng, pool), candidates, size, most)
    if clues is None or len(clues) < least or sum(kind in ("at", "same") for kind, _, _ in clues) > 1:
        return None
    question = _question(rng, cast, truth, clues)
    if question is None:
        return None
    ask, right, others = question
    intro = stage.intro.format(n=_IN_WORDS[size], d=size, all=listing(rng.sample(names, size)), last=stage.places[size - 1])
    if things:
        intro += " " + stage.things_intro.format(them=", ".join(rng.sample(things, size)))
    wrong = rng.sample([x for x in others if x != right], 3)
    return Puzzle(capital(" ".join((intro, *map(cast.sentence, clues), ask))), right, tuple(wrong))


def _arrangements(tokens: Sequence[str]) -> list[Arrangement]:
    return [{token: place for place, token in enumerate(row, start=1)} for row in permutations(tokens)]


def _mixed(rng: random.Random, pool: list[Clue]) -> list[Clue]:
    """The clues in a random order in which the types take turns, however many clues each of them has."""
    by_type: dict[str, list[Clue]] = defaultdict(list)
    for clue in rng.sample(pool, len(pool)):
        by_type[clue[0]].append(clue)
    rounds = islice(zip(*map(cycle, by_type.values()), strict=False), 40 * min(map(len, by_type.values())))
    return list(dict.fromkeys(chain.from_iterable(rng.sample(batch, len(batch)) for batch in rounds)))


def _question(rng: random.Random, cast: _Cast, truth: Arrangement, clues: list[Clue]) -> tuple[str, str, list[str]] | None:
    """A question that no clue answers alone, its right choice, and what to choose from; None where that is under four."""
    stage, names, things = cast.stage, cast.names, cast.things
    row = sorted(names, key=lambda name: truth[name])
    given = {first for kind, first, _ in clues if kind in ("at", "same")} | {last for kind, _, last in clues if kind == "same"}
    style = rng.randrange(3)
    if style == 0:
        places = [capital(place) for place in stage.places[: len(names)]]
        asked = rng.choice(things or [name for name in names if name not in given] or names)
        return stage.where.format(x=cast.name(asked)), places[truth[asked] - 1], places
    if style == 1 and things:
        asked = rng.choice([t for t in things if t not in given])
        return f"Who is {cast.name(asked)}?", row[truth[asked] - 1], names
    if style == 1:
        place = rng.choice([truth[name] for name in names if name not in given])
        return stage.who.format(k=stage.places[place - 1]), row[place - 1], names
    place = rng.randrange(1, len(names))
    before, right = next(token for token in things or names if truth[token] == place), row[place]
    others = [name for name in names if name != before]
    if len(others) < 4 or ("just_before", before, right) in clues or ("just_after", right, before) in clues:
        return None
    return stage.after.format(x=cast.name(before)), right, others
