"""Ranks of means with their uncertainty, where there is no more than a mean and its error."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from equipoise.harness_ext.stats import ranks_of_pairs

MOST = 1_000
"""Checkpoints that are ranked against each other: every pair is one test."""


def rank_bounds(means: ArrayLike, errors: ArrayLike, freedom: ArrayLike = np.inf, *, level: float = 0.05) -> pd.DataFrame:
    """Best and worst rank of each mean (Int64), 1 the highest; missing where a mean or its error is, and for all where there are too many.

    Two means are in order where their difference is significant at `level` after Holm's adjustment over all pairs (Welch's t with
    the degrees of `freedom` of each), their errors taken as independent. Of checkpoints that answered the same questions they are
    not, and these intervals are wider than the paired ones of `harness_ext.stats.rank_intervals`.
    """
    mean, error = np.asarray(means, dtype=float), np.asarray(errors, dtype=float)
    df = np.broadcast_to(np.asarray(freedom, dtype=float), mean.shape)
    found = pd.DataFrame(
        {"best": pd.array([pd.NA] * len(mean), dtype="Int64"), "worst": pd.array([pd.NA] * len(mean), dtype="Int64")}
    )
    known = np.flatnonzero(np.isfinite(mean) & np.isfinite(error) & (df >= 1))
    if not 1 < len(known) <= MOST:
        return found
    first, second = np.triu_indices(len(known), 1)
    difference = mean[known][first] - mean[known][second]
    variances = error[known][first] ** 2, error[known][second] ** 2
    spread = np.sqrt(sum(variances))
    t = np.divide(np.abs(difference), spread, out=np.where(difference != 0, np.inf, 0.0), where=spread > 0)
    with np.errstate(invalid="ignore", divide="ignore"):  # 0 / 0, where neither has an error
        welch = spread**4 / sum(v**2 / df[known][place] for v, place in zip(variances, (first, second), strict=True))
    p = 2 * special.stdtr(np.where(np.isfinite(welch), welch, 1e9), -t)
    ranks = ranks_of_pairs(len(known), difference, p, level=level)
    found.loc[known, ["best", "worst"]] = np.array(ranks)
    return found
