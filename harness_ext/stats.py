"""Statistics on scores: pure functions on arrays.

Few questions mean wide intervals; every interval here is a small-sample one (Student's t on cluster means), never the
plain normal approximation.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

MIN_INFORMATIVE = 0.30
"""Below this share of clusters with a mean above zero a t-interval covers too little to be called 95 %."""


class Interval(NamedTuple):
    """A mean with its two-sided confidence interval, in the unit of the values."""

    mean: float
    low: float
    high: float
    clusters: int
    informative: bool
    """False: fewer than 30 % of the clusters are above zero, so the interval's coverage is not what it says."""


def clustered_mean(values: ArrayLike, clusters: Sequence[Hashable] | None = None, *, confidence: float = 0.95) -> Interval:
    """Mean of `values` (n,) with a t-interval over cluster means.

    `clusters` (n,) names the question of each value, so that several answers to one question do not count as
    independent; without it every value is its own cluster. The point estimate is the mean of cluster means, the
    interval x̄ ± t(k−1)·s/√k over k clusters, unclipped. With one cluster the interval is infinite.

    Raises `ValueError` for no values, NaN, or lengths that differ.
    """
    from scipy import stats

    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or x.size == 0:
        raise ValueError("values must be a non-empty one-dimensional array")
    if np.isnan(x).any():
        raise ValueError("values contain NaN")
    if clusters is not None:
        if len(clusters) != x.size:
            raise ValueError(f"{len(clusters)} cluster labels for {x.size} values")
        codes = {label: i for i, label in enumerate(dict.fromkeys(clusters))}
        index = np.array([codes[label] for label in clusters])
        x = np.bincount(index, weights=x) / np.bincount(index)
    k = x.size
    mean = float(x.mean())
    informative = float(np.mean(x > 0)) >= MIN_INFORMATIVE
    if k == 1:
        return Interval(mean, -np.inf, np.inf, 1, informative)
    half = float(stats.t.ppf((1 + confidence) / 2, k - 1) * x.std(ddof=1) / np.sqrt(k))
    return Interval(mean, mean - half, mean + half, k, informative)


def mean_of_tasks(tasks: Sequence[ArrayLike], *, confidence: float = 0.95) -> Interval:
    """Unweighted mean over tasks of each task's mean; `tasks` holds one array of document values per task.

    For a difference of two checkpoints, give the paired differences. The tasks' documents are independent samples, so
    the error is √Σ s²ᵢ/nᵢ ÷ k and the degrees of freedom are Satterthwaite's. A task with one document makes the interval
    infinite. `informative` is true of means above zero, as in `clustered_mean`; it says nothing about differences.

    Raises `ValueError` for no tasks, an empty task, or NaN.
    """
    from scipy import stats

    arrays = [np.asarray(t, dtype=float) for t in tasks]
    if not arrays or any(a.ndim != 1 or a.size == 0 for a in arrays):
        raise ValueError("tasks must be non-empty one-dimensional arrays, at least one")
    if any(np.isnan(a).any() for a in arrays):
        raise ValueError("values contain NaN")
    mean = float(np.mean([a.mean() for a in arrays]))
    documents = sum(a.size for a in arrays)
    informative = float(np.mean(np.concatenate(arrays) > 0)) >= MIN_INFORMATIVE
    if any(a.size == 1 for a in arrays):
        return Interval(mean, -np.inf, np.inf, documents, informative)
    variances = np.array([a.var(ddof=1) / a.size for a in arrays]) / len(arrays) ** 2
    total = float(variances.sum())
    if total == 0:
        return Interval(mean, mean, mean, documents, informative)
    freedom = total**2 / float(sum(v**2 / (a.size - 1) for v, a in zip(variances, arrays, strict=True)))
    half = float(stats.t.ppf((1 + confidence) / 2, freedom)) * total**0.5
    return Interval(mean, mean - half, mean + half, documents, informative)
