"""Ranks with their uncertainty."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from equipoise.harness_ext.stats._decision import holm
from equipoise.harness_ext.stats._paired import sign_flip


def rank_intervals(scores: ArrayLike, *, level: float = 0.05, draws: int = 5_000) -> list[tuple[int, int]]:
    """(best, worst) rank of each checkpoint; `scores` is (checkpoints, questions), higher is better.

    Two checkpoints are in order only where their paired difference is significant at `level` after Holm's adjustment over
    all pairs (sign-flip permutation); so ties share a rank interval, and with few questions all intervals are wide.
    """
    x = np.asarray(scores, dtype=float)
    if x.ndim != 2 or x.size == 0:
        raise ValueError("scores must be (checkpoints, questions)")
    pairs = list(combinations(range(len(x)), 2))
    adjusted = holm([sign_flip(x[i] - x[j], draws=draws) for i, j in pairs])
    above, below = np.zeros(len(x), dtype=int), np.zeros(len(x), dtype=int)
    for (i, j), p in zip(pairs, adjusted, strict=True):
        if p < level:
            better, worse = (i, j) if x[i].mean() > x[j].mean() else (j, i)
            above[worse] += 1
            below[better] += 1
    return [(1 + int(a), len(x) - int(b)) for a, b in zip(above, below, strict=True)]
