"""What files say → rows, put into the tables in bulk. Texts are stored once and numbered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from equipoise.leaderboard.index._content import Content
from equipoise.leaderboard.index._names import time_in
from equipoise.leaderboard.index._scan import Found

_COLUMNS: dict[str, dict[str, Any]] = {
    "words": {"id": pa.int32(), "word": pa.string()},
    "files": {
        "id": pa.int32(),
        "path": pa.string(),
        "size": pa.int64(),
        "changed": pa.string(),
        "modified": pa.float64(),
        "kind": pa.string(),
        "model": pa.string(),
        "base": pa.string(),
        "parameters": pa.int64(),
        "date": pa.float64(),
        "content": pa.binary(),
    },
    "problems": {"file": pa.int32(), "path": pa.string(), "reason": pa.string()},
    "entries": {
        "id": pa.int32(),
        "file": pa.int32(),
        "task": pa.int32(),
        "is_group": pa.bool_(),
        "ability": pa.int32(),
        "documents": pa.int64(),
        "version": pa.int32(),
        "form": pa.int64(),
        "shots": pa.int64(),
        "identity": pa.int32(),
        "rubric": pa.bool_(),
        "chance": pa.float64(),
    },
    "scores": {
        "entry": pa.int32(),
        "file": pa.int32(),
        "metric": pa.int32(),
        "filter": pa.int32(),
        "value": pa.float64(),
        "stderr": pa.float64(),
        "higher": pa.bool_(),
    },
}
_LATEST = 4_102_444_800
"""The year 2100; dates beyond are mistakes."""


class Rows:
    """Rows that wait to be inserted. Use within one refresh: nobody else adds words meanwhile."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection):
        self._cursor = cursor
        self._words = {str(word): int(i) for i, word in cursor.execute("SELECT id, word FROM words").fetchall()}
        self._next_file, self._next_entry = (
            int(cursor.execute(f"SELECT coalesce(max(id), -1) + 1 FROM {table}").fetchall()[0][0]) for table in ("files", "entries")
        )
        self._waiting: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _COLUMNS}

    def add(self, file: Found, kind: str, content: Content | None, text: bytes | None, problems: Sequence[str]) -> None:
        """One file: results with their content, others with their text, bad ones with neither."""
        number, self._next_file = self._next_file, self._next_file + 1
        said = content.date if content and content.date else 0
        date = said if 0 < said < _LATEST else time_in(file.path.rpartition("/")[2])
        self._waiting["files"].append(
            (
                number,
                file.path,
                file.size,
                file.changed,
                file.modified,
                kind,
                content.model if content else None,
                content.base if content else None,
                content.parameters if content else None,
                date,
                text,
            )
        )
        self._waiting["problems"] += [(number, file.path, reason) for reason in problems]
        if content is not None:
            self._add_tasks(number, content)

    def _add_tasks(self, number: int, content: Content) -> None:
        word, entries, scores = self._word, self._waiting["entries"], self._waiting["scores"]
        for task in content.tasks:
            entry, self._next_entry = self._next_entry, self._next_entry + 1
            entries.append(
                (
                    entry,
                    number,
                    word(task.name),
                    task.is_group,
                    None if task.ability is None else word(task.ability),
                    task.documents,
                    None if task.version is None else word(task.version),
                    task.form,
                    task.shots,
                    word(task.identity),
                    task.is_rubric,
                    task.chance,
                )
            )
            scores += [(entry, number, word(s.metric), word(s.filter), s.value, s.stderr, s.higher_is_better) for s in task.scores]

    def _word(self, word: str) -> int:
        found = self._words.get(word)
        if found is None:
            found = self._words[word] = len(self._words)
            self._waiting["words"].append((found, word))
        return found

    def insert(self) -> None:
        """Put what waits into the tables."""
        for name, rows in self._waiting.items():
            if not rows:
                continue
            columns = zip(*rows, strict=True)
            arrays = {c: pa.array(v, t) for (c, t), v in zip(_COLUMNS[name].items(), columns, strict=True)}
            self._cursor.register("waiting", pa.table(arrays))
            self._cursor.execute(f"INSERT INTO {name} SELECT * FROM waiting")
            self._cursor.unregister("waiting")
            rows.clear()
