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

from equipoise.harness_ext.balance import one_filter
from equipoise.harness_ext.chance import METRICS, measure
from equipoise.harness_ext.compare import Comparison, compare, graded_answers
from equipoise.harness_ext.errors import EquipoiseError, ResultsError
from equipoise.harness_ext.results import read_run
from equipoise.leaderboard.frames import ANSWERED, abilities, board, counted, critical_failures, left_out, question_rows, sides
from equipoise.leaderboard.index import Index

FOLDER = "EQUIPOISE_LEADERBOARD"
"""Environment variable with the result folder; set by `equipoise leaderboard`."""
LOOK_AGAIN = 3.0
"""Seconds between two looks for new files."""
MOST_PAIRED = 40
"""Checkpoints whose verdict on the board is paired, document by document; a larger board takes the files' errors."""
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What samples that are not as lm-eval writes them raise, wherever they are used."""
Stamp = tuple[tuple[str, int, int], ...]
"""(name, size, time) of the files of a folder: what is kept of it holds until one changes."""


@dataclass(frozen=True, slots=True)
class Board:
    """The frames behind all pages. Shared between sessions: never changed."""

    rows: pd.DataFrame
    """See `frames.board`; and `critical`, see `frames.critical_failures`."""
    parts: pd.DataFrame
    """See `frames.abilities`."""
    left_out: Sequence[str]
    problems: pd.DataFrame
    duplicates: pd.DataFrame
    """Runs that a newer one of the same checkpoint, task and settings supersedes: checkpoint, task, date, file."""


@dataclass(frozen=True, slots=True)
class _Tables:
    """What a board is made of, whatever the margin."""

    board: Board
    means: pd.DataFrame
    checkpoints: pd.DataFrame
    paired: pd.DataFrame | None


def folder() -> str:
    """The result folder or URL of this server."""
    return os.environ[FOLDER]


@st.cache_resource(show_spinner=False)
def _index(root: str) -> Index:
    return Index.open(root)


@st.cache_resource(show_spinner=False)
def _state(root: str) -> dict[str, Any]:
    """When the folder was last looked at, and how often it had changed."""
    return {"looked": float("-inf"), "version": 0, "error": None}


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


@st.cache_resource(show_spinner=False, max_entries=4)
def _load(root: str, version: int, margin: float) -> Board:
    tables = _tables(root, version)
    found = tables.board
    rows = board(tables.means, tables.checkpoints, margin=margin, paired=tables.paired)
    rows["critical"] = rows["checkpoint"].map(found.rows.set_index("checkpoint")["critical"])
    return Board(rows, found.parts, found.left_out, found.problems, found.duplicates)


@st.cache_resource(show_spinner="Reading the results …", max_entries=2)
def _tables(root: str, version: int) -> _Tables:
    index = _index(root)
    scores, checkpoints = index.scores(superseded=True), index.checkpoints()
    old = scores["superseded"]
    duplicates = scores.loc[old, ["checkpoint", "task", "date", "file"]].drop_duplicates()
    scores = scores[~old]
    scores = scores.assign(chance=scores["chance"].fillna(scores["task"].astype(object).map(_chances(root, scores))))
    counts = counted(scores)
    means = sides(counts)
    rows = board(means, checkpoints)
    paired = _paired(root, rows, scores)
    rows["critical"] = rows["checkpoint"].map(critical_failures(scores))
    found = Board(rows, abilities(counts), left_out(scores), index.problems(), duplicates)
    return _Tables(found, means, checkpoints, paired)


def _chances(root: str, scores: pd.DataFrame) -> dict[str, float]:
    """Chance levels of tasks that are in no score, from the samples of one of their runs."""
    found: dict[str, float] = {}
    unknown = scores[scores["task"].isin(left_out(scores)) & scores["metric"].isin(METRICS)]
    if not Path(root).is_dir():
        return found
    for row in unknown.drop_duplicates("task").itertuples():
        task, file = str(row.task), (Path(root).resolve() / str(row.file)).resolve()
        try:
            run = read_run(file)
            how = measure(task, one_filter(run.samples(task)), (run.results.get("configs") or {}).get(task) or {})
        except (EquipoiseError, OSError, *UNREADABLE):  # no samples, or not lm-eval's: the task stays in no score, and is listed
            continue
        if how:
            found[task] = how.chance
    return found


def _paired(root: str, rows: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame | None:
    """Paired differences of checkpoints with a base, where samples are on this machine and the board is small."""
    mine = rows[rows["base"].isin(rows["checkpoint"]) & ~rows["is_base"]]
    ignored = scores[(scores["role"] == "ignore") & scores["metric"].isin(METRICS)]
    mine = mine[~mine["checkpoint"].isin(ignored["checkpoint"])]  # `equipoise compare` would count what series.yaml ignores
    if not Path(root).is_dir() or not 0 < len(mine) <= MOST_PAIRED:
        return None
    found = []
    for base, name in zip(mine["base"], mine["checkpoint"], strict=True):
        try:
            paths = tuple(str(result_folder(str(c))) for c in (base, name))
            difference = _difference(paths, tuple(_stamp(path) for path in paths), _domain(scores))
        except EquipoiseError:  # no samples, other versions: the board falls back to the files' errors
            continue
        if difference:
            found.append((name, *difference))
    return pd.DataFrame(found, columns=["checkpoint", "delta_D", "delta_G", "delta_G_low", "delta_G_high"])


@st.cache_resource(show_spinner="Comparing …", max_entries=1_000)
def _difference(
    paths: tuple[str, ...], stamps: tuple[Stamp, ...], domain: tuple[str, ...]
) -> tuple[float, float, float, float] | None:
    """(ΔD, ΔG and its one-sided bounds) of two result folders, paired; None without a general task."""
    compared = _compare(paths, 0.03, domain).compared[0]
    if compared.general is None:
        return None
    decision = compared.general.decision
    gain = compared.domain.difference.mean if compared.domain else float("nan")
    return gain, decision.mean, decision.low, decision.high


def compared_with(base: str, names: tuple[str, ...], margin: float) -> Comparison:
    """`equipoise compare` on checkpoints of the board. Raises `ResultsError` for what cannot be compared."""
    paths = tuple(str(result_folder(name)) for name in (base, *names))
    scores = _index(folder()).scores(checkpoints=[base, *names])
    return _compared(paths, tuple(_stamp(path) for path in paths), margin, _domain(scores))


@st.cache_resource(show_spinner="Comparing …", max_entries=8)
def _compared(paths: tuple[str, ...], stamps: tuple[Stamp, ...], margin: float, domain: tuple[str, ...]) -> Comparison:
    return _compare(paths, margin, domain)


def _compare(paths: tuple[str, ...], margin: float, domain: tuple[str, ...]) -> Comparison:
    return compare(list(paths), margin=margin, domain=list(domain))


def _domain(scores: pd.DataFrame) -> tuple[str, ...]:
    """Tasks that series.yaml calls domain, besides the rubric tasks."""
    mine = scores[(scores["role"] == "domain") & (scores["filter"] != "rubric") & ~scores["is_group"]]
    return tuple(sorted(set(mine["task"].astype(str))))


def _stamp(path: str) -> Stamp:
    """What the files of a folder are now."""
    with os.scandir(path) as entries:
        return tuple(sorted((e.name, e.stat().st_size, e.stat().st_mtime_ns) for e in entries if e.is_file()))


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
    if not path.is_dir():
        raise ResultsError(f"{checkpoint}: its folder is gone")
    return path


def rubric_samples(checkpoint: str) -> dict[str, list[dict[str, Any]]]:
    """The samples of a checkpoint's rubric tasks, canonical form, by task. Raises `ResultsError` where they are not there."""
    return _samples(folder(), version(), checkpoint)


@st.cache_resource(show_spinner="Reading the answers …", max_entries=64)
def _samples(root: str, version: int, checkpoint: str) -> dict[str, list[dict[str, Any]]]:
    path = result_folder(checkpoint)
    scores = _index(root).scores(checkpoints=[checkpoint], metrics=["score"])
    rows = scores[(scores["role"] == "domain") & (scores["filter"] == "rubric") & ~scores["is_group"]]
    rows = rows.assign(form=rows["form"].fillna(0)).sort_values(["form", "date"], ascending=[True, False]).drop_duplicates("task")
    found = {}
    for row in rows.itertuples():
        file = (Path(root).resolve() / str(row.file)).resolve()
        if file.is_relative_to(path):
            found[str(row.task)] = _readable(str(row.task), read_run(file).samples(str(row.task)))
    return found


def _readable(task: str, samples: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the pages use of the samples. Raises `ResultsError` where they are not as the grader writes them."""
    try:
        rows = [{key: row[key] for key in ANSWERED} for row in samples]
        question_rows(rows)
        for row in rows:
            graded_answers(row)
    except UNREADABLE as error:
        raise ResultsError(f"the samples of {task} cannot be read: {type(error).__name__}: {error}") from error
    return rows
