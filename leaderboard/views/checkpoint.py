"""Everything about one checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from equipoise.harness_ext.compare import graded_answers
from equipoise.harness_ext.errors import EquipoiseError
from equipoise.leaderboard import data
from equipoise.leaderboard.figures import heat_figure, mix_name, size_name
from equipoise.leaderboard.frames import dimension_table, question_rows
from equipoise.leaderboard.text import cut, escaped, highlighted, whole
from equipoise.leaderboard.views._common import current, pick, said
from equipoise.leaderboard.views._tables import table, title

TOLD = {"name", "parameters", "config_hash"}
"""Fields of a manifest that the page shows elsewhere."""
FACTS = ["series", "base", "step", "tokens", "mix", "stage", "learning_rate", "seed", "recipe", "kind", "folder", "date"]


def page() -> None:
    """Scores, what is known of it, its abilities, its answers."""
    found = current("Checkpoint")
    if found is None:
        return
    name = pick("Checkpoint", list(found.rows["checkpoint"]), "checkpoint")
    row: pd.Series = found.rows.set_index("checkpoint").T[name]
    _scores(row)
    left, right = st.columns([3, 2])
    with left:
        st.subheader("Tasks and abilities")
        parts = found.parts[found.parts["checkpoint"] == name].sort_values(["role", "value"])
        shown = ["role", "ability", "value", "stderr", *(c for c in ("documents",) if parts[c].notna().any()), "tasks"]
        table(parts[shown], alt="Scores of its tasks and abilities")
        st.caption("Rubric scores as they are, everything else as a share above chance. A missing error is unknown, not zero.")
    with right:
        st.subheader("What is known of it")
        table(facts(row, data.manifest(name)), alt="What is known of this checkpoint")
    try:
        samples = data.rubric_samples(name)
    except EquipoiseError as error:
        st.info(f"No answers to show. {said(error)}")
        return
    for task, rows in samples.items():
        _answers(task, rows)


def _scores(row: pd.Series) -> None:
    labels = {"Balance": "balance", "Domain score D": "D", "General score G": "G", "ΔG to its base": "delta_G"}
    columns = st.columns([1, 1, 1, 1, 1])
    for column, (label, key) in zip(columns, labels.items(), strict=False):
        form = "{:+.3f}" if key == "delta_G" else "{:.3f}"
        column.metric(label, "unknown" if pd.isna(row[key]) else form.format(row[key]), help=_interval(row, key))
    how = "Paired, document by document." if row["paired"] else "From the errors in the files."
    columns[4].metric(
        "Verdict", str(row["verdict"]), help=how if row["verdict"] != "unknown" else "No base here, or no error in a file."
    )


def _interval(row: pd.Series, key: str) -> str | None:
    low, high = row.get(f"{key}_low"), row.get(f"{key}_high")
    if pd.isna(low) or pd.isna(high):
        return None
    return f"{low:.3f} to {high:.3f}, {'one-sided 95 % bounds' if key == 'delta_G' else '95 % interval'}"


def facts(row: pd.Series, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """What is known of a checkpoint, in words, the rest of its `checkpoint.json` last: columns fact and value_of."""
    words = {"size": size_name(float(row["parameters"])) if pd.notna(row["parameters"]) else "unknown"}
    for key in FACTS:
        value = row[key]
        if pd.isna(value):
            continue
        if key == "mix":
            words[key] = mix_name(value) or "unknown"
        elif key in ("step", "tokens"):
            words[key] = f"{value:,}"
        elif key == "date":
            words[key] = f"{value:%Y-%m-%d %H:%M} UTC"
        else:
            words[key] = str(value)
    for key, value in manifest.items():
        if key not in words and key not in TOLD and not isinstance(value, (dict, list)):
            words[key] = f"{value:,}" if type(value) is int else whole(str(value))
        elif isinstance(value, dict) and key not in ("mix",):
            words |= {f"{key}, {part}": f"{v:,}" if type(v) is int else whole(str(v)) for part, v in value.items()}
    return pd.DataFrame({"fact": [title(key) for key in words], "value_of": list(words.values())})


def _answers(task: str, rows: list[dict[str, Any]]) -> None:
    questions = question_rows(rows)
    st.subheader(escaped(task))
    means = dimension_table(questions)
    st.plotly_chart(heat_figure(means.rename(columns=title)), key=f"heat_{task}", alt="Dimensions in each category")
    st.markdown("**Its questions, weakest first**")
    weakest = questions.sort_values("score", kind="stable").rename(columns={"critical": "failed"})
    table(weakest[["question", "title", "category", "score", "reliability", "business_impact", "failed"]], alt="Questions")
    asked = pick("Question", list(weakest["question"]), f"question_{task}")
    row = next(r for r in rows if str(r["doc"].get("id", r["doc_id"])) == asked)
    show_answers(row)


def show_answers(row: dict[str, Any]) -> None:
    """One question with its answers and verdicts."""
    doc = row["doc"]
    with st.expander(escaped(doc.get("title") or "Question")):
        st.code(cut(str(doc.get("prompt", ""))), language=None, wrap_lines=True)
    answers = graded_answers(row)
    for tab, answer in zip(st.tabs([f"Answer {i}" for i in range(1, len(answers) + 1)]), answers, strict=True):
        with tab:
            with st.container(border=True):
                st.html(highlighted(answer.text, [v.span for v in answer.verdicts if v.met]))
            verdicts = [
                {
                    "verdict_of": _mark(v.met, v.points),
                    "points": v.points,
                    "criterion": v.criterion,
                    "critical_one": v.critical,
                    "what decided": v.why,
                }
                for v in answer.verdicts
            ]
            table(pd.DataFrame(verdicts), alt="Criteria and what decided them")
    st.caption("An answer for each phrasing and draw. Marked: the words that decided.")


def _mark(met: bool | None, points: int) -> str:
    if met is None:
        return "not judged"
    if points > 0:
        return "met" if met else "missed"
    return "harm" if met else "avoided"
