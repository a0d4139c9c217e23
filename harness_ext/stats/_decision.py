"""From an interval to a decision, and what a decision would need."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from equipoise.harness_ext.stats._means import t_quantile, task_moments

_MANY = 1e9
"""Degrees of freedom of a large sample."""

Answer = Literal["no collapse", "collapse", "inconclusive"]


class NonInferiority(NamedTuple):
    """Whether a loss is smaller than the margin."""

    answer: Answer
    mean: float
    low: float
    """One-sided lower bound."""
    high: float
    """One-sided upper bound."""
    power: float
    """Chance of "no collapse" with so many documents of this spread, had nothing been lost."""


def non_inferiority(
    tasks: Sequence[ArrayLike], margin: float, *, confidence: float = 0.95, largest: Sequence[float] | None = None
) -> NonInferiority:
    """Is the mean over tasks of paired differences (new − base) above −margin?

    *No collapse* where the one-sided lower bound is above −margin, *collapse* where the upper bound is below it, else
    *inconclusive*. `tasks` and `largest` are those of `mean_of_tasks`. Raises `ValueError` as it does, and for a margin that
    is not positive.
    """
    if not margin > 0:
        raise ValueError(f"the margin must be above 0, not {margin}")
    mean, variance, freedom = task_moments(tasks, largest)
    error = variance**0.5
    half = t_quantile(confidence, freedom) * error if np.isfinite(error) else np.inf
    low, high = mean - half, mean + half
    answer: Answer = "no collapse" if low > -margin else "collapse" if high < -margin else "inconclusive"
    return NonInferiority(answer, mean, low, high, planned_power(margin, error, freedom, confidence=confidence))


def planned_power(effect: float, error: float, freedom: float, *, confidence: float = 0.95) -> float:
    """Chance that a one-sided t-test with standard error `error` shows a true `effect`; noncentral t."""
    from scipy import stats

    if not np.isfinite(error):
        return 0.0
    if error == 0:
        return 1.0
    return float(stats.nct.sf(t_quantile(confidence, freedom), freedom, effect / error))


def holm(p_values: ArrayLike) -> list[float]:
    """p-values (n,) adjusted for their number (Holm 1979), in the order given."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(np.minimum(1.0, p[order] * np.arange(p.size, 0, -1)))
    return [float(a) for a in adjusted]


def minimum_detectable_effect(spread: float, clusters: int, *, power: float = 0.8, confidence: float = 0.95) -> float:
    """Smallest true difference that a two-sided paired t-test on `clusters` questions shows with chance `power`.

    `spread`: standard deviation of the paired differences over questions. Infinite below two questions. The far tail of the
    two-sided test is left out: it weighs less than 1e-4 at a power of 0.5 or more.
    """
    from scipy import optimize, stats

    if clusters < 2:
        return float("inf")
    if spread == 0:
        return 0.0
    threshold = t_quantile((1 + confidence) / 2, clusters - 1)
    centre = optimize.brentq(lambda nc: stats.nct.sf(threshold, clusters - 1, nc) - power, 0.0, threshold + 20.0)
    return float(centre * spread / clusters**0.5)


def questions_to_decide(
    spread: float, effect: float, *, power: float = 0.8, confidence: float = 0.95, most: int = 1_000_000
) -> int | None:
    """Fewest questions in all with which a true difference `effect` would be shown; None for none, or beyond `most`.

    At least so many that a sign-flip test of them can be significant at all.
    """
    if effect == 0 or spread == 0:
        return None
    fewest = math.ceil(1 - math.log2(1 - confidence))
    low, high = fewest - 1, fewest
    while minimum_detectable_effect(spread, high, power=power, confidence=confidence) > abs(effect):
        low, high = high, high * 2
        if low > most:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        enough = minimum_detectable_effect(spread, middle, power=power, confidence=confidence) <= abs(effect)
        low, high = (low, middle) if enough else (middle, high)
    return high


def documents_to_decide(found: NonInferiority, margin: float, *, power: float = 0.8) -> float | None:
    """How many times the documents there are would be needed to decide, were the true loss the one observed.

    Large-sample approximation; None where the observed loss is the margin itself, so that no number decides.
    """
    distance = abs(found.mean + margin)
    half = (found.high - found.low) / 2
    if distance == 0 or not np.isfinite(half):
        return None
    reach = t_quantile(0.95, _MANY)
    error = half / reach
    return float(max(1.0, ((reach + t_quantile(power, _MANY)) * error / distance) ** 2))
