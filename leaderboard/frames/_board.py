"""The table of all checkpoints, in the order of the board."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy import special

from equipoise.leaderboard.frames._pareto import pareto_front
from equipoise.leaderboard.frames._ranks import rank_bounds

VERDICTS = ("no collapse", "inconclusive", "collapse", "base", "unknown")
"""In the order of the board."""

_FACTS = [
    "series",
    "base",
    "is_base",
    "parameters",
    "step",
    "tokens",
    "mix",
    "recipe",
    "seed",
    "stage",
    "learning_rate",
    "kind",
    "folder",
    "date",
]


def board(
    sides: pd.DataFrame, checkpoints: pd.DataFrame, *, margin: float = 0.03, paired: pd.DataFrame | None = None
) -> pd.DataFrame:
    """One row per checkpoint: what `sides` has, the facts of `Index.checkpoints`, and against its base

    delta_D, delta_G; delta_G_low and delta_G_high, one-sided 95 % bounds; verdict (one of `VERDICTS`) at `margin`; paired, whether these come from
    the same documents (`paired`: checkpoint, delta_D, delta_G, delta_G_low, delta_G_high) or from two errors taken as independent, which is
    wider; balance √(max(D, 0) · max(G, 0)); rank_best and rank_worst by D, see `rank_bounds`; retention G ÷ G of the base where the base's lower bound is above 0; on_front.

    Sorted by verdict, then balance. A base has no difference. Missing stays missing.
    """
    rows = checkpoints[["name", *_FACTS]].rename(columns={"name": "checkpoint"}).merge(sides, on="checkpoint", how="inner")
    rows["balance"] = np.sqrt(rows["D"].clip(lower=0) * rows["G"].clip(lower=0))
    rows[["rank_best", "rank_worst"]] = rank_bounds(rows["D"], rows["D_stderr"])[["best", "worst"]].to_numpy()
    rows = rows.astype({"rank_best": "Int64", "rank_worst": "Int64"})
    rows = _against_base(rows)
    rows["paired"] = False
    if paired is not None and len(paired):
        known = paired.set_index("checkpoint")
        mine = rows["checkpoint"].isin(known.index)
        for column in ("delta_D", "delta_G", "delta_G_low", "delta_G_high"):
            rows.loc[mine, column] = rows.loc[mine, "checkpoint"].map(known[column])
        rows.loc[mine, "paired"] = True
    rows["verdict"] = _verdicts(rows, margin)
    front = pareto_front(rows["D"], rows["G"])
    rows["on_front"] = np.isin(np.arange(len(rows)), front)
    place = rows["verdict"].map({v: i for i, v in enumerate(("no collapse", "base", "inconclusive", "unknown", "collapse"))})
    rows = rows.assign(_place=place).sort_values(
        ["_place", "balance", "checkpoint"], ascending=[True, False, True], na_position="last", kind="stable"
    )
    return rows.drop(columns="_place").reset_index(drop=True)


def _against_base(rows: pd.DataFrame) -> pd.DataFrame:
    """Differences of two means whose errors are taken as independent."""
    bases = rows.set_index("checkpoint")[["D", "G", "G_low", "G_stderr"]]
    base = bases.reindex(rows["base"]).reset_index(drop=True)
    own = rows["base"].eq(rows["checkpoint"]) | rows["is_base"]
    base.loc[own.to_numpy()] = np.nan
    base.index = rows.index
    error = np.sqrt(rows["G_stderr"] ** 2 + base["G_stderr"] ** 2) * float(special.ndtri(0.95))
    delta = rows["G"] - base["G"]
    retention = (rows["G"] / base["G"]).where(base["G_low"] > 0)
    return rows.assign(
        delta_D=rows["D"] - base["D"], delta_G=delta, delta_G_low=delta - error, delta_G_high=delta + error, retention=retention
    )


def _verdicts(rows: pd.DataFrame, margin: float) -> pd.Series:
    found = np.select(
        [rows["delta_G_low"] > -margin, rows["delta_G_high"] < -margin, rows["delta_G_low"].notna()],
        ["no collapse", "collapse", "inconclusive"],
        default="unknown",
    )
    return pd.Series(np.where(rows["is_base"] & rows["delta_G"].isna(), "base", found), index=rows.index)


def filtered(
    rows: pd.DataFrame,
    *,
    series: Collection[str] = (),
    verdicts: Collection[str] = (),
    sizes: Collection[int] = (),
    text: str = "",
) -> pd.DataFrame:
    """The rows of a board that pass all filters; an empty filter passes everything. `text` is looked for in the name, whatever its case."""
    keep = pd.Series(True, index=rows.index)
    if series:
        keep &= rows["series"].isin(list(series))
    if verdicts:
        keep &= rows["verdict"].isin(list(verdicts))
    if sizes:
        keep &= rows["parameters"].isin(list(sizes))
    if text:
        keep &= rows["checkpoint"].astype(str).str.lower().str.contains(text.lower(), regex=False)
    return rows[keep]
