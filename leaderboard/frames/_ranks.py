"""Ranks of means with their uncertainty, where there is no more than a mean and its error."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from equipoise.harness_ext.stats import ranks_of_pairs

MOST = 1_000
"""Checkpoints that are ranked against each other: every pair is one test."""


def rank_bounds(means: ArrayLike, errors: ArrayLike, *, level: float = 0.05) -> pd.DataFrame:
    """Best and worst rank of each mean (Int64), 1 the highest; missing where a mean or its error is, and for all where there are too many.

    Two means are in order where their difference is significant at `level` after Holm's adjustment over all pairs, their errors taken as
    independent. Of checkpoints that answered the same questions they are not, and these intervals are wider than the paired ones of
    `harness_ext.stats.rank_intervals`.
    """
    mean, error = np.asarray(means, dtype=float), np.asarray(errors, dtype=float)
    found = pd.DataFrame(
        {"best": pd.array([pd.NA] * len(mean), dtype="Int64"), "worst": pd.array([pd.NA] * len(mean), dtype="Int64")}
    )
    known = np.flatnonzero(np.isfinite(mean) & np.isfinite(error))
    if not 1 < len(known) <= MOST:
        return found
    first, second = np.triu_indices(len(known), 1)
    difference = mean[known][first] - mean[known][second]
    spread = np.hypot(error[known][first], error[known][second])
    z = np.divide(np.abs(difference), spread, out=np.where(difference != 0, np.inf, 0.0), where=spread > 0)
    ranks = ranks_of_pairs(len(known), difference, 2 * special.ndtr(-z), level=level)
    found.loc[known, ["best", "worst"]] = np.array(ranks)
    return found


def rank_name(best: int, worst: int) -> str | None:
    """Such as `3` or `2 – 7`; None where it is not known."""
    if pd.isna(best) or pd.isna(worst):
        return None
    return str(best) if best == worst else f"{best} – {worst}"
