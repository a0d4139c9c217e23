"""Habits of a lazy test-taker: strategies that look at the form of an item and not at what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from equipoise.tasks.general_core.procedural.logic._syllogism import NONE_FOLLOWS

CHANCE: Final = 0.25
_NEGATIVE: Final = re.compile(r"\b(no|not|none|off|closed|still|home)\b")


def habits(question: str, choices: Sequence[str]) -> dict[str, float]:
    """What each habit earns with an item whose first choice is right: 1, a part of it in a tie, or 0.

    Habits that see no difference between the choices are left out.
    """
    return {
        name: (score[0] == max(score)) / score.count(max(score))
        for name, score in _scores(question.lower(), choices).items()
        if len(set(score)) > 1
    }


def _scores(question: str, choices: Sequence[str]) -> dict[str, list[float]]:
    """Per habit a score for each choice; the habit takes the highest."""
    lower = [c.lower() for c in choices]
    spots = [[m.start() for m in re.finditer(rf"(?<![\w-]){re.escape(c)}(?![\w-])", question)] for c in lower]
    words = [set(c.split()) for c in lower]
    alike = [round(sum(len(w & v) / len(w | v) for v in words), 6) for w in words]
    negative = [bool(_NEGATIVE.search(c)) for c in lower]
    scores: dict[str, list[float]] = {
        "longest": [len(c) for c in choices],
        "shortest": [-len(c) for c in choices],
        "named first": [-s[0] if s else -1e9 for s in spots],
        "named last": [s[-1] if s else -1 for s in spots],
        "named most": [len(s) for s in spots],
        "named least": [-len(s) for s in spots],
        "most alike": list(alike),
        "least alike": [-x for x in alike],
        "first in the alphabet": [-sorted(choices).index(c) for c in choices],
        "last in the alphabet": [sorted(choices).index(c) for c in choices],
        "negative": list(negative),
        "positive": [not x for x in negative],
        "none follows": [c == NONE_FOLLOWS for c in choices],
        "some": [c.startswith("Some") for c in choices],
    }
    numbers = [re.findall(r"\d+", c) for c in choices]
    if all(len(n) == 1 for n in numbers):
        size = [int(n[0]) for n in numbers]
        ranked = sorted(size, reverse=True)
        scores |= {f"number {k} by size": [n == ranked[k - 1] for n in size] for k in range(1, 5)}
    return scores
