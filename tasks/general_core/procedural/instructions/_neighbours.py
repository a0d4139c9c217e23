"""Fluent answers near the good one, among which one that misses a single constraint is found."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator

from equipoise.tasks.general_core.procedural.instructions._content import Content, Value, draw_value
from equipoise.tasks.general_core.procedural.instructions._grade import Check
from equipoise.tasks.general_core.procedural.instructions._material import MEMBERS, POEMS, RECORDS, TIPS, TOPICS
from equipoise.tasks.general_core.procedural.instructions._render import DRESS, render

_DIGITS = {"two": "2", "Two": "2", "three": "3", "Three": "3", "four": "4"}


def neighbours(rng: random.Random, content: Content, checks: list[Check]) -> Iterator[str]:
    """Answers with one wrapper or case rule ignored, digits for number words, or other content near this one."""
    for check in checks:
        if check["name"] in DRESS:
            yield render(content, [other for other in checks if other is not check])
    with_digits = render(content, checks)
    for word, digit in _DIGITS.items():
        with_digits = with_digits.replace(word, digit)
    yield with_digits
    for other in _records(rng, content) if content.kind == "json" else _parts(rng, content):
        yield render(other, checks)


def _parts(rng: random.Random, content: Content) -> Iterator[Content]:
    """The parts in another order, with two sentences made one, or with one part exchanged, added or left out."""
    parts = content.parts
    if content.kind == "sentences":
        for i in range(len(parts) - 1):
            yield _with(content, [*parts[:i], _merged(parts[i], parts[i + 1]), *parts[i + 2 :]])
    others = [part for part in _bank(content) if part not in parts]
    for _ in range(12):
        yield _with(content, rng.sample(parts, len(parts)))
    for _ in range(40):
        i, new = rng.randrange(len(parts)), rng.choice(others)
        yield _with(content, [*parts[:i], new, *parts[i + 1 :]])
        yield _with(content, [*parts[:i], new, *parts[i:]])
        if len(parts) > 2:
            yield _with(content, [*parts[:i], *parts[i + 1 :]])


def _with(content: Content, parts: list[str]) -> Content:
    return dataclasses.replace(content, parts=parts)


def _merged(first: str, second: str) -> str:
    lowered = second if second.startswith("I ") else second[0].lower() + second[1:]
    return f"{first.rstrip('.?')}; {lowered}"


def _bank(content: Content) -> list[str]:
    """Everything that could have been a part."""
    if content.kind == "sentences":
        return [*TOPICS[content.topic]["sentences"], TOPICS[content.topic]["question"]]
    if content.kind == "lines":
        return [line for lines in POEMS["lines"].values() for line in lines]
    return TIPS[content.topic] if content.kind == "bullets" else MEMBERS[content.topic]


def _records(rng: random.Random, content: Content) -> Iterator[Content]:
    """The record with one key or one value wrong."""
    record = content.record
    for key, value in record.items():
        others: list[dict[str, Value]] = [
            {**record, key: draw_value(rng, content.topic, key)},
            {k: v for k, v in record.items() if k != key},
            {(f"{key}_of_record" if k == key else k): v for k, v in record.items()},
        ]
        if isinstance(value, int):
            others += [{**record, key: value + 11}, {**record, key: f"about {value}"}]
        if isinstance(value, list):
            longest = [*value, max(RECORDS[content.topic][key])]
            others += [{**record, key: value[::-1]}, {**record, key: value[:-1]}, {**record, key: longest}]
        for other in others:
            yield dataclasses.replace(content, record=other)
