"""The table of all checkpoints, in the order of the board."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from equipoise.leaderboard.frames._pareto import pareto_front
from equipoise.leaderboard.frames._ranks import rank_bounds

VERDICTS = ("no collapse", "base", "inconclusive", "unknown", "collapse")
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
    sides: pd.DataFrame,
    checkpoints: pd.DataFrame,
    differences: pd.DataFrame,
    *,
    margin: float = 0.03,
    paired: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per checkpoint: what `sides` has, the facts of `Index.checkpoints`, what `against_base` has (`differences`), and

    verdict (one of `VERDICTS`) at `margin`: never "no collapse" where general tasks of the base were not compared; paired, whether the
    differences come from the same documents (`paired`: checkpoint, delta_D, delta_G, delta_G_low, delta_G_high, not_compared) or from two
    errors taken as independent, which is wider; balance √(max(D, 0) · max(G, 0)); rank_best and rank_worst by D, see `rank_bounds`, and
    on_front, both among the checkpoints that took the same tests, the most common ones; is_base, others here started from it, and it from
    none here.

    Sorted by verdict, then balance. A base has no difference. Missing stays missing.
    """
    rows = checkpoints[["name", *_FACTS]].rename(columns={"name": "checkpoint"}).merge(sides, on="checkpoint", how="left")
    rows = rows.merge(differences, on="checkpoint", how="left")
    rows["is_base"] &= ~rows["checkpoint"].isin(differences["checkpoint"])
    rows["balance"] = np.sqrt(rows["D"].clip(lower=0) * rows["G"].clip(lower=0))
    ranked = rows["D_tests"].eq(_most_common(rows["D_tests"]))
    errors = rows["D_stderr"].where(ranked)
    rows[["rank_best", "rank_worst"]] = rank_bounds(rows["D"], errors, rows["D_df"])[["best", "worst"]].to_numpy()
    rows = rows.astype({"rank_best": "Int64", "rank_worst": "Int64"})
    rows["paired"] = False
    if paired is not None and len(paired):
        known = paired.set_index("checkpoint")
        mine = rows["checkpoint"].isin(known.index)
        for column in ("delta_D", "delta_G", "delta_G_low", "delta_G_high"):
            rows.loc[mine, column] = rows.loc[mine, "checkpoint"].map(known[column])
        rows.loc[mine, "paired"] = True
    rows["verdict"] = _verdicts(rows, margin)
    both = rows["D_tests"].astype(str).where(rows["D"].notna() & rows["G"].notna()) + " " + rows["G_tests"].astype(str)
    alike = rows[both.eq(_most_common(both))]
    rows["on_front"] = np.isin(np.arange(len(rows)), alike.index.to_numpy()[pareto_front(alike["D"], alike["G"])])
    place = rows["verdict"].map({v: i for i, v in enumerate(VERDICTS)})
    rows = rows.assign(_place=place).sort_values(
        ["_place", "balance", "checkpoint"], ascending=[True, False, True], na_position="last", kind="stable"
    )
    return rows.drop(columns="_place").reset_index(drop=True)


def _most_common(values: pd.Series) -> Any:
    """The value that occurs most often; None where there is none, or several are."""
    found = values.mode()
    return found.iloc[0] if len(found) == 1 else None


def _verdicts(rows: pd.DataFrame, margin: float) -> pd.Series:
    found = np.select(
        [
            (rows["delta_G_low"] > -margin) & (rows["not_compared"] == 0),
            rows["delta_G_high"] < -margin,
            rows["delta_G_low"].notna(),
        ],
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


def with_bases(rows: pd.DataFrame, every: pd.DataFrame) -> pd.DataFrame:
    """Some rows of a board and the bases that they started from, in the board's order."""
    return every[every["checkpoint"].isin(rows["checkpoint"]) | every["checkpoint"].isin(rows["base"].dropna())]
