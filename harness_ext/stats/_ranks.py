"""Ranks with their uncertainty."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from equipoise.harness_ext.stats._decision import holm


def rank_intervals(scores: ArrayLike, *, level: float = 0.05) -> list[tuple[int, int]]:
    """(best, worst) rank of each checkpoint; `scores` is (checkpoints, questions), higher is better.

    Two checkpoints are in order only where their paired difference is significant at `level` after Holm's adjustment over
    all pairs (paired t-test, never below the least p of a sign-flip test: for the 1,225 pairs of fifty checkpoints flips would have to be
    drawn by the hundred thousand). So ties share a rank interval, and with few questions all intervals are wide.
    """
    from scipy import special

    x = np.asarray(scores, dtype=float)
    if x.ndim != 2 or x.size == 0:
        raise ValueError("scores must be (checkpoints, questions)")
    first, second = np.triu_indices(len(x), 1)
    difference = x[first] - x[second]
    mean, n = difference.mean(axis=1), x.shape[1]
    error = difference.std(axis=1, ddof=1) / n**0.5 if n > 1 else np.full(len(first), np.inf)
    t = np.divide(np.abs(mean), error, out=np.where(mean != 0, np.inf, 0.0), where=error > 0)
    least = 0.5 ** ((difference != 0).sum(axis=1) - 1.0)  # what all signs alike could show at most: few questions prove little
    p = np.minimum(1.0, np.maximum(2 * special.stdtr(max(n - 1, 1), -t), least))
    return ranks_of_pairs(len(x), mean, p, level=level)


def ranks_of_pairs(count: int, differences: ArrayLike, p_values: ArrayLike, *, level: float = 0.05) -> list[tuple[int, int]]:
    """(best, worst) rank of each of `count` checkpoints from the differences first − second of all pairs and their p-values, both in the
    order of `numpy.triu_indices(count, 1)`. A pair is in order where its p is below `level` after Holm's adjustment."""
    first, second = np.triu_indices(count, 1)
    shown = np.array(holm(p_values)) < level
    up = np.asarray(differences, dtype=float) > 0
    above = np.bincount(np.where(up, second, first)[shown], minlength=count)
    below = np.bincount(np.where(up, first, second)[shown], minlength=count)
    return [(1 + int(a), count - int(b)) for a, b in zip(above, below, strict=True)]
