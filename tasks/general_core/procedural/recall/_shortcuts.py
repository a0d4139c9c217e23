"""Strategies that choose without reading the question, and how items are drawn so that none of them pays."""

from __future__ import annotations

import functools
import random
import re

from equipoise.tasks.general_core.procedural.recall._question import Question

CHANCE = 0.25
QUESTIONS = 14  # looked at for one item
Shares = dict[str, float]
"""Strategy -> its chance to be right in one item, or what it has won above chance in several."""


@functools.lru_cache(maxsize=512)
def mentions(text: str, choice: str) -> list[int]:
    """Where the choice stands in the text as words of its own, in characters."""
    return [match.start() for match in re.finditer(rf"(?<!\w){re.escape(choice)}(?!\w)", text)]


def _size(choice: str) -> float:
    """The number in a choice, or both numbers of a time of day one after the other; 0 without any."""
    numbers = re.findall(r"\d+", choice)
    return float("".join(number.zfill(2) for number in numbers)) if numbers else 0.0


def shortcut_shares(text: str, choices: list[str]) -> Shares:
    """For each strategy its chance to take the first choice, the right one, after the text; ties are drawn by lot."""
    places = [mentions(text, choice) or [len(text)] for choice in choices]
    first, sizes = [p[0] for p in places], [_size(choice) for choice in choices]
    by_place, by_size = sorted(first), sorted(sizes)
    marks: dict[str, list[float]] = {
        "first mentioned": [-n for n in first],
        "second mentioned": [-abs(n - by_place[1]) for n in first],
        "third mentioned": [-abs(n - by_place[2]) for n in first],
        "last mentioned": [p[-1] for p in places],
        "most often": [len(p) for p in places],
        "least often": [-len(p) for p in places],
        "longest": [len(choice) for choice in choices],
        "shortest": [-len(choice) for choice in choices],
        "largest": sizes,
        "smallest": [-n for n in sizes],
        "second largest": [-abs(n - by_size[2]) for n in sizes],
        "second smallest": [-abs(n - by_size[1]) for n in sizes],
    }
    return {strategy: (m[0] == max(m)) / m.count(max(m)) for strategy, m in marks.items()}


def fairest(
    rng: random.Random, text: str, questions: list[Question], surpluses: list[Shares]
) -> tuple[Question, list[str], Shares]:
    """A question, its choices with the right one first, and their `shortcut_shares`, so that all strategies stay near chance.

    `surpluses` hold what each strategy has won above chance so far, over one group of items each.
    """
    options: list[tuple[float, Question, list[str], Shares]] = []
    for question in rng.sample(questions, min(len(questions), QUESTIONS)):
        for _ in range(2 if len(question.wrong) > 3 else 1):
            choices = [question.answer, *rng.sample(question.wrong, 3)]
            shares = shortcut_shares(text, choices)
            cost = sum((surplus[name] + share - CHANCE) ** 2 for surplus in surpluses for name, share in shares.items())
            options.append((cost, question, choices, shares))
    return min(options, key=lambda option: option[0])[1:]
