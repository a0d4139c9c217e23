"""Means with intervals: of clustered values, and over tasks."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

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


def cluster_means(values: ArrayLike, clusters: Sequence[Hashable] | None = None) -> NDArray[np.float64]:
    """The mean of each cluster of `values` (n,), in order of first appearance; without `clusters` the values themselves.

    Raises `ValueError` for no values, NaN, or lengths that differ.
    """
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or x.size == 0:
        raise ValueError("values must be a non-empty one-dimensional array")
    if np.isnan(x).any():
        raise ValueError("values contain NaN")
    if clusters is None:
        return x
    if len(clusters) != x.size:
        raise ValueError(f"{len(clusters)} cluster labels for {x.size} values")
    codes = {label: i for i, label in enumerate(dict.fromkeys(clusters))}
    index = np.array([codes[label] for label in clusters])
    means: NDArray[np.float64] = np.bincount(index, weights=x) / np.bincount(index)
    return means


def clustered_mean(values: ArrayLike, clusters: Sequence[Hashable] | None = None, *, confidence: float = 0.95) -> Interval:
    """Mean of `values` (n,) with a t-interval over cluster means.

    `clusters` (n,) names the question of each value, so that several answers to one question do not count as
    independent; without it every value is its own cluster. The point estimate is the mean of cluster means, the
    interval x̄ ± t(k−1)·s/√k over k clusters, unclipped. With one cluster the interval is infinite.

    Raises `ValueError` for no values, NaN, or lengths that differ.
    """
    x = cluster_means(values, clusters)
    mean = float(x.mean())
    informative = float(np.mean(x > 0)) >= MIN_INFORMATIVE
    if x.size == 1:
        return Interval(mean, -np.inf, np.inf, 1, informative)
    half = t_quantile((1 + confidence) / 2, x.size - 1) * float(x.std(ddof=1)) / x.size**0.5
    return Interval(mean, mean - half, mean + half, x.size, informative)


def mean_of_tasks(tasks: Sequence[ArrayLike], *, confidence: float = 0.95, largest: Sequence[float] | None = None) -> Interval:
    """Unweighted mean over tasks of each task's mean; `tasks` holds one array per task: of document values, or of cluster means.

    For a difference of two checkpoints, give the paired differences, and in `largest` the greatest difference that one
    document of each task can have: no task's variance is then taken for less than with two documents more, half a document of
    which changed for and half against (Agresti & Min 2005, for differences of paired proportions). Without that, few documents
    of which none changed would look like a proof.

    The tasks' documents are independent samples, so the error is √Σ s²ᵢ/nᵢ ÷ k and the degrees of freedom are
    Satterthwaite's. A task with one document makes the interval infinite. `informative` is true of means above zero, as in
    `clustered_mean`; it says nothing about differences.

    Raises `ValueError` for no tasks, an empty task, or NaN.
    """
    mean, variance, freedom = task_moments(tasks, largest)
    informative = float(np.mean(np.concatenate([np.asarray(t, dtype=float) for t in tasks]) > 0)) >= MIN_INFORMATIVE
    documents = sum(np.size(t) for t in tasks)
    if variance == 0:
        return Interval(mean, mean, mean, documents, informative)
    half = np.inf if np.isinf(variance) else t_quantile((1 + confidence) / 2, freedom) * variance**0.5
    return Interval(mean, mean - half, mean + half, documents, informative)


def task_moments(tasks: Sequence[ArrayLike], largest: Sequence[float] | None = None) -> tuple[float, float, float]:
    """(mean, its variance, degrees of freedom) behind `mean_of_tasks`."""
    arrays = [np.asarray(t, dtype=float) for t in tasks]
    if not arrays or any(a.ndim != 1 or a.size == 0 for a in arrays):
        raise ValueError("tasks must be non-empty one-dimensional arrays, at least one")
    if any(np.isnan(a).any() for a in arrays):
        raise ValueError("values contain NaN")
    mean = float(np.mean([a.mean() for a in arrays]))
    if any(a.size == 1 for a in arrays):
        return mean, np.inf, 1.0
    spread = [_variance_of_mean(a, s) for a, s in zip(arrays, largest or [0.0] * len(arrays), strict=True)]
    variances = np.array(spread) / len(arrays) ** 2
    total = float(variances.sum())
    if total == 0:
        return mean, 0.0, 1.0
    return mean, total, total**2 / float(sum(v**2 / (a.size - 1) for v, a in zip(variances, arrays, strict=True)))


def t_quantile(probability: float, freedom: float) -> float:
    """Quantile of Student's t."""
    from scipy import special

    return float(special.stdtrit(freedom, probability))


def _variance_of_mean(values: NDArray[Any], largest: float) -> float:
    own = float(values.var(ddof=1)) / values.size
    n = values.size + 2
    return max(own, float(((values**2).sum() + largest**2) / n - (values.sum() / n) ** 2) / n) if largest else own
