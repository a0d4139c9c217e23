"""Tables: titles, units and formats of the columns, the same on every page."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

ROW = 35
MOST_ROWS = 20
"""Rows that a table shows before it scrolls."""

_RANK = "Ranks by domain score that the errors leave open: pairs that differ after Holm's adjustment are in order"

_TEXT: dict[str, tuple[str, str | None]] = {
    "checkpoint": ("Checkpoint", None),
    "verdict": ("Verdict", "Of general ability against the base, at the margin"),
    "mix": ("Mix", "Share of trained tokens from each source"),
    "series": ("Series", None),
    "base": ("Base", None),
    "recipe": ("Recipe", "Training settings without the seed"),
    "stage": ("Stage", None),
    "kind": ("Kind", "Full model, adapter or merged"),
    "role": ("Side", None),
    "ability": ("Ability", None),
    "task": ("Task", None),
    "file": ("File", None),
    "reason": ("Reason", None),
    "question": ("Question", None),
    "title": ("Title", None),
    "category": ("Category", None),
    "criterion": ("Criterion", None),
    "dimension": ("Dimension", None),
    "decided by": ("Decided by", "The rule that reads the answer"),
    "what decided": ("What decided", None),
    "fact": ("", None),
    "value_of": ("Value", None),
    "verdict_of": ("Verdict", None),
}
_NUMBERS: dict[str, tuple[str, str | None, str]] = {
    "rank_best": ("Best rank", f"{_RANK}, the best of them", "%d"),
    "rank_worst": ("Worst rank", f"{_RANK}, the worst of them", "%d"),
    "not_compared": ("Not compared", "General tasks of the base that this checkpoint was not scored on, or otherwise", "%d"),
    "balance": ("Balance", "√(D · G): what is good on both sides", "%.3f"),
    "D": ("D", "Domain score: points of met criteria ÷ positive points; harm can push it below 0", "%.3f"),
    "D_low": ("D, low", "Lower end of the 95 % interval", "%.3f"),
    "D_high": ("D, high", "Upper end of the 95 % interval", "%.3f"),
    "G": ("G", "General score: 0 is guessing, 1 is perfect", "%.3f"),
    "G_low": ("G, low", "Lower end of the 95 % interval", "%.3f"),
    "G_high": ("G, high", "Upper end of the 95 % interval", "%.3f"),
    "delta_D": ("ΔD", "Difference to the base", "%+.3f"),
    "delta_G": ("ΔG", "Difference to the base", "%+.3f"),
    "delta_G_low": ("ΔG, low", "One-sided 95 % bound", "%+.3f"),
    "delta_G_high": ("ΔG, high", "One-sided 95 % bound", "%+.3f"),
    "retention": ("Retention", "G ÷ G of the base, where the base is surely above chance", "%.2f"),
    "critical": ("Critical failures", "Questions where some phrasing fails a critical criterion", "percent"),
    "parameters": ("Size", "Parameters", "compact"),
    "tokens": ("Tokens", "Trained tokens, all sources together", "compact"),
    "step": ("Step", "Optimizer steps", "localized"),
    "seed": ("Seed", None, "%d"),
    "learning_rate": ("Learning rate", None, "%.1e"),
    "value": ("Score", "Rubric scores as they are, everything else above chance", "%.3f"),
    "stderr": (
        "Std. error",
        "Of the files, above chance; empty where they have none. A 0, for all right or all wrong, becomes that of one document in n + 2",
        "%.3f",
    ),
    "documents": ("Documents", None, "localized"),
    "tasks": ("Tasks", None, "%d"),
    "checkpoints": ("Checkpoints", None, "%d"),
    "points": ("Points", None, "%+d"),
    "score": ("Score", None, "%.2f"),
    "mean": ("Mean", "Mean score over the checkpoints", "%.2f"),
    "lowest": ("Lowest", None, "%.2f"),
    "highest": ("Highest", None, "%.2f"),
    "discrimination": ("Discrimination", "Correlation with the score of all other questions; from four checkpoints on", "%.2f"),
    "reliability": ("Reliability", None, "%.2f"),
    "business_impact": ("Business impact", None, "%.2f"),
    "pass_all": ("Every phrasing", "Points of criteria met under every phrasing", "%.2f"),
    "pass_any": ("Some phrasing", "Points of criteria met under at least one phrasing", "%.2f"),
    "harm_any": ("Harm", "Negative points met under some phrasing", "%.2f"),
    "no_harm": ("No harm", "One less the negative points met under some phrasing", "%.2f"),
    "from": ("From", None, "compact"),
    "to": ("To", None, "compact"),
    "gain": ("Gain per doubling", None, "%+.3f"),
}
_FLAGS: dict[str, tuple[str, str | None]] = {
    "paired": ("Paired", "The difference to the base is taken document by document"),
    "on_front": ("On the front", "No other checkpoint is as good on both sides and better on one"),
    "all_fail": ("None can", "No checkpoint scores above zero"),
    "all_pass": ("All can", "Every checkpoint has full marks"),
    "failed": ("Critical failure", "Some phrasing fails a critical criterion"),
    "critical_one": ("Critical", "Without it an answer is unusable"),
}


def title(column: str) -> str:
    """What a column is called on the page."""
    known: dict[str, tuple[Any, ...]] = {**_TEXT, **_NUMBERS, **_FLAGS}
    return str(known[column][0]) if column in known else column.replace("_", " ").capitalize()


def table(frame: pd.DataFrame, **options: Any) -> Any:
    """A table with our titles and formats, as high as its rows; `options` are those of `st.dataframe`."""
    return st.dataframe(
        frame, hide_index=True, height=ROW * (min(len(frame), MOST_ROWS) + 1) + 3, placeholder="",
        column_config={column: _setting(column) for column in frame.columns}, **options,
    )  # fmt: skip


def _setting(column: str) -> Any:
    if column in _NUMBERS:
        label, note, form = _NUMBERS[column]
        return st.column_config.NumberColumn(label, help=note, format=form)
    if column in _FLAGS:
        label, note = _FLAGS[column]
        return st.column_config.CheckboxColumn(label, help=note)
    if column == "date":
        return st.column_config.DatetimeColumn("Date", format="YYYY-MM-DD HH:mm", help="Of the newest results")
    label, note = _TEXT.get(column, (title(column), None))
    return st.column_config.TextColumn(label, help=note)
