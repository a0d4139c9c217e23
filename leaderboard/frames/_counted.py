"""Which number of a task counts: one per (checkpoint, task), above chance on the general side."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from equipoise.harness_ext.chance import METRICS, WRITTEN, chance_by_name

PREFERENCE = ("score", "above_chance", "prompt_level_strict_acc", *METRICS)
"""The first of these that a task has is the one that counts."""
_AS_IT_IS = ("score", "above_chance")
"""Metrics that are shares above chance already."""


def counted(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per (checkpoint, task) from the scores of `Index.scores`.

    Columns: checkpoint, role, ability, task, metric, documents, date, value and stderr as (m − c) / (1 − c) with the chance level c
    of the task (rubric scores as they are), and chance. A task without a known chance level or direction is not in it, see
    `left_out`; nor are groups, ignored tasks and forms of a rubric other than its lowest. Missing errors stay missing.
    """
    rows = _candidates(scores)
    rows = rows[rows["chance"].notna()]
    span = 1 - rows["chance"]
    return rows.assign(value=(rows["value"] - rows["chance"]) / span, stderr=rows["stderr"] / span)[
        ["checkpoint", "role", "ability", "task", "metric", "documents", "date", "value", "stderr", "chance"]
    ].reset_index(drop=True)


def left_out(scores: pd.DataFrame) -> list[str]:
    """Tasks that are in neither score: no metric with a direction, or no known chance level. Sorted."""
    leaves = scores[~scores["is_group"] & (scores["role"] != "ignore")]
    candidates = _candidates(scores)
    known = set(candidates.loc[candidates["chance"].notna(), "task"].astype(str))
    return sorted(set(leaves["task"].astype(str)) - known)


def _candidates(scores: pd.DataFrame) -> pd.DataFrame:
    """The metric that counts of every task, with its chance level where that is known."""
    rows = scores[~scores["is_group"] & (scores["role"] != "ignore") & scores["metric"].isin(PREFERENCE) & scores["value"].notna()]
    metric = rows["metric"].astype(str)
    allowed = metric.ne("prompt_level_strict_acc") | rows["task"].astype(str).isin(
        [t for t, m in WRITTEN.items() if m == "prompt_level_strict_acc"]
    )
    rows = rows[allowed & (metric.ne("score") | rows["filter"].astype(str).eq("rubric"))]
    order = rows["metric"].astype(str).map({name: i for i, name in enumerate(PREFERENCE)})
    # the lowest form of a rubric, the best metric, the newest run, the first filter
    rows = (
        rows.assign(_form=rows["form"].fillna(0).astype(int), _order=order)
        .sort_values(["_form", "_order", "date"], ascending=[True, True, False], kind="stable")
        .drop_duplicates(["checkpoint", "task"])
    )
    by_name = np.array([_chance_by_name(task) for task in rows["task"].astype(str)], dtype=float)
    chance = np.where(rows["metric"].isin(_AS_IT_IS), 0.0, rows["chance"].fillna(pd.Series(by_name, index=rows.index)))
    return rows.assign(chance=chance).drop(columns=["_form", "_order"])


@lru_cache(maxsize=100_000)
def _chance_by_name(task: str) -> float:
    found = chance_by_name(task)
    return np.nan if found is None else found
