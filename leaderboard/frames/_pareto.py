"""Pareto front and lines of equal balance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pareto_front(d: ArrayLike, g: ArrayLike) -> list[int]:
    """Positions of the points that no other beats: none is as good in both and better in one. In the order of D.

    Points with a missing coordinate are never on it; of equal points all are.
    """
    points = np.column_stack([np.asarray(d, dtype=float), np.asarray(g, dtype=float)])
    known = np.flatnonzero(~np.isnan(points).any(axis=1))
    order = known[np.lexsort((-points[known, 1], -points[known, 0]))]
    front: list[int] = []
    highest, at = -np.inf, np.nan
    for i in order:
        if points[i, 1] > highest or (points[i, 1] == highest and points[i, 0] == at):
            front.append(int(i))
            highest, at = points[i, 1], points[i, 0]
    return front[::-1]


def iso_balance(level: float, d: ArrayLike) -> NDArray[np.float64]:
    """G at which the balance √(D · G) is `level`, for each D above 0; NaN elsewhere."""
    x = np.asarray(d, dtype=float)
    found: NDArray[np.float64] = np.divide(level**2, x, out=np.full_like(x, np.nan), where=x > 0)
    return found
