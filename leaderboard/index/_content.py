"""What a results file says, whichever tool wrote it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from equipoise.leaderboard.index._values import shown

MOST_TASKS = 10_000
MOST_SCORES = 100_000
"""In one file; a real one has at most a few hundred tasks."""


class UnreadableError(ValueError):
    """A file that cannot be used; the message is the one line to show."""


@dataclass(slots=True)
class Score:
    """One number of one task."""

    metric: str
    filter: str
    """Of lm-eval 0.4; `none` where the tool has no filters."""
    value: float | None
    """None: not a finite number."""
    stderr: float | None
    """None: unknown."""
    higher_is_better: bool | None


@dataclass(slots=True)
class Task:
    """One task or group of one run."""

    name: str
    is_group: bool
    ability: str | None
    documents: int | None
    version: str | None
    form: int | None
    shots: int | None
    identity: str
    """Equal for runs that mean the same: the newer one supersedes the older."""
    scores: list[Score]
    chance: float | None = None
    """Chance level, where the file says it."""

    @property
    def is_rubric(self) -> bool:
        """Whether it is graded against scoring guidelines."""
        return any(s.metric == "score" and s.filter == "rubric" for s in self.scores)


@dataclass(slots=True)
class Content:
    """One results file."""

    format: str
    """`lm-eval 0.4`, `lm-eval 0.3`, `lighteval`."""
    model: str | None
    """Model name, with `@revision` where that is not `main`."""
    base: str | None
    """Of an adapter, where the file says it."""
    parameters: int | None
    date: float | None
    """Seconds since 1970 when the run began; None where the file does not say."""
    tasks: list[Task]
    notes: Notes


@dataclass(slots=True)
class Notes:
    """What is wrong in a file that can be used otherwise; each kind makes one line."""

    first: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, *where: object) -> None:
        """`kind`: what is wrong, as it follows the place."""
        self.counts[kind] += 1
        if kind not in self.first:
            self.first[kind] = " ".join(shown(part) for part in where)

    def lines(self) -> list[str]:
        """One line per kind, with the first place."""
        more = {kind: f", and {count - 1} more" if count > 1 else "" for kind, count in self.counts.items()}
        return [f"{place} {kind}{more[kind]}" for kind, place in self.first.items()]


@lru_cache(maxsize=100_000)
def identity(*settings: str | int | None) -> str:
    """Of what a task's score depends on besides the checkpoint, as far as other tools write it down."""
    return digest(json.dumps(settings))


@lru_cache(maxsize=10_000)
def digest(of: str) -> str:
    """A short hash of a text."""
    return hashlib.sha256(of.encode()).hexdigest()[:32]
