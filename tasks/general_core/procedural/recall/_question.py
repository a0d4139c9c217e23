"""What a text can be asked, before the choices are drawn."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any, NamedTuple


class Question(NamedTuple):
    """A question about a text, its answer, and at least three distinct wrong answers of the same sort."""

    text: str
    answer: str
    wrong: list[str]


def ask(rng: random.Random, wordings: list[str], about: str, answer: str, candidates: Iterable[str]) -> Question:
    """A question in one of the wordings; `about` fills its {x}, and the candidates except the answer are wrong answers."""
    return Question(rng.choice(wordings).format(x=about), answer, [other for other in candidates if other != answer])


def values_of(listed: Any) -> list[str]:
    """The values that a `.yml` file lists, or gives as numbers `from`, `to`, `step`, if need be as days of `months`."""
    if isinstance(listed, list):
        return listed
    numbers = range(listed["from"], listed["to"] + 1, listed.get("step", 1))
    return [f"{number} {month}".strip() for month in listed.get("months", [""]) for number in numbers]
