"""Words that fill a wording: people with their pronouns, things, currencies, multiples, and times of day."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from equipoise.tasks.general_core.procedural._banks import bank

TIMES: Final = {2: "twice", 3: "three times", 4: "four times", 5: "five times", 6: "six times"}
"""How a multiple is said before `as many`."""


@dataclass(frozen=True, slots=True)
class Person:
    """A name with its pronouns, for `{p}`, `{p.she}`, `{p.She}` and `{p.her}` in a wording."""

    name: str
    she: str
    her: str

    def __str__(self) -> str:
        return self.name

    @property
    def She(self) -> str:  # noqa: N802
        """The pronoun at the start of a sentence."""
        return self.she.capitalize()


def women() -> list[Person]:
    """All people whose pronoun is `she`."""
    return [Person(name, "she", "her") for name in _words("women")]


def men() -> list[Person]:
    """All people whose pronoun is `he`."""
    return [Person(name, "he", "his") for name in _words("men")]


def people(rng: Random, count: int) -> list[Person]:
    """`count` different people."""
    return rng.sample(women() + men(), count)


def person(rng: Random) -> Person:
    """One person."""
    return people(rng, 1)[0]


def thing(rng: Random) -> str:
    """Small things that people collect and give away, in the plural."""
    return rng.choice(_words("things"))


def coin(rng: Random) -> str:
    """A currency, in the plural."""
    return rng.choice(_words("coins"))


def clock(minutes: int) -> str:
    """Minutes after midnight as 9:05."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def span(minutes: int) -> str:
    """A duration as `1 hour and 50 minutes`; both parts are there, and at least two minutes."""
    hours, rest = divmod(minutes, 60)
    return f"{hours} hour{'s' if hours > 1 else ''} and {rest} minutes"


def _words(group: str) -> list[str]:
    words: list[str] = bank(__file__, "words")[group]
    return words
