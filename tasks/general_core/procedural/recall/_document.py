"""A long text of numbered or dated paragraphs: the facts are drawn first, then told."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import NamedTuple

from equipoise.tasks.general_core.procedural.recall._world import World

FILLERS = 2  # sentences without facts in each paragraph, as long as there are any left


class Document(NamedTuple):
    """A drawn text with the facts it tells."""

    world: World
    rows: list[dict[str, str]]
    """One for each paragraph in order: attribute -> value, and "key"."""
    paragraphs: list[str]
    register: str
    """A further paragraph, which only the longer texts show."""
    meanings: dict[str, str]
    """What the register says: value -> meaning."""


def write(rng: random.Random, world: World, tier: int) -> Document:
    """A text whose number of paragraphs fits the tier."""
    rows = _rows(rng, world, rng.randint(*world.paragraphs[tier]))
    return Document(world, rows, _paragraphs(rng, world, rows), *_register(rng, world, rows))


def _rows(rng: random.Random, world: World, count: int) -> list[dict[str, str]]:
    columns = {
        attribute: rng.choices(values, k=count) if attribute == world.category else rng.sample(values, count)
        for attribute, values in world.values.items()
    }
    keys = _keys(rng, world.keys, count)
    return [{"key": key, **{attribute: column[i] for attribute, column in columns.items()}} for i, key in enumerate(keys)]


def _keys(rng: random.Random, sort: str, count: int) -> list[str]:
    if sort == "dates":  # in March and April
        days = sorted(rng.sample(range(60), count))
        return [f"{day + 1} March" if day < 31 else f"{day - 30} April" for day in days]
    if sort == "times":  # from one o'clock on, in steps of five minutes
        steps = sorted(rng.sample(range(12, 286), count))
        return [f"{step // 12:02d}:{step % 12 * 5:02d}" for step in steps]
    return [str(number) for number in range(1, count + 1)]


def _paragraphs(rng: random.Random, world: World, rows: list[dict[str, str]]) -> list[str]:
    """One paragraph for each row: its facts, with sentences in between that say nothing about them."""
    fillers = iter(rng.sample(world.fillers, len(world.fillers)))
    turns = {name: _rounds(rng, wordings) for name, wordings in world.facts.items()}
    paragraphs: list[str] = []
    for row in rows:
        fields = row | {attribute.capitalize(): value.capitalize() for attribute, value in row.items()}
        facts = {name: next(turn).format(**fields) for name, turn in turns.items()}
        moving = iter(rng.sample([facts[name] for name in world.shuffled], len(world.shuffled)))
        sentences = [next(moving) if name in world.shuffled else fact for name, fact in facts.items()]
        for filler in itertools.islice(fillers, FILLERS):
            sentences.insert(rng.randint(1, len(sentences)), filler)
        paragraphs.append(" ".join([world.heading.format(key=row["key"]), *sentences]))
    return paragraphs


def _rounds(rng: random.Random, wordings: list[str]) -> Iterator[str]:
    """All wordings in one order, then in another, and so on."""
    while True:
        yield from rng.sample(wordings, len(wordings))


def _register(rng: random.Random, world: World, rows: list[dict[str, str]]) -> tuple[str, dict[str, str]]:
    """The paragraph that explains all values of the category, or those of eight paragraphs, and what it says."""
    register = world.register
    if register.explains == world.category:
        explained = world.values[register.explains]
    else:
        explained = [row[register.explains] for row in rng.sample(rows, 8)]
    meanings = dict(zip(explained, rng.sample(register.meanings, len(explained)), strict=True))
    lines = [rng.choice(register.wordings).format(key=value, meaning=meaning) for value, meaning in meanings.items()]
    return " ".join([register.heading, *rng.sample(lines, len(lines))]), meanings
