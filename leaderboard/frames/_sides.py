"""D and G of every checkpoint from what counts of its tasks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.util import hash_array
from scipy import special


def abilities(counted: pd.DataFrame) -> pd.DataFrame:
    """One row per (checkpoint, role, ability): value, stderr (missing where one of its tasks has none), documents, tasks, and tests, equal
    where the same tests are in it.

    Tasks of one ability weigh by their documents, and the same where those are not known.
    """
    unit = ["checkpoint", "role", "ability"]
    ability = counted["ability"].astype("object").where(counted["ability"].notna(), counted["task"].astype("object"))
    rows = counted.assign(ability=ability.astype("category"), documents=counted["documents"].astype(float), tasks=1)
    rows["tests"] = hash_array(counted["test"].to_numpy())
    by = rows.groupby(unit, sort=False, observed=True)
    known = by["documents"].transform("count") == by["tasks"].transform("sum")
    rows["weight"] = np.where(known, rows["documents"], 1.0)
    rows["weight"] /= by["weight"].transform("sum")
    rows["value"] *= rows["weight"]
    rows["variance"] = (rows["weight"] * rows["stderr"]) ** 2
    found = rows.groupby(unit, sort=False, observed=True)[["value", "variance", "documents", "tasks", "tests"]].sum(skipna=False)
    found["stderr"] = np.sqrt(found.pop("variance"))
    return found.reset_index()


def sides(parts: pd.DataFrame) -> pd.DataFrame:
    """One row per checkpoint from the rows of `abilities`: D, G and their `_stderr`, `_low`, `_high` (95 %), `_n` (abilities or domain tasks),
    `_df` (degrees of freedom; infinite where documents are not known) and `_tests` (equal where the same tests are in it).

    D is the unweighted mean over domain abilities, G over general ones. An error is missing where one of its parts is; then the
    bounds are missing too, as they are where there are too few documents: an unknown error is never drawn as none, nor as everything.
    """
    variance, freedom = parts["stderr"] ** 2, (parts["documents"] - parts["tasks"]).fillna(np.inf)
    spread = (variance**2 / freedom.where(freedom >= 1, 0)).where(variance != 0, 0)  # Satterthwaite: the noisy parts decide
    parts = parts.assign(variance=variance, spread=spread)
    found = pd.DataFrame(index=pd.Index(parts["checkpoint"].drop_duplicates(), name="checkpoint"))
    for side, role in (("D", "domain"), ("G", "general")):
        mine = parts[parts["role"] == role]
        by = mine.groupby("checkpoint", sort=False, observed=True)
        n = by.size()
        sums = by[["value", "variance", "spread", "tests"]].sum(skipna=False)
        error, mean = np.sqrt(sums["variance"]) / n, sums["value"] / n
        freedom = (sums["variance"] ** 2 / sums["spread"]).where(sums["spread"] != 0, np.inf)
        half = error * quantile(freedom, 0.975)
        columns: dict[str, pd.Series] = {
            "": mean,
            "_stderr": error,
            "_low": mean - half,
            "_high": mean + half,
            "_n": n.astype("Int64"),
            "_df": freedom,
            "_tests": sums["tests"],
        }
        for suffix, values in columns.items():
            found[side + suffix] = values
    return found.reset_index()


def quantile(freedom: pd.Series, at: float) -> pd.Series:
    """Student's t, the normal one where the degrees of freedom are infinite; missing below one degree."""
    return pd.Series(special.stdtrit(freedom.where(freedom >= 1).clip(upper=1e9), at), index=freedom.index)
