"""The four sorts of long text, read from the `.yml` file that holds each one's words."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.recall._question import values_of

WORLD_NAMES = ("diary", "log", "minutes", "lease")

Asked = dict[tuple[str, str], list[str]]
"""(known attribute, wanted attribute) -> wordings of the question, with {x} for the known value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The first paragraph of a long text, which says what the values of one attribute stand for."""

    heading: str
    explains: str
    """The attribute; its values are explained."""
    meanings: list[str]
    """What they stand for, each drawn once: the trades of persons, the keepers of berths."""
    wordings: list[str]
    """Sentences with {key} and {meaning}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """How a note corrects a number that an earlier paragraph gives, and how both numbers are asked for."""

    heading: str
    known: str
    """The attribute that says which paragraph is meant."""
    wanted: str
    """The attribute that is corrected."""
    notes: list[str]
    """Sentences with {x}, {old} and {new}."""
    ask_now: list[str]
    ask_before: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A sort of text whose paragraphs give the same attributes in other words."""

    intro: list[str]
    heading: str
    """How a paragraph begins, with {key}."""
    keys: str
    """What the keys are: "dates", "times" or "numbers"."""
    paragraphs: dict[int, tuple[int, int]]
    """Tier -> the smallest and the largest number of paragraphs."""
    values: dict[str, list[str]]
    """Attribute -> values, each used in one paragraph at most, except those of the category."""
    category: str
    facts: dict[str, list[str]]
    """The sentences of a paragraph in order, several wordings each, with {attribute} or {Attribute} for its value."""
    shuffled: tuple[str, ...] = ()
    """The names of the sentences that change places with each other."""
    fillers: list[str]
    ask: Asked
    ask_next: Asked
    ask_count: list[str]
    register: Register
    ask_hop: Asked
    correction: Correction


@functools.cache
def world(name: str) -> World:
    """The sort of text of that name, one of `WORLD_NAMES`; a key in its file that is not known raises TypeError."""
    words: dict[str, Any] = dict(bank(__file__, name))
    for questions in ("ask", "ask_next", "ask_hop"):
        words[questions] = {_pair(arrow): wordings for arrow, wordings in words[questions].items()}
    counts = words.pop("paragraphs")
    return World(
        paragraphs={tier: (counts[size]["from"], counts[size]["to"]) for tier, size in ((3, "short"), (4, "long"))},
        values={attribute: values_of(listed) for attribute, listed in words.pop("values").items()},
        register=Register(**words.pop("register")),
        correction=Correction(**words.pop("correction")),
        **words,
    )


def _pair(arrow: str) -> tuple[str, str]:
    known, wanted = arrow.split(" -> ")
    return known, wanted
