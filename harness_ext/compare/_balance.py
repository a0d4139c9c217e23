"""The balance √(max(D, 0) · max(G, 0)) of two checkpoints, with its interval, from one bootstrap of both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equipoise.harness_ext.compare._pair import Pair, lowest_forms, means
from equipoise.harness_ext.stats import cluster_means

DRAWS = 2_000

Draws = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Balance:
    """A balance with its 95 % percentile interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Balances:
    """Of the base, of the other, and their difference, paired."""

    base: Balance
    other: Balance
    difference: Balance


def balances(pairs: Sequence[Pair], *, seed: int = 0) -> Balances | None:
    """Resample questions and documents, the same ones for both checkpoints; None where a side is missing.

    Tasks weigh the same within their side, as in D and G.
    """
    rng = np.random.default_rng(seed)
    sides = {}
    for role in ("domain", "general"):
        mine = lowest_forms([pair for pair in pairs if pair.role == role])
        if not mine:
            return None
        sides[role] = np.mean([_resampled(pair, rng) for pair in mine], axis=0)  # (2, 1 + draws)
    both = np.sqrt(np.maximum(sides["domain"], 0) * np.maximum(sides["general"], 0))
    return Balances(_summary(both[0]), _summary(both[1]), _summary(both[1] - both[0]))


def _resampled(pair: Pair, rng: np.random.Generator) -> Draws:
    """(2, 1 + draws): means of base and other; the first column is the sample itself. Of one cluster nothing can be drawn: NaN."""
    clusters = [pair.base.clusters[d] for d in pair.shared]
    x = np.stack([cluster_means(means(s.values, pair.shared), clusters) for s in (pair.base, pair.other)])
    size = x.shape[1]
    if size == 1:
        return np.pad(x, ((0, 0), (0, DRAWS)), constant_values=np.nan)
    counts = rng.multinomial(size, np.full(size, 1 / size), DRAWS)
    return np.concatenate([x.mean(axis=1, keepdims=True), x @ counts.T / size], axis=1)


def _summary(draws: Draws) -> Balance:
    low, high = (-np.inf, np.inf) if np.isnan(draws[1:]).any() else np.quantile(draws[1:], [0.025, 0.975])
    return Balance(float(draws[0]), float(low), float(high))
