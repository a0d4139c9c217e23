"""The tables → pandas frames. Texts that repeat are categories."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equipoise.leaderboard.index._resolve import ROLES
from equipoise.leaderboard.index._values import storable

_WORDS = ("task", "metric", "filter", "version", "identity", "ability")
_WHOLE = ("documents", "form", "shots")
_SCORES = """
    SELECT p.checkpoint, e.task, e.is_group, s.metric, s.filter, s.value, s.stderr, s.higher AS higher_is_better, e.documents,
        e.version, e.form, e.shots, e.chance, s.file, e.identity, {superseded} AS superseded, r.role, e.ability
    FROM scores s JOIN entries e ON e.id = s.entry JOIN placed p ON p.file = e.file
        JOIN roles r ON r.task = e.task AND r.ability IS NOT DISTINCT FROM e.ability AND r.rubric = e.rubric
    WHERE {where}
    ORDER BY p.checkpoint, e.id, s.rowid
"""
COLUMNS = (
    *("checkpoint", "task", "is_group", "metric", "filter", "value", "stderr", "higher_is_better", "documents", "version"),
    *("form", "shots", "chance", "date", "file", "identity", "superseded", "role", "ability"),
)


def scores(
    cursor: duckdb.DuckDBPyConnection,
    *,
    superseded: bool,
    tasks: Collection[str] | None,
    checkpoints: Collection[str] | None,
    metrics: Collection[str] | None,
) -> pd.DataFrame:
    """See `Index.scores`."""
    where, values = ["true"], []
    for column, table, text, wanted in (
        ("e.task", "words", "word", tasks),
        ("p.checkpoint", "checkpoints", "name", checkpoints),
        ("s.metric", "words", "word", metrics),
    ):
        if wanted is not None:
            where.append(f"{column} IN (SELECT id FROM {table} WHERE {text} IN (SELECT unnest(?::VARCHAR[])))")
            values.append([storable(name) for name in wanted])
    if not superseded:
        where.append("e.id NOT IN (SELECT entry FROM superseded)")
    marked = "e.id IN (SELECT entry FROM superseded)" if superseded else "false"
    found = cursor.execute(_SCORES.format(superseded=marked, where=" AND ".join(where)), values).fetchnumpy()
    files = cursor.execute("SELECT id, path, coalesce(date, modified) AS date FROM files WHERE kind = 'results'").fetchnumpy()
    names = cursor.execute("SELECT id, name FROM checkpoints").fetchnumpy()
    words = cursor.execute("SELECT id, word FROM words").fetchnumpy()
    by_file = _by_id(files["id"], _numbers(files["date"]))
    take = found.pop  # of a million rows each column is let go as soon as it is made
    columns: dict[str, Any] = {
        "date": _dates(by_file[np.asarray(found["file"], np.int64)]),
        "is_group": np.asarray(take("is_group"), np.bool_),
        "value": _numbers(take("value")),
        "stderr": _numbers(take("stderr")),
        "chance": _numbers(take("chance")),
        "higher_is_better": _flags(take("higher_is_better")),
        "superseded": np.asarray(take("superseded"), np.bool_),
        "checkpoint": _category(take("checkpoint"), names["id"], names["name"]),
        "file": _category(take("file"), files["id"], files["path"]),
        "role": pd.Categorical.from_codes(np.asarray(take("role"), np.int8), categories=pd.Index(ROLES, dtype="str")),
    }
    columns |= {name: _category(take(name), words["id"], words["word"]) for name in _WORDS}
    columns |= {name: _whole(take(name)) for name in _WHOLE}
    return pd.DataFrame({name: columns[name] for name in COLUMNS}, copy=False)


def checkpoints(cursor: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """See `Index.checkpoints`."""
    found = cursor.execute("SELECT * FROM checkpoints ORDER BY id").fetchnumpy()
    frame: dict[str, Any] = {}
    for name, values in found.items():
        if name == "id":
            continue
        if name in ("parameters", "step", "tokens", "seed"):
            frame[name] = _whole(values)
        elif name == "date":
            frame[name] = _dates(_numbers(values))
        elif name == "learning_rate":
            frame[name] = _numbers(values)
        elif name in ("is_base", "files", "folders"):
            frame[name] = np.asarray(values)
        else:
            frame[name] = _texts(values)
    return pd.DataFrame(frame)


def problems(cursor: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """See `Index.problems`."""
    rows = cursor.execute("SELECT path, reason FROM problems ORDER BY path, reason").fetchall()
    return pd.DataFrame(rows, columns=["file", "reason"], dtype="str")


def _parts(column: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """(values, which are NULL) of a column that DuckDB gives, masked or not."""
    if isinstance(column, np.ma.MaskedArray):
        return column.data, np.broadcast_to(column.mask, column.shape)
    return column, np.zeros(len(column), np.bool_)


def _numbers(column: Any) -> NDArray[np.float64]:
    """Floats, NaN where NULL."""
    values, missing = _parts(column)
    return np.where(missing, np.nan, values.astype(np.float64))


def _whole(column: Any) -> pd.arrays.IntegerArray:
    values, missing = _parts(column)
    return pd.arrays.IntegerArray(values.astype(np.int64), missing.copy())


def _flags(column: Any) -> pd.arrays.BooleanArray:
    values, missing = _parts(column)
    return pd.arrays.BooleanArray(values.astype(np.bool_), missing.copy())


def _texts(column: Any) -> Any:
    values, missing = _parts(column)
    texts = values.astype(object)
    texts[missing] = None
    return pd.array(texts, dtype="str")


def _dates(seconds: NDArray[np.float64]) -> Any:
    return pd.to_datetime(np.round(seconds * 1e6), unit="us", utc=True)


def _by_id(ids: Any, values: NDArray[Any]) -> NDArray[Any]:
    """Values such that those of id i stand at place i."""
    places = np.asarray(ids, np.int64)
    found = np.empty(places.max(initial=-1) + 1, values.dtype)
    found[places] = values
    return found


def _category(ids: Any, known: Any, texts: Any) -> pd.Categorical:
    """Ids → a categorical of those texts that occur; masked ids are missing."""
    codes, missing = _parts(ids)
    by_id = _by_id(known, np.asarray(texts, object))
    used = np.zeros(len(by_id), np.bool_)
    used[codes[~missing]] = True
    place = np.cumsum(used) - 1
    codes = np.where(missing, -1, place[np.where(missing, 0, codes)] if len(place) else -1)
    return pd.Categorical.from_codes(codes, categories=pd.Index(by_id[used], dtype="str"))
