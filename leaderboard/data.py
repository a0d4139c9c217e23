"""What the pages show, kept between reruns: the index, its frames, comparisons, answers. The only place that touches files."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from equipoise.harness_ext.compare import Comparison, compare
from equipoise.harness_ext.errors import EquipoiseError, ResultsError
from equipoise.harness_ext.results import read_run
from equipoise.leaderboard.frames import abilities, board, counted, left_out, sides
from equipoise.leaderboard.index import Index

FOLDER = "EQUIPOISE_LEADERBOARD"
"""Environment variable with the result folder; set by `equipoise leaderboard`."""
LOOK_AGAIN = 3.0
"""Seconds between two looks for new files."""
MOST_PAIRED = 40
"""Checkpoints whose verdict on the board is paired, document by document; a larger board takes the files' errors."""


@dataclass(frozen=True, slots=True)
class Board:
    """The frames behind all pages. Shared between sessions: never changed."""

    rows: pd.DataFrame
    """See `frames.board`."""
    parts: pd.DataFrame
    """See `frames.abilities`."""
    left_out: Sequence[str]
    problems: pd.DataFrame
    duplicates: pd.DataFrame
    """Runs that a newer one of the same checkpoint, task and settings supersedes: checkpoint, task, date, file."""


def folder() -> str:
    """The result folder or URL of this server."""
    return os.environ[FOLDER]


@st.cache_resource(show_spinner=False)
def _index(root: str) -> Index:
    return Index.open(root)


@st.cache_resource(show_spinner=False)
def _state(root: str) -> dict[str, Any]:
    """When the folder was last looked at, and how often it had changed."""
    return {"looked": 0.0, "version": 0, "error": None}


def version() -> int:
    """A number that grows when files have changed. Looks at most every three seconds."""
    state = _state(folder())
    if time.monotonic() - state["looked"] > LOOK_AGAIN:
        try:
            found = _index(folder()).refresh()
            state["error"] = None
        except ResultsError as error:
            state["error"] = str(error)
        else:
            state["version"] += bool(found.added or found.changed or found.removed)
        state["looked"] = time.monotonic()
    return int(state["version"])


def trouble() -> str | None:
    """Why the folder cannot be read, where it cannot."""
    error: str | None = _state(folder())["error"]
    return error


def load(margin: float) -> Board:
    """The frames of the folder as it is now."""
    return _load(folder(), version(), margin)


@st.cache_resource(show_spinner="Reading the results …", max_entries=4)
def _load(root: str, version: int, margin: float) -> Board:
    index = _index(root)
    scores, checkpoints = index.scores(superseded=True), index.checkpoints()
    old = scores["superseded"]
    duplicates = scores.loc[old, ["checkpoint", "task", "date", "file"]].drop_duplicates()
    scores = scores[~old]
    counts = counted(scores)
    means = sides(counts)
    rows = board(means, checkpoints, margin=margin)
    paired = _paired(root, rows, margin)
    return Board(
        board(means, checkpoints, margin=margin, paired=paired), abilities(counts), left_out(scores), index.problems(), duplicates
    )


def _paired(root: str, rows: pd.DataFrame, margin: float) -> pd.DataFrame | None:
    """Paired differences of checkpoints with a base, where samples are on this machine and the board is small."""
    mine = rows[rows["base"].isin(rows["checkpoint"]) & ~rows["is_base"]]
    if not Path(root).is_dir() or not 0 < len(mine) <= MOST_PAIRED:
        return None
    found = []
    for base, members in mine.groupby("base"):
        for name in members["checkpoint"]:
            try:
                compared = compared_with(str(base), (str(name),), margin).compared[0]
            except EquipoiseError:  # no samples, other versions: the board falls back to the files' errors
                continue
            if compared.general:
                d = compared.general.decision
                gain = compared.domain.difference.mean if compared.domain else float("nan")
                found.append((name, gain, d.mean, d.low, d.high))
    return pd.DataFrame(found, columns=["checkpoint", "delta_D", "delta_G", "delta_G_low", "delta_G_high"])


def compared_with(base: str, names: tuple[str, ...], margin: float) -> Comparison:
    """`equipoise compare` on checkpoints of the board. Raises `ResultsError` for what cannot be compared."""
    return _compared(folder(), version(), base, names, margin)


@st.cache_resource(show_spinner="Comparing …", max_entries=64)
def _compared(root: str, version: int, base: str, names: tuple[str, ...], margin: float) -> Comparison:
    return compare([str(result_folder(name)) for name in (base, *names)], margin=margin)


def result_folder(checkpoint: str) -> Path:
    """The folder of a checkpoint's results, inside the result folder. Raises `ResultsError` where it is not on this machine."""
    root = Path(folder()).resolve()
    known = _index(folder()).checkpoints().set_index("name")["folder"]
    if not root.is_dir():
        raise ResultsError("answers can be read only where the result folder is on this machine")
    if checkpoint not in known.index:
        raise ResultsError(f"{checkpoint}: no such checkpoint")
    path = (root / str(known[checkpoint])).resolve()
    if not path.is_relative_to(root):
        raise ResultsError(f"{checkpoint}: its folder lies outside the result folder")
    return path


def rubric_samples(checkpoint: str) -> dict[str, list[dict[str, Any]]]:
    """The samples of a checkpoint's rubric tasks, canonical form, by task. Raises `ResultsError` where they are not there."""
    return _samples(folder(), version(), checkpoint)


@st.cache_resource(show_spinner="Reading the answers …", max_entries=48)
def _samples(root: str, version: int, checkpoint: str) -> dict[str, list[dict[str, Any]]]:
    path = result_folder(checkpoint)
    scores = _index(root).scores(checkpoints=[checkpoint], metrics=["score"])
    rows = scores[(scores["role"] == "domain") & (scores["filter"] == "rubric") & ~scores["is_group"]]
    rows = rows.assign(form=rows["form"].fillna(0)).sort_values(["form", "date"], ascending=[True, False]).drop_duplicates("task")
    found = {}
    for row in rows.itertuples():
        file = (Path(root).resolve() / str(row.file)).resolve()
        if file.is_relative_to(path):
            found[str(row.task)] = read_run(file).samples(str(row.task))
    return found
