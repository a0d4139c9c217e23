"""Which number of a task counts: one per (checkpoint, task), above chance on the general side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from equipoise.harness_ext.chance import METRICS, WRITTEN, chance_by_name

PREFERENCE = ("score", "above_chance", "prompt_level_strict_acc", *METRICS)
"""The first of these that a task has is the one that counts."""
_AS_IT_IS = ("score", "above_chance")
"""Metrics that are shares above chance already."""
TEST = ["task", "metric", "filter", "version", "form", "shots", "documents"]
"""Numbers can be set against each other where all of these are equal."""
COLUMNS = ["checkpoint", "role", "ability", "task", "metric", "documents", "date", "file", "value", "stderr", "chance", "test"]


def measured(scores: pd.DataFrame) -> pd.DataFrame:
    """What could count of each (checkpoint, task), from the scores of `Index.scores`; the first choice first.

    That is the lowest form of a rubric, the best metric, most documents, the settings that most checkpoints were scored with, the newest
    run, the first filter. Columns: those of the scores that are in `COLUMNS`; value and stderr as (m − c) / (1 − c) with the chance
    level c of the task (rubric scores as they are); chance; and test, a number that is equal where `TEST` is.

    Not in it are tasks without a known chance level or direction (see `left_out`), groups and ignored tasks. Missing errors stay missing;
    an error of 0, which all right or all wrong gives, becomes that of one document in n + 2.
    """
    rows = _candidates(scores)
    chance = np.where(rows["metric"].isin(_AS_IT_IS), 0.0, rows["chance"].fillna(_of_words(rows["task"], chance_by_name)))
    rows = rows.assign(chance=chance).dropna(subset="chance")
    span = 1 - rows["chance"]
    n = rows["documents"].astype(float)
    one = np.sqrt((n + 1) / n) / (n + 2)  # √(p(1 − p) / n) with p = 1 / (n + 2)
    error = rows["stderr"].where(rows["stderr"].ne(0) | rows["metric"].eq("score") | n.isna() | n.eq(0), one)
    rows = rows.assign(value=(rows["value"] - rows["chance"]) / span, stderr=error / span)
    return rows[COLUMNS].reset_index(drop=True)


def counted(measured: pd.DataFrame) -> pd.DataFrame:
    """The first choice of each (checkpoint, task)."""
    return measured.drop_duplicates(["checkpoint", "task"], ignore_index=True)


def passed_over(measured: pd.DataFrame) -> pd.DataFrame:
    """Runs whose number of a task does not count because another run's of the same checkpoint does: checkpoint, task, date, file."""
    rows = measured[measured.duplicated(["checkpoint", "task"], keep=False)]
    first = rows.groupby(["checkpoint", "task"], observed=True, sort=False)["file"].transform("first")
    other = rows["file"].astype(object).ne(first.astype(object))
    return rows.loc[other, ["checkpoint", "task", "date", "file"]].drop_duplicates()


def left_out(scores: pd.DataFrame, counted: pd.DataFrame) -> list[str]:
    """Tasks that are in neither score: no metric with a direction, or no known chance level. Sorted."""
    leaves = scores.loc[~scores["is_group"] & (scores["role"] != "ignore"), "task"]
    return sorted(set(leaves.unique()) - set(counted["task"].unique()))


def _candidates(scores: pd.DataFrame) -> pd.DataFrame:
    """The rows of metrics that could count, in the order of choice, with `test`."""
    order = _of_words(scores["metric"], {name: i for i, name in enumerate(PREFERENCE)}.get)
    strict = _of_words(scores["task"], {t: 1 for t, m in WRITTEN.items() if m == "prompt_level_strict_acc"}.get)
    keep = ~np.isnan(order) & ~scores["is_group"] & (scores["role"] != "ignore") & scores["value"].notna()
    keep &= scores["metric"].ne("prompt_level_strict_acc") | ~np.isnan(strict)
    keep &= scores["metric"].ne("score") | scores["filter"].eq("rubric")
    rows: pd.DataFrame = scores.loc[keep, list(dict.fromkeys([*COLUMNS[:-1], *TEST]))].assign(_order=order[keep])
    best = rows.groupby(["checkpoint", "task"], observed=True)["_order"].transform("min")
    rows = rows[
        rows["_order"] <= best.groupby(rows["task"], observed=True).transform("max")
    ]  # no metric worse than all checkpoints have
    test = rows.groupby(TEST, observed=True, sort=False, dropna=False).ngroup()
    rows = rows.assign(test=test, _form=rows["form"].fillna(0).astype(int))
    often = rows.drop_duplicates(["checkpoint", "test"])["test"].value_counts()
    by = ["_form", "_order", "documents", "_often", "date"]
    ascending = [True, True, False, False, False]
    return rows.assign(_often=test.map(often)).sort_values(by, ascending=ascending, kind="stable")


def _of_words(column: pd.Series, number: Callable[[str], float | None]) -> pd.Series:
    """A number that depends on the text only, asked once per text; NaN where there is none."""
    words = column.astype("category")
    known = np.array([number(str(word)) for word in words.cat.categories] + [None], dtype=float)
    return pd.Series(known[words.cat.codes], index=column.index)
