"""Two checkpoints on the same questions: difference, interval, p."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from equipoise.harness_ext.stats._means import MIN_INFORMATIVE, cluster_means, clustered_mean

EXACT_FLIPS = 14
"""Up to so many non-zero differences all sign patterns are counted."""


class Paired(NamedTuple):
    """Mean difference b − a over clusters."""

    mean: float
    low: float
    high: float
    p: float
    """Two-sided, of "signs of the differences are a coin flip"."""
    clusters: int
    better: int
    """Clusters in which b is above a."""
    worse: int
    informative: bool
    """False: under 30 % of the clusters have a score above zero in a or in b."""


def paired_difference(
    a: ArrayLike, b: ArrayLike, clusters: Sequence[Hashable] | None = None, *, confidence: float = 0.95, draws: int = 10_000
) -> Paired:
    """Mean of b − a (n,), paired, with a t-interval over clusters and a sign-flip permutation p.

    Raises `ValueError` for lengths that differ, no values, or NaN.
    """
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if x.shape != y.shape:
        raise ValueError(f"{x.size} values against {y.size}")
    interval = clustered_mean(y - x, clusters, confidence=confidence)
    difference = cluster_means(y - x, clusters)
    above = (cluster_means(x, clusters) > 0) | (cluster_means(y, clusters) > 0)
    return Paired(
        interval.mean,
        interval.low,
        interval.high,
        sign_flip(difference, draws=draws),
        interval.clusters,
        int((difference > 0).sum()),
        int((difference < 0).sum()),
        float(above.mean()) >= MIN_INFORMATIVE,
    )


def sign_flip(differences: ArrayLike, *, draws: int = 10_000, seed: int = 0) -> float:
    """Two-sided p of a mean difference (k,) when every sign could as well be the other one.

    Exact up to 14 non-zero differences, else from `draws` random flips, counting the observed one (Phipson & Smyth 2010), so
    that p is never zero.
    """
    d = np.asarray(differences, dtype=float)
    d = d[d != 0]
    if d.size == 0:
        return 1.0
    observed = abs(d.sum()) - 1e-12 * np.abs(d).sum()  # ties with the observed sum count, whatever their last bit
    if d.size <= EXACT_FLIPS:
        patterns = (np.arange(2**d.size)[:, None] >> np.arange(d.size)) & 1
        return float(np.mean(np.abs((2 * patterns - 1) @ d) >= observed))
    rng = np.random.default_rng(seed)
    beyond = 0
    for start in range(0, draws, 1000):  # a thousand at a time: 2,400 documents stay below 20 MB
        signs = rng.integers(0, 2, (min(1000, draws - start), d.size), dtype=np.int8) * 2 - 1
        beyond += int((np.abs(signs @ d) >= observed).sum())
    return (beyond + 1) / (draws + 1)


def bootstrap_interval(
    values: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    confidence: float = 0.95,
    draws: int = 2_000,
    seed: int = 0,
) -> tuple[float, float]:
    """Interval of a mean by resampling clusters, bias-corrected and accelerated (scipy's BCa).

    Where all clusters are equal it is that value; with one cluster it is infinite.
    """
    from scipy import stats

    x = cluster_means(values, clusters)
    if x.size == 1:
        return -np.inf, np.inf
    if np.ptp(x) == 0:
        return float(x[0]), float(x[0])
    found = stats.bootstrap(
        (x,),
        np.mean,
        confidence_level=confidence,
        n_resamples=draws,
        method="BCa",
        rng=np.random.default_rng(seed),
        vectorized=True,
    ).confidence_interval
    return float(found.low), float(found.high)


def mcnemar(lost: int, won: int) -> float:
    """Exact two-sided p of right→wrong against wrong→right counts (McNemar 1947, binomial form); 1 where nothing changed."""
    from scipy import stats

    return float(stats.binomtest(lost, lost + won, 0.5).pvalue) if lost + won else 1.0
