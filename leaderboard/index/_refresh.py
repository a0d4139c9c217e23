"""Bring the tables up to date with the files: read what is new or changed, drop what is gone."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from equipoise.leaderboard.index._content import Content, UnreadableError
from equipoise.leaderboard.index._formats import LIMITS, Kind, kind_of, read_results
from equipoise.leaderboard.index._resolve import read_bases_file, read_manifest_file, resolve
from equipoise.leaderboard.index._rows import Rows
from equipoise.leaderboard.index._scan import Folder, Found
from equipoise.leaderboard.index._series_file import read_series_file

_AT_ONCE = 500
"""Files per transaction: what a killed process loses."""
_TRY_AGAIN = "unreadable"
"""`changed` of a file that could not be read: it is tried again every time."""
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did, in files: results, `checkpoint.json`, `series.json` and `series.yaml`."""

    added: int
    changed: int
    removed: int
    unchanged: int
    samples: int
    """Files of answers that are there."""
    seconds: float


@dataclass(frozen=True, slots=True)
class _Known:
    """A file as it is in the tables."""

    id: int
    size: int
    changed: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a file turned out to be."""

    kind: str
    """As in `_formats.Kind`; `bad` for one that cannot be used, `other` for JSON that is no result."""
    content: Content | None = None
    text: bytes | None = None
    problems: tuple[str, ...] = ()
    unreadable: bool = False


def refresh(cursor: duckdb.DuckDBPyConnection, folder: Folder, root: str) -> Refreshed:
    """Read what changed since the last time. Raises `ResultsError` where the folder cannot be listed; then nothing changes."""
    start = time.perf_counter()
    listing = folder.listing()
    known = {path: _Known(*rest) for path, *rest in cursor.execute("SELECT path, id, size, changed, kind FROM files").fetchall()}
    due = [f for f in listing.files if f.path not in known or (f.size, f.changed) != (known[f.path].size, known[f.path].changed)]
    paths = {file.path for file in listing.files}
    gone = [k for path, k in known.items() if path not in paths]
    counts = Counter(removed=sum(k.kind != "other" for k in gone), known=sum(k.kind != "other" for k in known.values()))
    with _transaction(cursor):
        stale = cursor.execute("SELECT unresolved FROM meta").fetchall() == [(True,)]
        _drop(cursor, [k.id for k in gone])
        if due:
            counts += _take_in(cursor, folder, due, known)
        noted = cursor.execute("SELECT path, reason FROM problems WHERE file < 0 ORDER BY ALL").fetchall()
        if gone or counts["written"] or stale or noted != listing.problems:
            cursor.execute("DELETE FROM problems WHERE file < 0")
            for problem in listing.problems:
                cursor.execute("INSERT INTO problems VALUES (-1, ?, ?)", list(problem))
            resolve(cursor, root)
    added, changed, removed = counts["added"], counts["changed"], counts["removed"]
    return Refreshed(added, changed, removed, counts["known"] - removed - changed, listing.samples, time.perf_counter() - start)


def _take_in(cursor: duckdb.DuckDBPyConnection, folder: Folder, due: Sequence[Found], known: Mapping[str, _Known]) -> Counter[str]:
    """Read files and put them into the tables. Counts what was written: in all, added, changed."""
    rows = Rows(cursor)
    counts: Counter[str] = Counter()
    old: list[int] = []
    for file in due:
        before, outcome = known.get(file.path), _read(folder, file)
        if outcome.unreadable:
            if before is not None and before.changed == _TRY_AGAIN:
                continue
            file = replace(file, changed=_TRY_AGAIN)
        if before is not None:
            old.append(before.id)
        if before is not None and before.kind != "other":
            counts["changed"] += 1
        elif outcome.kind != "other":
            counts["added"] += 1
        rows.add(file, outcome.kind, outcome.content, outcome.text, outcome.problems)
        counts["written"] += 1
        if counts["written"] % _AT_ONCE == 0:
            _exchange(cursor, old, rows)
            cursor.execute("UPDATE meta SET unresolved = true")
            cursor.commit()
            cursor.begin()
    _exchange(cursor, old, rows)
    return counts


@contextlib.contextmanager
def _transaction(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    cursor.begin()
    try:
        yield
        cursor.commit()
    except BaseException:
        with contextlib.suppress(duckdb.Error):  # a broken connection cannot even do that
            cursor.rollback()
        raise


def _exchange(cursor: duckdb.DuckDBPyConnection, old: list[int], rows: Rows) -> None:
    """Old rows out, new ones in."""
    _drop(cursor, old)
    old.clear()
    rows.insert()


def _drop(cursor: duckdb.DuckDBPyConnection, files: Collection[int]) -> None:
    """Take files out of the tables. Their numbers are given again, so what was made from them goes too."""
    if files:
        for table, column in (("files", "id"), ("problems", "file"), ("entries", "file"), ("scores", "file"), ("placed", "file")):
            cursor.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT unnest(?::INTEGER[]))", [list(files)])


def _read(folder: Folder, file: Found) -> _Outcome:
    """Read one file. What is wrong with it is listed and stops nothing."""
    kind = kind_of(file.path)
    if kind is None:
        return _Outcome("other")
    limit = LIMITS[kind]
    try:
        if kind == "maybe" and not _may_be_results(folder, file):
            return _Outcome("other")
        data = folder.read(file, limit + 1) if file.size <= limit else b""
    except OSError as error:
        return _Outcome("bad", problems=(f"cannot be read ({error.strerror or error})",), unreadable=True)
    if (size := max(len(data), file.size)) > limit:
        reason = f"is {size / 2**20:,.1f} MiB: too large, at most {limit / 2**20:g} MiB are read"
        return _Outcome("other") if kind == "maybe" else _Outcome("bad", problems=(reason,))
    try:
        return _parse(data, kind)
    except UnreadableError as error:
        return _Outcome("bad", problems=(str(error),))


def _may_be_results(folder: Folder, file: Found) -> bool:
    """Whether a JSON file of any name is worth reading: not too large, and a mapping."""
    return file.size <= LIMITS["maybe"] and folder.read(file, _HEAD).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _parse(data: bytes, kind: Kind) -> _Outcome:
    if kind == "manifest":
        read_manifest_file(data)
        return _Outcome(kind, text=data)
    if kind == "bases":
        read_bases_file(data)
        return _Outcome(kind, text=data)
    if kind == "settings":
        read_series_file(data)
        return _Outcome(kind, text=data)
    content = read_results(data, kind)
    return _Outcome("other") if content is None else _Outcome("results", content, problems=tuple(content.notes.lines()))
