"""Which examples a step trains on: a pure function of (seed, step).

Every source is an endless stream: epoch after epoch of its examples, each epoch in a new order. A stage gives source i the
share w_i of its trained tokens. Put each example of source i at the point of the stage, measured in trained tokens of all
sources, where its middle falls due: (tokens of the source before it + half its own) ÷ w_i. Step s trains on the examples
between two points, s·B and (s+1)·B. So after every step of every stage

    |tokens_i − due_i| ≤ half an example of source i,   due_i = the sum of w_i · N over the stages, N as planned so far,

with no state to carry: resuming at a step, or asking for one on another machine, is a search in a cumulative sum.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StageMix:
    """One stage as the mixer sees it."""

    name: str
    tokens: int
    """Trained tokens."""
    shares: Mapping[str, float]
    """Per source; they sum to 1."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One example of a step."""

    source: str
    index: int
    """Of the example in its source."""
    epoch: int
    """How often the source was gone through before."""


class Stream:
    """The endless sequence of one source. Position k is example `order(k // n)[k % n]`."""

    def __init__(self, name: str, trained: Sequence[int] | Ints, seed: int):
        self.name = name
        self._trained = np.asarray(trained, dtype=np.int64)
        if not len(self._trained) or self._trained.min() < 1:
            raise ValueError(f"source {name}: every example needs a trained token")
        self.examples = len(self._trained)
        self.tokens = int(self._trained.sum())
        self._seed = seed
        self._epoch = functools.lru_cache(maxsize=3)(self._make_epoch)

    def _make_epoch(self, epoch: int) -> tuple[Ints, Ints]:
        """The order of an epoch, and the doubled middles of its examples, counted from the start of the epoch."""
        key = hashlib.sha256(f"{self._seed}|{self.name}|{epoch}".encode()).digest()
        order = np.random.Generator(np.random.Philox(key=int.from_bytes(key[:16], "big"))).permutation(self.examples)
        trained = self._trained[order]
        return order.astype(np.int64), 2 * np.cumsum(trained) - trained

    def position(self, tokens: float) -> int:
        """How many examples have their middle before a point of the stream, which is given in trained tokens."""
        epoch = int(tokens // self.tokens)
        middles = self._epoch(epoch)[1]
        return epoch * self.examples + int(np.searchsorted(middles, 2 * (tokens - epoch * self.tokens), side="left"))

    def positions(self, tokens: npt.NDArray[np.float64]) -> Ints:
        """`position` of many points."""
        epochs = (tokens // self.tokens).astype(np.int64)
        found = np.empty(len(tokens), dtype=np.int64)
        for epoch in np.unique(epochs):
            inside = epochs == epoch
            middles = self._epoch(int(epoch))[1]
            found[inside] = epoch * self.examples + np.searchsorted(
                middles, 2 * (tokens[inside] - epoch * self.tokens), side="left"
            )
        return found

    def start(self, position: int) -> int:
        """Trained tokens before a position."""
        epoch, index = divmod(position, self.examples)
        if index == 0:
            return epoch * self.tokens
        order, middles = self._epoch(epoch)
        return epoch * self.tokens + int(middles[index] - self._trained[order[index]]) // 2

    def at(self, position: int) -> tuple[int, int]:
        """(example, epoch) at a position."""
        epoch, index = divmod(position, self.examples)
        return int(self._epoch(epoch)[0][index]), epoch

    def middle(self, position: int) -> float:
        """Trained tokens up to the middle of the example at a position."""
        epoch, index = divmod(position, self.examples)
        return epoch * self.tokens + float(self._epoch(epoch)[1][index]) / 2


@dataclass(frozen=True, slots=True)
class _Part:
    """A stage with its place in the run."""

    mix: StageMix
    first: int
    """Its first step."""
    steps: int
    begin: Mapping[str, float]
    """Trained tokens that are due of each source where the stage begins."""


class Mixer:
    """The examples of every step of a run."""

    def __init__(self, trained: Mapping[str, Any], stages: Sequence[StageMix], tokens_per_step: int, seed: int):
        """`trained`: per source, the trained tokens of each example. Steps share a stage's tokens evenly."""
        self.streams = {name: Stream(name, counts, seed) for name, counts in trained.items()}
        self._parts: list[_Part] = []
        first, begin = 0, dict.fromkeys(self.streams, 0.0)
        for stage in stages:
            part = _Part(stage, first, max(1, round(stage.tokens / tokens_per_step)), begin)
            self._parts.append(part)
            first += part.steps
            begin = {name: float(_due(part, name, part.steps)) for name in self.streams}
        self.steps = first
        self.due: dict[str, float] = begin
        """Trained tokens of each source that the whole run asks for."""

    def stage(self, step: int) -> tuple[StageMix, int, int]:
        """(stage, step within it, its number of steps) of a step, which counts from 0."""
        part = self._part(step)
        return part.mix, step - part.first, part.steps

    def step(self, step: int) -> list[Drawn]:
        """The examples of a step, in the order in which they fall due."""
        part = self._part(step)
        due: list[tuple[float, int, Drawn]] = []
        for number, (name, stream) in enumerate(self.streams.items()):
            share = part.mix.shares.get(name, 0.0)
            begin, end = (stream.position(_due(part, name, step - part.first + after)) for after in (0, 1))
            for position in range(begin, end):
                index, epoch = stream.at(position)
                due.append(((stream.middle(position) - part.begin[name]) / share, number, Drawn(name, index, epoch)))
        return [drawn for *_, drawn in sorted(due, key=lambda entry: entry[:2])]

    def seen(self, steps: int) -> dict[str, int]:
        """Trained tokens of each source after so many steps."""
        part = self._part(min(steps, self.steps - 1))
        return {name: s.start(s.position(_due(part, name, steps - part.first))) for name, s in self.streams.items()}

    def passes(self, steps: int) -> dict[str, float]:
        """How often each source was gone through after so many steps."""
        return {name: tokens / self.streams[name].tokens for name, tokens in self.seen(steps).items()}

    def empty_step(self) -> int | None:
        """The first step without an example, where there is one: examples can be longer than a step."""
        for part in self._parts:
            bounds = np.arange(part.steps + 1)
            drawn = sum(np.diff(stream.positions(_due(part, name, bounds))) for name, stream in self.streams.items())
            if (empty := np.flatnonzero(drawn == 0)).size:
                return part.first + int(empty[0])
        return None

    def _part(self, step: int) -> _Part:
        return next(part for part in reversed(self._parts) if part.first <= step)


def _due(part: _Part, name: str, inside: Any) -> Any:
    """Trained tokens that are due of a source where step `inside` of a stage begins. One formula for every boundary, so that no
    example is left out or drawn twice."""
    return part.begin[name] + part.mix.shares.get(name, 0.0) * (part.mix.tokens * inside / part.steps)
