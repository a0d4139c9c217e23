"""One line of a comparison: two means, their paired difference, and how sure it is."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from equipoise.harness_ext.stats import cluster_means, holm, mean_of_tasks, minimum_detectable_effect, paired_difference

LEVEL = 0.05
"""Below this adjusted p a difference is called shown."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Other − base over the same questions, in the unit of the scores."""

    name: str
    base: float
    value: float
    mean: float
    low: float
    """95 %, two-sided."""
    high: float
    p: float
    adjusted: float
    """p after Holm's adjustment over the lines of its table."""
    clusters: int
    better: int
    """Clusters that improved: that fell, where lower is better."""
    worse: int
    spread: float
    """Standard deviation of the differences over clusters."""
    informative: bool
    higher_is_better: bool = True
    family: int = 1
    """Lines that were tested together."""

    @property
    def gain(self) -> bool:
        """Whether the change is for the better."""
        return (self.mean > 0) == self.higher_is_better

    @property
    def detectable(self) -> float:
        """Smallest true difference that so many clusters of this spread show four times in five, tested as one of its family.

        Infinite where even a change of all clusters alike could not be significant.
        """
        if self.family * 2.0 ** (1 - self.clusters) > LEVEL:
            return float("inf")
        return minimum_detectable_effect(self.spread, self.clusters, confidence=1 - LEVEL / self.family)


def difference(
    name: str,
    base: ArrayLike,
    other: ArrayLike,
    clusters: Sequence[Hashable],
    p: float | None = None,
    *,
    higher_is_better: bool = True,
    largest: float = 0.0,
) -> Difference:
    """A line from paired values (n,). `p` replaces the sign-flip p where an exact test is known; `largest` as in `mean_of_tasks`."""
    x, y = np.asarray(base, dtype=float), np.asarray(other, dtype=float)
    found = paired_difference(x, y, clusters, draws=4_000)
    spread = cluster_means(y - x, clusters)
    bounds = mean_of_tasks([spread], largest=[largest])
    sure = found.p if p is None else p
    better, worse = (found.better, found.worse) if higher_is_better else (found.worse, found.better)
    return Difference(
        name,
        float(cluster_means(x, clusters).mean()),
        float(cluster_means(y, clusters).mean()),
        found.mean,
        bounds.low,
        bounds.high,
        sure,
        sure,
        found.clusters,
        better,
        worse,
        float(spread.std(ddof=1)) if spread.size > 1 else 0.0,
        found.informative,
        higher_is_better,
    )


def adjust(lines: Sequence[Difference]) -> list[Difference]:
    """The lines with Holm's adjustment over all of them."""
    adjusted = holm([line.p for line in lines])
    return [replace(line, adjusted=p, family=len(lines)) for line, p in zip(lines, adjusted, strict=True)]
