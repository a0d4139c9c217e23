"""The tables that are made from all others: checkpoints, which runs are superseded, roles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args

import duckdb
import pyarrow as pa
from pydantic import ValidationError

from equipoise.harness_ext.manifest import Manifest
from equipoise.leaderboard.index._checkpoints import Base, Checkpoint, File, checkpoints_of
from equipoise.leaderboard.index._content import UnreadableError
from equipoise.leaderboard.index._formats import not_json
from equipoise.leaderboard.index._series_file import Role, SeriesFile, read_series_file
from equipoise.leaderboard.index._values import LARGEST, finite, mapping, shown, text

ROLES: tuple[Role, ...] = get_args(Role)

_SUPERSEDED = """
    INSERT INTO superseded SELECT id FROM (
        SELECT e.id, row_number() OVER (
            PARTITION BY p.checkpoint, e.task, e.identity ORDER BY coalesce(f.date, f.modified) DESC, f.path DESC, e.id DESC) AS place
        FROM entries e JOIN placed p ON p.file = e.file JOIN files f ON f.id = e.file)
    WHERE place > 1
"""


def read_manifest_file(data: bytes) -> Manifest:
    """A `checkpoint.json`. Raises `UnreadableError` with one line."""
    try:
        return Manifest.model_validate(json.loads(data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "file"
        raise UnreadableError(f"{shown(field)}: {shown(first['msg'])}; its checkpoint is known by its results only") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError(not_json(error)) from error


def read_bases_file(data: bytes) -> list[Base]:
    """The bases of a `series.json`. Raises `UnreadableError` with one line."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(not_json(error)) from error
    bases = mapping(mapping(content).get("bases")).values()
    found = [Base(name, text(base.get("weights_hash"))) for base in map(mapping, bases) if (name := text(base.get("name")))]
    if not found:
        raise UnreadableError("is no series.json of equipoise: it names no bases")
    return found


def resolve(cursor: duckdb.DuckDBPyConnection, root: str) -> None:
    """Make the tables anew. `root`: the name of the result folder."""
    rows = cursor.execute(
        "SELECT id, path, model, base, parameters, coalesce(date, modified) FROM files WHERE kind = 'results'"
    ).fetchall()
    files = [File(*row) for row in rows]
    kept: dict[str, dict[str, bytes]] = {"manifest": {}, "bases": {}, "settings": {}}
    for path, kind, content in cursor.execute("SELECT path, kind, content FROM files WHERE content IS NOT NULL").fetchall():
        kept[kind][path.rpartition("/")[0] or "."] = bytes(content)
    said = next((read_series_file(data) for data in kept["settings"].values()), SeriesFile())
    found = checkpoints_of(
        files,
        {folder: read_manifest_file(data) for folder, data in kept["manifest"].items()},
        {folder: read_bases_file(data) for folder, data in kept["bases"].items()},
        said,
        root,
    )
    _replace(cursor, "checkpoints", [_row(i, checkpoint) for i, checkpoint in enumerate(found)])
    _replace(cursor, "placed", [(file.id, i) for i, checkpoint in enumerate(found) for file in checkpoint.files])
    cursor.execute("DELETE FROM superseded")
    cursor.execute(_SUPERSEDED)
    words = dict(cursor.execute("SELECT id, word FROM words").fetchall())
    kinds = cursor.execute("SELECT DISTINCT task, ability, rubric FROM entries").fetchall()
    roles = []
    for task, ability, rubric in kinds:
        role = said.role_of(words[task], words.get(ability)) or ("domain" if rubric else "general")
        roles.append((task, ability, rubric, ROLES.index(role)))
    _replace(cursor, "roles", roles)
    cursor.execute("UPDATE meta SET unresolved = false")


def _row(number: int, c: Checkpoint) -> tuple[Any, ...]:
    manifest = c.manifest or Manifest()
    seed = manifest.seed if manifest.seed is not None and abs(manifest.seed) <= LARGEST else None
    return (
        number,
        c.name,
        c.series,
        c.base,
        c.is_base,
        c.parameters,
        c.step,
        c.tokens,
        c.mix,
        text(manifest.config_hash),
        seed,
        text(manifest.stage),
        finite(manifest.learning_rate),
        manifest.kind,
        c.folder,
        c.newest.date,
        len(c.files),
        len({file.folder for file in c.files}),
    )


def _replace(cursor: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Fill a table anew."""
    cursor.execute(f"DELETE FROM {table}")
    if rows:
        arrays = [pa.array(list(column)) for column in zip(*rows, strict=True)]
        cursor.register("made", pa.table(arrays, names=[f"c{i}" for i in range(len(arrays))]))
        cursor.execute(f"INSERT INTO {table} SELECT * FROM made")
        cursor.unregister("made")
