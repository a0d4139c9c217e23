"""From the examples of a step to batches of tensors: padded rows of like length, or one packed row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from equipoise.train.encode import Encoded, Example
from equipoise.train.mix import Mixer


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes through the model at once. B rows of T positions; n of them predict a trained token."""

    input_ids: torch.Tensor
    """[B, T] token ids. Padding is at the right, where causal attention never looks from a real token."""
    position_ids: torch.Tensor
    """[B, T], from 0 in each example."""
    predicting: torch.Tensor
    """[n] indices into the B·T positions: those before a trained token."""
    targets: torch.Tensor
    """[n] the trained tokens."""
    sources: torch.Tensor
    """[n] number of the source of each trained token."""
    attention: dict[str, Any] = field(default_factory=dict)
    """Further arguments of the model: where the documents of a packed row begin."""
    real: int = 0
    """Positions that are not padding."""

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        moved = {k: v.to(device, non_blocking=True) for k in self.__slots__ if isinstance(v := getattr(self, k), torch.Tensor)}
        attention = {k: v.to(device, non_blocking=True) if isinstance(v, torch.Tensor) else v for k, v in self.attention.items()}
        return replace(self, attention=attention, **moved)

    def inputs(self) -> dict[str, Any]:
        """Arguments of the model's forward."""
        return {"input_ids": self.input_ids, "position_ids": self.position_ids, "use_cache": False, **self.attention}


def split(examples: Sequence[Example], positions: int, *, packed: bool) -> list[list[Example]]:
    """Groups of examples, longest first, each of at most `positions` positions (or one example)."""
    groups: list[list[Example]] = []
    for example in sorted(examples, key=lambda e: -len(e.ids)):
        if groups:
            last = groups[-1]
            size = sum(len(e.ids) for e in last) + len(example.ids) if packed else len(last[0].ids) * (len(last) + 1)
            if size <= positions:
                last.append(example)
                continue
        groups.append([example])
    return groups


def make_batch(examples: Sequence[Example], numbers: Mapping[str, int], *, packed: bool) -> Batch:
    """One batch of a group of examples; `numbers` numbers the sources."""
    lengths = [len(e.ids) for e in examples]
    rows, width = (1, sum(lengths)) if packed else (len(examples), max(lengths))
    ids = torch.zeros(rows * width, dtype=torch.long)
    positions = torch.zeros(rows * width, dtype=torch.long)
    predicting, sources = [], []
    begin = 0
    for number, example in enumerate(examples):
        start = begin if packed else number * width
        tokens = torch.from_numpy(example.ids.astype("int64"))
        ids[start : start + len(tokens)] = tokens
        filled = len(tokens) if packed else width  # padding counts on: positions that fall back would mean another document
        positions[start : start + filled] = torch.arange(filled)
        at = torch.from_numpy(example.trained.nonzero()[0]) + start - 1
        predicting.append(at)
        sources.append(torch.full_like(at, numbers[example.source]))
        begin += len(tokens)
    where = torch.cat(predicting)
    attention: dict[str, Any] = {}
    if packed:
        bounds = torch.tensor([0, *lengths], dtype=torch.int32).cumsum(0, dtype=torch.int32)
        attention = {f"cu_seq_lens_{side}": bounds for side in "qk"} | {f"max_length_{side}": max(lengths) for side in "qk"}
    return Batch(
        ids.view(rows, width), positions.view(rows, width), where, ids[where + 1], torch.cat(sources), attention, sum(lengths)
    )


class Steps(torch.utils.data.Dataset[dict[str, Any]]):  # type: ignore[misc]
    """Item s is optimizer step s: the batches that this process takes of it.

    Which examples, and how they are grouped, does not depend on the number of processes; every process gets the same number of
    batches, an empty one (that repeats another's positions and predicts nothing) where they do not divide.
    """

    def __init__(
        self, mixer: Mixer, encoded: Mapping[str, Encoded], positions: int, *, packed: bool, rank: int = 0, world: int = 1
    ):
        self.mixer = mixer
        self.numbers = {name: number for number, name in enumerate(encoded)}
        self._encoded = encoded
        self._positions = positions
        self._packed = packed
        self._rank, self._world = rank, world

    def __len__(self) -> int:
        return self.mixer.steps

    def examples(self, step: int) -> list[Example]:
        """All examples of a step."""
        drawn = self.mixer.step(step)
        return [self._encoded[d.source][int(self._encoded[d.source].kept[d.index])] for d in drawn]

    def __getitem__(self, step: int) -> dict[str, Any]:
        if not 0 <= step < len(self):
            raise IndexError(step)
        examples = self.examples(step)
        part = -(-sum(len(e.ids) for e in examples) // self._world)  # so that every process has something to do
        groups = split(examples, min(self._positions, part), packed=self._packed)
        made = [make_batch(group, self.numbers, packed=self._packed) for group in groups]
        trained = torch.bincount(torch.cat([b.sources for b in made]), minlength=len(self.numbers))
        mine = made[self._rank :: self._world]
        if len(mine) < -(-len(made) // self._world):
            mine.append(_silent(made[-1]))
        return {"step": step, "batches": mine, "trained": trained}


def _silent(batch: Batch) -> Batch:
    nothing = batch.targets[:0]
    return replace(batch, predicting=nothing, targets=nothing, sources=nothing, real=0)
