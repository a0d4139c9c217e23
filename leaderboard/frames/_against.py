"""Checkpoints against their bases, on the tests that both took."""

from __future__ import annotations

import pandas as pd

from equipoise.leaderboard.frames._sides import abilities, quantile, sides


def against_base(measured: pd.DataFrame, checkpoints: pd.DataFrame) -> pd.DataFrame:
    """One row per checkpoint whose base is here, from the rows of `measured` and of `Index.checkpoints`.

    Of each task counts the first choice among the tests that both took, whatever counts of either alone. Columns: checkpoint; delta_D,
    delta_G; delta_G_low and delta_G_high, one-sided 95 % bounds with the two errors taken as independent (Welch); retention, G ÷ G of the
    base where the base's lower bound is above 0; not_compared, general tasks of the base that the checkpoint was not scored on, or
    otherwise (another version, other shots, fewer documents).
    """
    bases = checkpoints.set_index("name")["base"]
    bases = bases[bases.isin(checkpoints["name"]) & (bases != bases.index)]
    rows = measured.assign(checkpoint=measured["checkpoint"].astype(object))
    own = rows[rows["checkpoint"].isin(bases.index)]
    own = own.assign(base=own["checkpoint"].map(bases).astype(object))
    theirs = rows.loc[rows["checkpoint"].isin(set(bases)), ["checkpoint", "test", "value", "stderr"]]
    theirs = theirs.drop_duplicates(["checkpoint", "test"]).rename(columns={"checkpoint": "base"})
    shared = own.merge(theirs, on=["base", "test"], suffixes=("", "_base")).drop_duplicates(["checkpoint", "task"])
    mine = sides(abilities(shared)).set_index("checkpoint")
    base = sides(abilities(shared.assign(value=shared["value_base"], stderr=shared["stderr_base"]))).set_index("checkpoint")
    a, b = mine["G_stderr"] ** 2, base["G_stderr"] ** 2
    freedom = (a + b) ** 2 / (a**2 / mine["G_df"] + b**2 / base["G_df"])
    half = (a + b) ** 0.5 * quantile(freedom.where((mine["G_df"] >= 1) & (base["G_df"] >= 1), 0), 0.95)
    found = pd.DataFrame({"delta_D": mine["D"] - base["D"], "delta_G": mine["G"] - base["G"]})
    found = found.assign(delta_G_low=found["delta_G"] - half, delta_G_high=found["delta_G"] + half)
    found["retention"] = (mine["G"] / base["G"]).where(base["G_low"] > 0)
    found = found.reindex(bases.index)
    taken = rows[rows["role"] == "general"].drop_duplicates(["checkpoint", "task"]).groupby("checkpoint").size()
    both = shared[shared["role"] == "general"].groupby("checkpoint").size()
    found["not_compared"] = bases.map(taken).fillna(0).astype(int) - both.reindex(bases.index).fillna(0).astype(int)
    return found.rename_axis("checkpoint").reset_index()
