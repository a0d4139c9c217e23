"""Which examples a step trains on: a pure function of (seed, step).

Every source is an endless stream: epoch after epoch of its examples, each epoch in a new order. A stage gives source i the
share w_i of its trained tokens. Put each example of source i at the point of the stage, measured in trained tokens of all
sources, where its middle falls due: (tokens of the source before it + half its own) ÷ w_i. Step s trains on the examples
between two points, s·B and (s+1)·B. So after every step

    |tokens_i − w_i · N| ≤ half an example of source i,   N = the tokens planned so far,

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
    begin: Mapping[str, int]
    """Position of each source's stream where the stage begins."""


class Mixer:
    """The examples of every step of a run."""

    def __init__(self, trained: Mapping[str, Any], stages: Sequence[StageMix], tokens_per_step: int, seed: int):
        """`trained`: per source, the trained tokens of each example. Steps share a stage's tokens evenly."""
        self.streams = {name: Stream(name, counts, seed) for name, counts in trained.items()}
        self._parts: list[_Part] = []
        first, begin = 0, dict.fromkeys(self.streams, 0)
        for stage in stages:
            part = _Part(stage, first, max(1, round(stage.tokens / tokens_per_step)), begin)
            self._parts.append(part)
            first += part.steps
            begin = {name: self._position(part, name, part.steps) for name in self.streams}
        self.steps = first
        self._end = begin

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
            inside = step - part.first
            base = stream.start(part.begin[name])
            for position in range(self._position(part, name, inside), self._position(part, name, inside + 1)):
                index, epoch = stream.at(position)
                due.append(((stream.middle(position) - base) / share, number, Drawn(name, index, epoch)))
        return [drawn for *_, drawn in sorted(due, key=lambda entry: entry[:2])]

    def seen(self, steps: int) -> dict[str, int]:
        """Trained tokens of each source after so many steps."""
        return {name: self.streams[name].start(position) for name, position in self._positions(steps).items()}

    def passes(self, steps: int) -> dict[str, float]:
        """How often each source was gone through after so many steps."""
        return {name: tokens / self.streams[name].tokens for name, tokens in self.seen(steps).items()}

    def _positions(self, steps: int) -> Mapping[str, int]:
        if steps >= self.steps:
            return self._end
        part = self._part(steps)
        return {name: self._position(part, name, steps - part.first) for name in self.streams}

    def _position(self, part: _Part, name: str, inside: int) -> int:
        """Position of a source's stream where step `inside` of a stage begins: one formula for every boundary, so nothing is lost or drawn twice."""
        share = part.mix.shares.get(name, 0.0)
        if inside == 0 or share == 0:
            return part.begin[name]
        stream = self.streams[name]
        due = stream.start(part.begin[name]) + share * (part.mix.tokens * inside / part.steps)
        return max(part.begin[name], stream.position(due))

    def _part(self, step: int) -> _Part:
        return next(part for part in reversed(self._parts) if part.first <= step)
