"""The typed banks of what answers are made of."""

from __future__ import annotations

from typing import TypedDict

from equipoise.tasks.general_core.procedural._banks import bank


class Topic(TypedDict):
    """What can be said about a topic, and what may be asked of it."""

    titles: list[str]
    nouns: str
    question: str
    sentences: list[str]


class Poems(TypedDict):
    """Lines of four, five and six words under their first letter, words to spell with them, and what they may be about."""

    lines: dict[str, list[str]]
    acrostics: list[str]
    themes: list[str]


Bounds = TypedDict("Bounds", {"from": int, "to": int})

TOPICS: dict[str, Topic] = bank(__file__, "topics")
POEMS: Poems = bank(__file__, "poems")
TIPS: dict[str, list[str]] = bank(__file__, "tips")
MEMBERS: dict[str, list[str]] = {category: members.split() for category, members in bank(__file__, "members").items()}
RECORDS: dict[str, dict[str, str | Bounds | list[str]]] = bank(__file__, "records")
