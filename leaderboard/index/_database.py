"""The tables of the index, in a DuckDB file of the user's cache, or in memory where that cannot be had."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import duckdb

from equipoise.harness_ext.errors import ResultsError
from equipoise.harness_ext.models import cache_folder

VERSION = 3
"""Of the tables and of what is read from files; another one is built anew."""

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "temp_directory": "",
}
_TABLES = {
    "meta": "version INTEGER, folder VARCHAR, unresolved BOOLEAN",
    "words": "id INTEGER, word VARCHAR",
    "files": (
        "id INTEGER, path VARCHAR, size BIGINT, changed VARCHAR, modified DOUBLE, kind VARCHAR,"
        " model VARCHAR, base VARCHAR, parameters BIGINT, date DOUBLE, content BLOB"
    ),
    "problems": "file INTEGER, path VARCHAR, reason VARCHAR",
    "entries": (
        "id INTEGER, file INTEGER, task INTEGER, is_group BOOLEAN, ability INTEGER, documents BIGINT, version INTEGER,"
        " form BIGINT, shots BIGINT, identity INTEGER, rubric BOOLEAN, chance DOUBLE"
    ),
    "scores": "entry INTEGER, file INTEGER, metric INTEGER, filter INTEGER, value DOUBLE, stderr DOUBLE, higher BOOLEAN",
    # made from the tables above
    "checkpoints": (
        "id INTEGER, name VARCHAR, series VARCHAR, base VARCHAR, is_base BOOLEAN, parameters BIGINT, step BIGINT, tokens BIGINT,"
        " mix VARCHAR, recipe VARCHAR, seed BIGINT, stage VARCHAR, learning_rate DOUBLE, kind VARCHAR, folder VARCHAR,"
        " date DOUBLE, files INTEGER, folders INTEGER"
    ),
    "placed": "file INTEGER, checkpoint INTEGER",
    "superseded": "entry INTEGER",
    "roles": "task INTEGER, ability INTEGER, rubric BOOLEAN, role INTEGER",
}


def default_database(key: str) -> Path:
    """Where the index of a folder is kept; `key` is the folder's path or URL."""
    return cache_folder() / "index" / f"{_hash(key)}.duckdb"


def connect(database: Path | None, key: str, *, ours: bool) -> tuple[duckdb.DuckDBPyConnection, Path | None]:
    """(connection, its file). In memory, with None for the file, where the file is locked or cannot be written.

    A file that is damaged is made anew where it is `ours`, one of the cache. Raises `ResultsError` for a database of something
    else.
    """
    if database is not None:
        for attempt in (1, 2):
            try:
                database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                connection = duckdb.connect(str(database), config=_CONFIG)
                _prepare(connection, key, None if ours else database)
                return connection, database
            except OSError:
                break
            except duckdb.Error as error:
                if not ours or attempt == 2 or "Could not set lock" in str(error) or not database.is_file():
                    break
                with contextlib.suppress(OSError):  # then the second attempt fails too
                    database.unlink()
                    database.with_name(f"{database.name}.wal").unlink(missing_ok=True)
    connection = duckdb.connect(":memory:", config=_CONFIG)
    _prepare(connection, key, None)
    return connection, None


def _prepare(connection: duckdb.DuckDBPyConnection, key: str, named: Path | None) -> None:
    """Make the tables, anew where they are of another version or folder. `named`: the file, where a person named it."""
    try:
        there = {str(name) for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if named is not None and there and not {"meta", "files", "scores"} <= there <= set(_TABLES):
            raise ResultsError(f"{named}: a database of something else: name another file for the index")
        if there and connection.execute("SELECT version, folder FROM meta").fetchall() == [(VERSION, _hash(key))]:
            return
        connection.begin()
        for name in there:
            connection.execute(f'DROP TABLE "{name}"')
        for name, columns in _TABLES.items():
            connection.execute(f"CREATE TABLE {name} ({columns})")
        connection.execute("INSERT INTO meta VALUES (?, ?, false)", [VERSION, _hash(key)])
        connection.commit()
    except BaseException:
        connection.close()
        raise


def _hash(key: str) -> str:
    """Of a folder: URLs may hold passwords, which are not kept."""
    return hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()[:32]
