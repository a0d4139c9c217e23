"""The index of one result folder, for any number of threads."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pandas as pd

from equipoise.leaderboard.index import _frames
from equipoise.leaderboard.index._database import connect, default_database
from equipoise.leaderboard.index._refresh import Refreshed, refresh
from equipoise.leaderboard.index._scan import Folder, LocalFolder, open_folder

_LOCKS: dict[Path | None, threading.Lock] = {}
"""One refresh at a time for each database of this process."""


class Index:
    """What a result folder holds. Made by `Index.open`; several threads may use one."""

    def __init__(self, folder: Folder, connection: duckdb.DuckDBPyConnection, database: Path | None):
        self._folder = folder
        self._connection = connection
        self._guard = threading.Lock()
        self._closed = False
        self.database = database
        """Where the tables are; None: in memory, to be built anew by the next process."""
        self._refreshing = _LOCKS.setdefault(database, threading.Lock()) if database else threading.Lock()

    @classmethod
    def open(cls, root: str, *, database: Path | None = None) -> Self:
        """The index of a folder, as it was when it was last refreshed; empty at first. Nothing in the folder is read yet.

        `root`: a folder, or a URL of fsspec. `database`: another place than the user's cache; where it is locked by another
        process, cannot be written, or lies in the result folder, the index is in memory. Raises `ResultsError` where there is no
        such folder or the database is something else's, `MissingExtraError` where a package for the URL is missing.
        """
        folder = open_folder(root)
        wanted = (database or default_database(folder.key)).expanduser().resolve()
        inside = isinstance(folder, LocalFolder) and wanted.is_relative_to(folder.root)
        connection, used = connect(None if inside else wanted, folder.key, ours=database is None)
        return cls(folder, connection, used)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the database back. Using the index after that is a `ValueError`."""
        with self._refreshing, self._guard:
            if not self._closed:
                self._connection.close()
            self._closed = True

    def refresh(self) -> Refreshed:
        """Read the files that are new or changed in size or time, drop those that are gone: milliseconds where nothing is.

        A refresh of another thread is waited for. Raises `ResultsError` where the folder is gone or out of reach; what the
        index knows then stays.
        """
        with self._refreshing:
            try:
                return self._refresh()
            except duckdb.Error:
                if self.database is None:
                    raise
                self._go_on_in_memory()  # the disk is full, or the file was damaged
                return self._refresh()

    def scores(
        self,
        *,
        tasks: Collection[str] | None = None,
        checkpoints: Collection[str] | None = None,
        metrics: Collection[str] | None = None,
        superseded: bool = False,
    ) -> pd.DataFrame:
        """One row per checkpoint, task, metric and filter of a run, in the order of its file. The three filters take names; None means all.

        | column | |
        |---|---|
        | checkpoint | category; name, as in `checkpoints()` |
        | task | category; task or group |
        | is_group | bool; an average over tasks |
        | metric, filter | category; filter `none` where the tool has none |
        | value | float, unclipped, in the metric's own unit; NaN: the file has no finite number |
        | stderr | float, as written; NaN: unknown. Never 0 for unknown, never derived; none of lighteval's |
        | higher_is_better | boolean; NA: unknown |
        | documents | Int64; NA: unknown |
        | version | category; of the task, with that of its grader where rules grade |
        | form | Int64; of a rubric, 0 the canonical one; NA: the task has none |
        | shots | Int64; few-shot examples |
        | chance | float; the task's chance level where its file says it, else NaN |
        | date | UTC; when the run began, else the time in the file's name (as UTC), else when it was written |
        | file | category; path within the result folder |
        | identity | category; equal for runs that mean the same |
        | superseded | bool; a newer run of the same checkpoint, task and identity is there. Such rows are left out unless asked for |
        | role | category: domain, general, ignore; from `series.yaml`, else domain for rubric tasks, else general |
        | ability | category; as `harness_ext.balance.abilities` has it; missing for a collection of several |
        """
        with self._reading() as cursor:
            return _frames.scores(cursor, superseded=superseded, tasks=tasks, checkpoints=checkpoints, metrics=metrics)

    def checkpoints(self) -> pd.DataFrame:
        """One row per checkpoint that has results, in the order of series and step. Missing: unknown.

        | column | |
        |---|---|
        | name | str, unique; the manifest's, else model and revision, else the file's or folder's |
        | series | str; what the checkpoints of one run share: from `series.yaml`, a manifest's `series`, else the name without step |
        | base | str; name of the checkpoint it started from, or what the manifest calls it where that is not here, with `(other weights)` where only its name is |
        | is_base | bool; others here started from it |
        | parameters | Int64; model size |
        | step | Int64; optimizer steps |
        | tokens | Int64; trained tokens, all sources together |
        | mix | str; JSON, share of trained tokens per source |
        | recipe | str; hash of the training settings without the seed |
        | seed | Int64 |
        | stage | str |
        | learning_rate | float |
        | kind | str; full, adapter or merged |
        | folder | str; within the result folder, `.` for itself; of the newest file where there are several |
        | date | UTC; of the newest results |
        | files | int; results files |
        | folders | int; folders that they are in |
        """
        with self._reading() as cursor:
            return _frames.checkpoints(cursor)

    def problems(self) -> pd.DataFrame:
        """What could not be read, in full or in part: columns file (path within the result folder) and reason (one line)."""
        with self._reading() as cursor:
            return _frames.problems(cursor)

    def _refresh(self) -> Refreshed:
        cursor = self._cursor()
        try:
            return refresh(cursor, self._folder, self._folder.key.rstrip("/").rpartition("/")[2])
        finally:
            cursor.close()

    def _go_on_in_memory(self) -> None:
        with self._guard:
            with contextlib.suppress(duckdb.Error):
                self._connection.close()
            self._connection, self.database = connect(None, self._folder.key, ours=False)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._guard:
            if self._closed:
                raise ValueError("the index is closed")
            return self._connection.cursor()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One state of the tables, whatever a refresh does meanwhile."""
        cursor = self._cursor()
        try:
            cursor.begin()
            yield cursor
        finally:
            cursor.close()
