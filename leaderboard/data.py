"""What the pages show, kept between reruns: the index, its frames, comparisons, answers. The only place that touches files."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from equipoise.harness_ext.balance import one_filter
from equipoise.harness_ext.chance import METRICS, measure
from equipoise.harness_ext.compare import Comparison, compare, graded_answers
from equipoise.harness_ext.errors import EquipoiseError, ResultsError
from equipoise.harness_ext.manifest import FILE, read_manifest
from equipoise.harness_ext.results import read_run
from equipoise.leaderboard._environment import EXAMPLE, FOLDER, LOGIN
from equipoise.leaderboard.frames import (
    ANSWERED,
    abilities,
    against_base,
    board,
    counted,
    critical_failures,
    left_out,
    measured,
    passed_over,
    question_rows,
    rubric_runs,
    sides,
)
from equipoise.leaderboard.index import Index
from equipoise.leaderboard.text import counted_as, whole

LOOK_AGAIN = 3.0
LOOK_FAR_AGAIN = 60.0
"""Seconds between two looks for new files, on this machine and at a URL."""
MOST_PAIRED = 40
"""Checkpoints with a base whose verdicts on the board are paired, document by document; a larger board takes the files' errors."""
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
    not_counted: pd.DataFrame
    """Runs of which another run of the same checkpoint and task counts: checkpoint, task, date, file."""
    unpaired: pd.DataFrame
    """Checkpoints whose verdict could not be paired: checkpoint, reason."""


@dataclass(frozen=True, slots=True)
class _Tables:
    """What a board is made of, whatever the margin."""

    parts: pd.DataFrame
    sides: pd.DataFrame
    checkpoints: pd.DataFrame
    differences: pd.DataFrame
    critical: pd.Series
    left_out: Sequence[str]
    problems: pd.DataFrame
    not_counted: pd.DataFrame
    rubrics: pd.DataFrame
    """Per checkpoint and rubric task the file of the run that counts: checkpoint, task, file."""
    roles: pd.DataFrame
    """Tasks that `series.yaml` calls domain or ignores: checkpoint, task, role."""


def needs_login() -> bool:
    """Whether readers must log in: `--login`, or a secrets file with a provider."""
    return os.environ.get(LOGIN) == "1" or (st.secrets.load_if_toml_exists() and "auth" in st.secrets)


def is_example() -> bool:
    """Whether the built-in example is shown."""
    return os.environ.get(EXAMPLE) == "1"


def folder() -> str:
    """The result folder or URL of this server."""
    return os.environ[FOLDER]


@st.cache_resource(show_spinner=False)
def _index(root: str) -> Index:
    return Index.open(root)


@st.cache_resource(show_spinner=False)
def _state(root: str) -> dict[str, Any]:
    """When the folder was last looked at, and how often it had changed."""
    return {"looked": float("-inf"), "version": 0, "samples": 0, "seconds": 0.0, "error": None}


def version() -> int:
    """A number that grows when files have changed. Looks every few seconds at most."""
    state = _state(folder())
    pause = LOOK_FAR_AGAIN if "://" in folder() else LOOK_AGAIN
    if time.monotonic() - state["looked"] > max(pause, 30 * state["seconds"]):  # a large folder is looked at less often
        try:
            with st.spinner("Looking for results …") if not state["version"] else nullcontext():
                found = _index(folder()).refresh()
            state["error"] = None
        except EquipoiseError as error:
            state["error"] = str(error)
        else:
            late = found.samples != state["samples"]  # answers that came after their results
            changed = bool(found.added or found.changed or found.removed or late)
            state["version"] += changed
            state["samples"], state["seconds"] = found.samples, 0.0 if changed else found.seconds
        state["looked"] = time.monotonic()
    return int(state["version"])


def trouble() -> str | None:
    """Why the folder cannot be read, where it cannot."""
    error: str | None = _state(folder())["error"]
    return error


def load(margin: float) -> Board:
    """The frames of the folder as it is now."""
    root, now = folder(), version()
    pairs, _ = _pairs(root, _tables(root, now))
    return _load(root, now, margin, tuple((name, tuple(_stamp(p) for p in paths)) for name, paths in pairs.items()))


@st.cache_resource(show_spinner="Comparing with the bases …", max_entries=4)
def _load(root: str, version: int, margin: float, stamps: tuple[tuple[str, tuple[Stamp, ...]], ...]) -> Board:
    """`stamps`: what the samples are now, for they can come later than the results that the tables are made of."""
    made = _tables(root, version)
    paired, unpaired = _paired(root, made)
    rows = board(made.sides, made.checkpoints, made.differences, margin=margin, paired=paired)
    rows["critical"] = rows["checkpoint"].map(made.critical)
    return Board(rows, made.parts, made.left_out, made.problems, made.not_counted, unpaired)


@st.cache_resource(show_spinner="Reading the results …", max_entries=1)
def _tables(root: str, version: int) -> _Tables:
    index = _index(root)
    scores, checkpoints = index.scores(superseded=True), index.checkpoints()
    old = scores["superseded"]
    superseded = scores.loc[old, ["checkpoint", "task", "date", "file"]].drop_duplicates()
    scores = scores[~old] if old.any() else scores
    every = measured(scores)
    if found := _chances(root, scores, left_out(scores, every)):
        scores = scores.assign(chance=scores["chance"].fillna(scores["task"].astype(object).map(found)))
        every = measured(scores)
    parts = abilities(counted(every))
    said = scores["role"].eq("domain") & scores["filter"].ne("rubric") | scores["role"].eq("ignore")
    roles = scores[said & ~scores["is_group"]].drop_duplicates(["checkpoint", "task"])[["checkpoint", "task", "role"]].astype(str)
    return _Tables(
        parts=parts,
        sides=sides(parts),
        checkpoints=checkpoints,
        differences=against_base(every, checkpoints),
        critical=critical_failures(scores),
        left_out=left_out(scores, every),
        problems=index.problems(),
        not_counted=pd.concat([superseded, passed_over(every)]).astype({"checkpoint": str, "task": str, "file": str}),
        rubrics=rubric_runs(scores)[["checkpoint", "task", "file"]].astype(str),
        roles=roles,
    )


def _chances(root: str, scores: pd.DataFrame, tasks: Sequence[str]) -> dict[str, float]:
    """Chance levels of these tasks from the samples of one of their runs."""
    found: dict[str, float] = {}
    if not tasks or not Path(root).is_dir():
        return found
    unknown = scores[scores["task"].isin(tasks) & scores["metric"].isin(METRICS)]
    for row in unknown.drop_duplicates("task").itertuples():
        task = str(row.task)
        try:
            run = read_run(_inside(root, str(row.file)))
            _inside(root, str(run.sample_file(task).relative_to(Path(root).resolve())))
            how = measure(task, one_filter(run.samples(task)), (run.results.get("configs") or {}).get(task) or {})
        except (EquipoiseError, OSError, *UNREADABLE):  # no samples, or not lm-eval's: the task stays in no score, and is listed
            continue
        if how:
            found[task] = how.chance
    return found


def _pairs(root: str, made: _Tables) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """(checkpoint → its base's folder and its own, of those that took all general tests of their base; checkpoint → why not)."""
    against = made.differences
    if len(against) and not Path(root).is_dir():
        return {}, {"all": "answers can be read only where the result folder is on this machine"}
    if len(against) > MOST_PAIRED:
        return {}, {"all": f"{len(against):,} checkpoints have a base; verdicts of at most {MOST_PAIRED} are paired"}
    bases = made.checkpoints.set_index("name")["base"]
    found, reasons = {}, {}
    for name, missing in zip(against["checkpoint"].astype(str), against["not_compared"], strict=True):
        try:
            if missing:
                raise ResultsError(f"{counted_as(missing, 'general task', 'general tasks')} of its base not compared")
            found[name] = (str(_folder_of(root, made.checkpoints, str(bases[name]))), str(_folder_of(root, made.checkpoints, name)))
        except ResultsError as error:
            reasons[name] = str(error)
    return found, reasons


def _paired(root: str, made: _Tables) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(paired differences as `frames.board` takes them; the checkpoints with a base that have none, and why)."""
    found = []
    pairs, reasons = _pairs(root, made)
    for name, paths in pairs.items():
        try:
            names = (str(made.checkpoints.set_index("name")["base"][name]), name)
            found.append((name, *_difference(paths, tuple(map(_stamp, paths)), *_sides_of(made.roles, names))))
        except EquipoiseError as error:  # no samples, or what cannot be compared: the board falls back to the files' errors
            reasons[name] = str(error)
        except (OSError, *UNREADABLE) as error:
            reasons[name] = f"its results cannot be compared ({type(error).__name__}: {error})"
    columns = ["checkpoint", "delta_D", "delta_G", "delta_G_low", "delta_G_high"]
    return pd.DataFrame(found, columns=columns), pd.DataFrame(list(reasons.items()), columns=["checkpoint", "reason"])


@st.cache_resource(show_spinner=False, max_entries=1_000)
def _difference(
    paths: tuple[str, ...], stamps: tuple[Stamp, ...], domain: tuple[str, ...], ignored: tuple[str, ...]
) -> tuple[float, float, float, float]:
    """(ΔD, ΔG and its one-sided bounds) of two result folders, paired.

    Raises `ResultsError` where there is no general task in both, or what cannot be compared.
    """
    compared = compare(list(paths), domain=list(domain), ignored=list(ignored)).compared[0]
    if compared.general is None:
        raise ResultsError("no general task in both")
    decision = compared.general.decision
    gain = compared.domain.difference.mean if compared.domain else float("nan")
    return gain, decision.mean, decision.low, decision.high


def compared_with(base: str, names: tuple[str, ...], margin: float) -> Comparison:
    """`equipoise compare` on checkpoints of the board. Raises `ResultsError` for what cannot be compared."""
    made = _tables(folder(), version())
    paths = tuple(str(_folder_of(folder(), made.checkpoints, name)) for name in (base, *names))
    return _compared(paths, tuple(map(_stamp, paths)), margin, *_sides_of(made.roles, (base, *names)))


@st.cache_resource(show_spinner="Comparing …", max_entries=8)
def _compared(
    paths: tuple[str, ...], stamps: tuple[Stamp, ...], margin: float, domain: tuple[str, ...], ignored: tuple[str, ...]
) -> Comparison:
    return compare(list(paths), margin=margin, domain=list(domain), ignored=list(ignored))


def _sides_of(roles: pd.DataFrame, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(tasks that series.yaml calls domain, those to ignore) of some checkpoints."""
    mine = roles[roles["checkpoint"].isin(names)]
    domain, ignored = (tuple(sorted(set(mine.loc[mine["role"] == role, "task"]))) for role in ("domain", "ignore"))
    return domain, ignored


def _stamp(path: str) -> Stamp:
    """What the results and samples of a folder are now."""
    return tuple(sorted((str(p.relative_to(path)), s.st_size, s.st_mtime_ns) for p in _own_files(Path(path)) for s in [p.stat()]))


def _own_files(path: Path) -> list[Path]:
    """What is read of a checkpoint: in its folder, and in the one that lm_eval makes in it."""
    return [p for p in (*path.glob("*.json*"), *path.glob("*/*.json*")) if p.name.startswith(("results", "samples_", FILE))]


def _inside(root: str, path: str) -> Path:
    """A path within the result folder. Raises `ResultsError` where it, or a link in it, leads out of it."""
    start = Path(root).resolve()
    found = (start / path).resolve()
    if not found.is_relative_to(start):
        raise ResultsError(f"{path}: leads out of the result folder")
    return found


def _folder_of(root: str, checkpoints: pd.DataFrame, name: str) -> Path:
    """The one folder of a checkpoint's results. Raises `ResultsError` where it is not on this machine, where results of the checkpoint
    are in others too, and where a file in it is a link that leads out of the result folder."""
    if not Path(root).is_dir():
        raise ResultsError("answers can be read only where the result folder is on this machine")
    known = checkpoints.loc[checkpoints["name"] == name]
    if known.empty:
        raise ResultsError(f"{name}: no such checkpoint")
    if known["folders"].iloc[0] > 1:
        raise ResultsError(f"{name}: its results are in {known['folders'].iloc[0]} folders; they are compared by their scores")
    path = _inside(root, str(known["folder"].iloc[0]))
    if not path.is_dir():
        raise ResultsError(f"{name}: its folder is gone")
    for file in _own_files(path):
        if file.is_symlink() or file.parent.is_symlink():
            _inside(root, str(file))
    return path


def rubric_samples(checkpoint: str) -> dict[str, list[dict[str, Any]]]:
    """The samples of a checkpoint's rubric tasks, canonical form, by task. Raises `ResultsError` where they cannot be read."""
    return {task: _samples(file, _stamp_of(file), task) for task, file in _rubric_files(checkpoint)}


def rubric_questions(checkpoint: str) -> dict[str, pd.DataFrame]:
    """The same as the rows of `frames.question_rows`, by task."""
    return {task: _questions(file, _stamp_of(file), task) for task, file in _rubric_files(checkpoint)}


def manifest(checkpoint: str) -> dict[str, Any]:
    """The `checkpoint.json` of a checkpoint without what is unknown; empty where it has none, or not on this machine."""
    known = _tables(folder(), version()).checkpoints.set_index("name")["folder"]
    try:
        home = _inside(folder(), str(known[checkpoint]))
        _inside(folder(), str(Path(str(known[checkpoint])) / FILE))
        return read_manifest(home).dump()
    except (EquipoiseError, OSError):  # a broken one is listed among the problems
        return {}


def _rubric_files(checkpoint: str) -> list[tuple[str, str]]:
    """(task, results file) of the rubric runs of a checkpoint that count."""
    rubrics = _tables(folder(), version()).rubrics
    mine = rubrics[rubrics["checkpoint"] == checkpoint]
    if len(mine) and not Path(folder()).is_dir():
        raise ResultsError("answers can be read only where the result folder is on this machine")
    return [(str(row.task), str(_inside(folder(), str(row.file)))) for row in mine.itertuples()]


def _stamp_of(file: str) -> tuple[int, int]:
    """What a file is now. Raises `ResultsError` where it is gone."""
    try:
        status = os.stat(file)
    except OSError as error:
        raise ResultsError(f"{file}: {error.strerror}") from error
    return status.st_size, status.st_mtime_ns


@st.cache_resource(show_spinner="Reading the answers …", max_entries=8)
def _samples(file: str, stamp: tuple[int, int], task: str) -> list[dict[str, Any]]:
    run = read_run(Path(file))
    samples = run.sample_file(task)
    if samples.is_symlink():
        raise ResultsError(f"{samples}: is a link: not followed")
    return _readable(task, [_whole(row) for row in run.samples(task)])


@st.cache_resource(show_spinner="Reading the answers …", max_entries=2_000)
def _questions(file: str, stamp: tuple[int, int], task: str) -> pd.DataFrame:
    return question_rows(_samples(file, stamp, task))


def _whole(value: Any) -> Any:
    """The same without halves of surrogate pairs."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, dict):
        return {_whole(key): _whole(part) for key, part in value.items()}
    return [_whole(part) for part in value] if isinstance(value, list) else value


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
