"""D and G of every checkpoint from what counts of its tasks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

RUBRIC = "score"


def abilities(counted: pd.DataFrame) -> pd.DataFrame:
    """One row per (checkpoint, role, ability): value, stderr (missing where one of its tasks has none), documents, tasks.

    Tasks of one ability weigh by their documents, and the same where those are not known.
    """
    rows = counted.copy()
    unit = ["checkpoint", "role", "ability"]
    rows["ability"] = rows["ability"].astype(str).where(rows["ability"].notna(), rows["task"].astype(str))
    rows[["checkpoint", "role"]] = rows[["checkpoint", "role"]].astype(str)
    known = rows.groupby(unit, sort=False)["documents"].transform(lambda d: d.notna().all())
    rows["weight"] = np.where(known, rows["documents"].fillna(1).astype(float), 1.0)
    rows["weight"] /= rows.groupby(unit, sort=False)["weight"].transform("sum")
    rows["value"] *= rows["weight"]
    rows["variance"] = (rows["weight"] * rows["stderr"]) ** 2
    rows["documents"] = rows["documents"].astype(float)
    found = rows.groupby(unit, sort=False).agg(
        value=("value", "sum"),
        variance=("variance", lambda v: v.sum(skipna=False)),
        documents=("documents", lambda d: d.sum(skipna=False)),
        tasks=("task", "size"),
    )
    found["stderr"] = np.sqrt(found.pop("variance"))
    return found.reset_index()


def sides(counted: pd.DataFrame) -> pd.DataFrame:
    """One row per checkpoint: D, G and their `_stderr`, `_low`, `_high` (95 %), `_n` (abilities or domain tasks).

    D is the unweighted mean over domain abilities, G over general ones. An error is missing where one of its parts is; then the
    bounds are missing too: an unknown error is never drawn as none, nor as everything.
    """
    parts = abilities(counted)
    found = pd.DataFrame(index=pd.Index(dict.fromkeys(parts["checkpoint"]), name="checkpoint"))
    for side, role in (("D", "domain"), ("G", "general")):
        mine = parts[parts["role"] == role]
        grouped = mine.groupby("checkpoint", sort=False)
        n = grouped.size()
        error = np.sqrt(grouped["stderr"].agg(lambda s: (s**2).sum(skipna=False))) / n
        freedom = grouped["documents"].agg(lambda d: d.sum(skipna=False)) - n
        half = error * special.stdtrit(freedom.where(freedom >= 1).fillna(1e9), 0.975)
        mean = grouped["value"].mean()
        columns = {"": mean, "_stderr": error, "_low": mean - half, "_high": mean + half, "_n": n.astype("Int64")}
        for suffix, values in columns.items():
            found[side + suffix] = values
    return found.reset_index()
