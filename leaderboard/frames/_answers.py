"""Graded answers → tables: by dimension and category, by question, over checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

DIMENSIONS = ("score", "reliability", "business_impact", "pass_all", "pass_any", "harm_any")
ANSWERED = ("doc", "doc_id", "filtered_resps", *DIMENSIONS, "critical_failure")
"""What the pages use of a sample of a rubric task."""


def rubric_runs(scores: pd.DataFrame, metric: str = "score") -> pd.DataFrame:
    """The row of `metric` that counts per (checkpoint, rubric task), from `Index.scores`: the lowest form, of it the newest run."""
    mine = scores["metric"].eq(metric) & scores["filter"].eq("rubric") & scores["role"].eq("domain") & ~scores["is_group"]
    rows = scores[mine & scores["value"].notna()]
    rows = rows.assign(form=rows["form"].fillna(0)).sort_values(["form", "date"], ascending=[True, False], kind="stable")
    return rows.drop_duplicates(["checkpoint", "task"])


def critical_failures(scores: pd.DataFrame) -> pd.Series:
    """Checkpoint → share of rubric questions that a critical criterion makes unusable, the mean over its rubric tasks."""
    rows = rubric_runs(scores, "critical_failure")
    return rows.groupby(rows["checkpoint"].astype(str))["value"].mean()


def question_rows(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row per question from the samples of a rubric task: question, title, category, the dimensions, critical (bool). Of several rows of a
    question the first."""
    return pd.DataFrame(
        [
            {
                "question": str(row["doc"].get("id", row["doc_id"])),
                "title": str(row["doc"].get("title", "")),
                "category": str(row["doc"].get("category", "")),
                **{name: float(row[name]) for name in DIMENSIONS},
                "critical": float(row["critical_failure"]) > 0,
            }
            for row in rows
        ]
    ).drop_duplicates("question")


def dimension_table(questions: pd.DataFrame) -> pd.DataFrame:
    """Mean of each dimension (columns) in each category (rows), with all questions as the last row. Higher is better in all: of harm it is
    what is not, `no_harm`."""
    shown = questions.assign(no_harm=1 - questions["harm_any"])
    columns = [*(name for name in DIMENSIONS if name != "harm_any"), "no_harm"]
    table = shown.groupby("category")[columns].mean()
    return pd.concat([table, shown[columns].mean().to_frame("all questions").T])


def over_checkpoints(by_checkpoint: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per question of at least one checkpoint: title, category, checkpoints, mean, lowest and highest score, discrimination, and `all_fail`, `all_pass`.

    Discrimination: correlation, over checkpoints, of the question's score with the mean score of the other questions; missing below four
    checkpoints or without spread. `all_fail`: no checkpoint scores above 0; `all_pass`: every one has full marks.
    """
    scores = pd.DataFrame({name: q.set_index("question")["score"] for name, q in by_checkpoint.items()})
    facts = pd.concat(by_checkpoint.values()).drop_duplicates("question").set_index("question")[["title", "category"]]
    table = facts.reindex(scores.index)
    table["checkpoints"] = scores.notna().sum(axis=1)
    table["mean"], table["lowest"], table["highest"] = scores.mean(axis=1), scores.min(axis=1), scores.max(axis=1)
    table["discrimination"] = [_discrimination(scores, question) for question in scores.index]
    table["all_fail"] = table["highest"] <= 0
    table["all_pass"] = table["lowest"] >= 1
    return table.reset_index()


def _discrimination(scores: pd.DataFrame, question: str) -> float:
    pairs = pd.DataFrame({"own": scores.T[question], "rest": scores.drop(index=question).mean()}).dropna()
    if len(pairs) < 4 or (pairs.std() == 0).any():
        return float("nan")
    return float(np.corrcoef(pairs["own"], pairs["rest"])[0, 1])
