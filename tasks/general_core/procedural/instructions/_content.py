"""Drawing what an answer says: a topic and sentences, lines or entries about it, or a record."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Callable

from equipoise.tasks.general_core.procedural.instructions._material import MEMBERS, POEMS, RECORDS, TIPS, TOPICS
from equipoise.tasks.general_core.procedural.instructions._text import words

Value = str | int | list[str]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What an answer says, before it takes its form."""

    kind: str
    """The form: sentences, lines, bullets, commas, numbered or json."""
    topic: str
    """What it is about: a key of the bank of its kind, or a theme of poems."""
    parts: list[str] = dataclasses.field(default_factory=list)
    """Sentences, lines or entries, in the order of the answer; none for json."""
    record: dict[str, Value] = dataclasses.field(default_factory=dict)
    """The JSON object; empty for the other kinds."""


def draw_content(rng: random.Random, kind: str, tier: int) -> Content:
    """Content of the kind, longer and more regular in the higher tiers."""
    if kind == "json":
        content = _record(rng, tier)
    else:
        draw_parts: Callable[[random.Random, int], tuple[str, list[str]]] = {
            "sentences": _sentences,
            "lines": _lines,
            "bullets": _tips,
            "commas": _members,
            "numbered": _members,
        }[kind]
        topic, parts = draw_parts(rng, tier)
        content = Content(kind=kind, topic=topic, parts=parts)
    if kind != "sentences" and tier > 1 and rng.random() < 0.5:
        return _alphabetical(content)
    return content


def draw_value(rng: random.Random, topic: str, key: str) -> Value:
    """A value for a key of a record about the topic."""
    choices = RECORDS[topic][key]
    if isinstance(choices, str):
        return rng.choice(choices.split())
    if isinstance(choices, list):
        return rng.sample(choices, rng.randint(2, 4))
    return rng.randint(choices["from"], choices["to"])


def _sentences(rng: random.Random, tier: int) -> tuple[str, list[str]]:
    topic = rng.choice(list(TOPICS))
    size = rng.randint(1, 6) if tier == 1 else rng.randint(2, 5) if tier == 2 else rng.randint(3, 5)
    bank = TOPICS[topic]["sentences"]
    letter = rng.choice(" umcdpgbyk" if tier > 2 else "vjxzq")  # a space, which every sentence has: no letter is left out
    without = [sentence for sentence in bank if letter not in sentence.casefold()]
    parts = rng.sample(without if len(without) >= size else bank, size)
    if size > 1 and rng.random() < 0.25:
        parts[-1] = TOPICS[topic]["question"]
    return topic, parts


def _lines(rng: random.Random, tier: int) -> tuple[str, list[str]]:
    """An acrostic, or lines with the same first letter, or any lines (the only ones in tier 1)."""
    lines = POEMS["lines"]
    word = rng.choice([word for word in POEMS["acrostics"] if tier > 2 or len(word) < 5])
    theme = rng.choice(POEMS["themes"])
    if rng.random() < 0.6 and tier > 1:
        which = rng.choice([None, 0, 1, 2]) if tier > 2 else None  # lines of four, five or six words, or mixed
        parts = [rng.choice(lines[char]) if which is None else lines[char][which] for char in word]
        return theme, parts if len(set(parts)) == len(parts) else _lines(rng, tier)[1]
    if rng.random() < 0.6 and tier > 1:
        return theme, rng.sample(lines[rng.choice(list(lines))], 3 if rng.random() < 0.5 else 2)
    chars = rng.sample(list(lines), rng.randint(*((2, 6), (2, 4), (3, 5), (3, 5))[tier - 1]))
    return theme, [rng.choice(lines[char]) for char in chars]


def _tips(rng: random.Random, tier: int) -> tuple[str, list[str]]:
    subject = rng.choice(list(TIPS))
    tips, size = TIPS[subject], rng.randint(2, 7) if tier == 1 else rng.randint(3, 6)
    of_four_words = [tip for tip in tips if len(words(tip)) == 4]
    even = tier > 1 and rng.random() < 0.6 and len(of_four_words) >= size
    return subject, rng.sample(of_four_words if even else tips, size)


def _members(rng: random.Random, tier: int) -> tuple[str, list[str]]:
    """Members of a category: by length, of one length, with one first letter, or any (the only ones in tier 1)."""
    category = rng.choice(list(MEMBERS))
    members = MEMBERS[category]
    size = rng.randint(*((2, 7), (2, 6), (3, 6), (4, 7))[tier - 1])
    shape = rng.random() if tier > 1 else 0.5
    if shape > 0.8:
        return category, sorted(rng.sample(members, size), key=len)
    if shape > 0.6:
        members = _alike(rng, members, len)
    elif shape < 0.3:
        members = _alike(rng, members, lambda member: member[0].lower())
    return category, rng.sample(members, min(size, len(members)))


def _alike(rng: random.Random, members: list[str], feature: Callable[[str], object]) -> list[str]:
    """The members that share a feature with at least two others."""
    shared = [value for value, times in Counter(map(feature, members)).items() if times >= 3]
    value = rng.choice(shared)
    return [member for member in members if feature(member) == value]


def _record(rng: random.Random, tier: int) -> Content:
    topic = rng.choice(list(RECORDS))
    keys = [key for key, choices in RECORDS[topic].items() if tier > 1 or isinstance(choices, str)]
    chosen = rng.sample(keys, {1: 2, 2: 2, 3: 3, 4: 4}[tier])
    return Content(kind="json", topic=topic, record={key: draw_value(rng, topic, key) for key in chosen})


def _alphabetical(content: Content) -> Content:
    """The same content with its list in alphabetical order; the lines of a poem stay as they are."""
    if content.kind == "json":
        ordered = {key: sorted(value) if isinstance(value, list) else value for key, value in content.record.items()}
        return dataclasses.replace(content, record=ordered)
    return content if content.kind == "lines" else dataclasses.replace(content, parts=sorted(content.parts, key=str.casefold))
