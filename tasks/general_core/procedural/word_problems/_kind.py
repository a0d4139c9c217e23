"""What a kind of problem is: a block of wordings above a plan, which draws the numbers and solves the problem."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Solved:
    """The numbers of a problem with its answer, before it has a wording."""

    answer: int
    steps: tuple[str, ...]
    """The sentences of the solution; every equation in them is true as it is printed."""
    facts: dict[str, object]
    """What fills the placeholders of the wordings, by their names."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as it is asked."""

    kind: str
    question: str
    solved: Solved


Plan = Callable[[Random], Solved | None]
"""Random numbers -> a solved problem, or None where the drawn numbers do not come out whole or sensible."""

PlanByWording = Callable[[Random, int], Solved | None]
"""A plan whose numbers also depend on the number of the wording (cars are faster than bicycles)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem."""

    name: str
    wordings: tuple[str, ...]
    plan: PlanByWording

    def pose(self, rng: Random, turn: int) -> Problem | None:
        """A problem in wording number `turn` (modulo their count), or None where the drawn numbers are of no use."""
        wording = turn % len(self.wordings)
        solved = self.plan(rng, wording)
        return None if solved is None else Problem(self.name, self.wordings[wording].format_map(solved.facts), solved)


def solved(answer: int, steps: tuple[str, ...], **facts: object) -> Solved:
    """A solved problem, as plans return it."""
    return Solved(answer, steps, facts)


def kind(wordings: str) -> Callable[[Plan], Kind]:
    """Turns a plan into the kind of its name. A blank line parts the wordings, which may run over several lines."""
    return lambda plan: Kind(plan.__name__, _paragraphs(wordings), lambda rng, wording: plan(rng))


def kind_by_wording(wordings: str) -> Callable[[PlanByWording], Kind]:
    """The same for a plan whose numbers depend on the wording."""
    return lambda plan: Kind(plan.__name__, _paragraphs(wordings), plan)


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text))
