"""Scores over training and over size: points, where collapse sets in, where gains flatten, what a larger model buys."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from equipoise.harness_ext.stats import Interval


def training_points(rows: pd.DataFrame, over: str) -> pd.DataFrame:
    """The rows of a board that have a value of `over` ("tokens" or "step"), by series and then along it; with `line`, their line's name, and
    `head`, whether it stands there for the line's beginning.

    A base stands at the beginning of the lines of all series that started from it.
    """
    known = rows[rows[over].notna()].assign(head=False)
    known["line"] = known["series"].astype(object).where(known["series"].notna(), known["checkpoint"])
    started = rows[rows["base"].notna() & ~rows["is_base"] & rows[over].notna()]
    places = {str(name): i for i, name in enumerate(rows["checkpoint"])}
    from_zero = set(known.loc[known[over] == 0, "line"])
    heads = []
    for line, members in started.groupby(
        started["series"].astype(object).where(started["series"].notna(), started["checkpoint"]), sort=False
    ):
        bases = [places[base] for base in members["base"].unique() if base in places]
        if len(bases) == 1 and line not in from_zero:
            heads.append(rows.iloc[bases].assign(**{over: 0, "line": line, "head": True}))
    if heads:
        moved = {name for head in heads for name in head["checkpoint"]}
        alone = known.groupby("line")["line"].transform("size") == 1  # a base is no line of its own where it begins others
        known = known[~(known["checkpoint"].isin(moved) & known["is_base"] & alone)]
        known = pd.concat([*heads, known], ignore_index=True)
    return known.sort_values(["line", over], kind="stable").reset_index(drop=True)


def best_lines(points: pd.DataFrame, most: int) -> pd.DataFrame:
    """The points of those `most` lines whose best checkpoint has the highest balance; where that is missing, G, then D."""
    best = points.groupby("line")[["balance", "G", "D"]].max().sort_values(["balance", "G", "D"], ascending=False, kind="stable")
    return points[points["line"].isin(best.index[:most])].reset_index(drop=True)


def collapse_onset(points: pd.DataFrame, over: str) -> pd.DataFrame:
    """Per line the first place from which on every checkpoint is a collapse; lines without one are not in it."""
    found = []
    for line, members in points.groupby("line", sort=False):
        collapsed = members["verdict"].eq("collapse").to_numpy()
        if len(collapsed) and collapsed[-1]:
            first = len(collapsed) - int(np.argmin(collapsed[::-1])) if not collapsed.all() else 0
            found.append((line, members[over].iloc[first], members["checkpoint"].iloc[first]))
    return pd.DataFrame(found, columns=["line", over, "checkpoint"])


def flattening(points: pd.DataFrame, over: str, side: str) -> pd.DataFrame:
    """Per line the first place that lies above the line's first point with its whole 95 % interval, and after which no checkpoint lies above
    that interval; lines without intervals, or without a gain, are not in it."""
    found = []
    for line, members in points.groupby("line", sort=False):
        low, mean, high = (members[f"{side}{end}"].to_numpy(float) for end in ("_low", "", "_high"))
        if len(members) < 3 or np.isnan([low, mean, high]).any():
            continue
        later = np.maximum.accumulate(mean[::-1])[::-1]
        flat = np.flatnonzero((np.append(later[1:], -np.inf) <= high) & (low > mean[0]))
        if len(flat) and flat[0] < len(members) - 1:
            found.append((line, members[over].iloc[flat[0]], members["checkpoint"].iloc[flat[0]]))
    return pd.DataFrame(found, columns=["line", over, "checkpoint"])


def marginal_gain(x: ArrayLike, y: ArrayLike) -> pd.DataFrame:
    """Gain per doubling of x between neighbours: columns from, to, gain. x must be positive; x within a tenth of each other are one,
    their mean."""
    frame = pd.DataFrame({"x": np.asarray(x, dtype=float), "y": np.asarray(y, dtype=float)}).dropna()
    frame = frame[frame["x"] > 0]
    mean = frame.groupby(_pools(frame["x"].to_numpy())).mean()
    at = mean["x"].to_numpy(float)
    return pd.DataFrame({"from": at[:-1], "to": at[1:], "gain": np.diff(mean["y"]) / np.diff(np.log2(at))})


def _pools(x: np.ndarray) -> np.ndarray:
    """The number of each value's pool, from the smallest on: values within a tenth of the smallest of them are one."""
    pools, number, start = np.zeros(len(x), dtype=int), -1, -math.inf
    for place in np.argsort(x):
        if x[place] > 1.1 * start:
            number, start = number + 1, x[place]
        pools[place] = number
    return pools


class Fit(NamedTuple):
    """A straight line in log10 x with its 95 % band."""

    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray
    slope: Interval
    """Per tenfold x."""


def size_fit(x: ArrayLike, y: ArrayLike, points: int = 40) -> Fit | None:
    """Least squares of y on log10 x; None where the data does not carry one: fewer than four different x (see `marginal_gain`),
    or a slope whose 95 % interval holds 0. The band is that of the line's mean (Student's t, n − 2 degrees of freedom)."""
    from scipy import stats

    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    known = (a > 0) & ~np.isnan(b)
    if len(set(_pools(a[known]))) < 4:
        return None
    a, b = np.log10(a[known]), b[known]
    line = stats.linregress(a, b)
    quantile = float(stats.t.ppf(0.975, len(a) - 2))
    slope = Interval(line.slope, line.slope - quantile * line.stderr, line.slope + quantile * line.stderr, len(a), True)
    if slope.low <= 0 <= slope.high:
        return None
    grid = np.linspace(a.min(), a.max(), points)
    residual = np.sqrt(((b - line.intercept - line.slope * a) ** 2).sum() / (len(a) - 2))
    half = quantile * residual * np.sqrt(1 / len(a) + (grid - a.mean()) ** 2 / ((a - a.mean()) ** 2).sum())
    mean = line.intercept + line.slope * grid
    return Fit(10**grid, mean, mean - half, mean + half, slope)
