"""Rows of a source: read from files or the hub, each a conversation or a text, with the place it came from."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.harness_ext.errors import DataError, MissingExtraError, first_line
from equipoise.train.config import Source

_FORMATS = (".jsonl", ".json", ".parquet", ".csv")
_ROLES = {"human": "user", "gpt": "assistant"}


@dataclass(frozen=True, slots=True)
class Row:
    """One training example before its tokens."""

    messages: tuple[dict[str, Any], ...] = ()
    """A conversation; every assistant turn is trained on."""
    prompt: str = ""
    """Without chat: what is read, …"""
    text: str | None = None
    """… and what is trained on after it."""
    tools: Any = None
    """Passed to the chat template."""
    place: str = ""
    """File and line, for messages."""

    def digest(self) -> bytes:
        """Equal for rows of equal content."""
        return hashlib.sha256(json.dumps([self.messages, self.prompt, self.text, self.tools], sort_keys=True).encode()).digest()


def source_files(name: str, source: Source) -> list[Path | str]:
    """The files of a source in a fixed order; hub names as text. Raises `DataError` where there is nothing."""
    found: list[Path | str] = []
    for place in source.places:
        path = Path(place)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix in _FORMATS and p.is_file())
            if not inside:
                raise DataError(f"source {name}: no {', '.join(_FORMATS)} file in {path}")
            found += inside
        elif path.is_file():
            if path.suffix not in _FORMATS:
                raise DataError(
                    f"source {name}: {path}: {path.suffix or 'a file without suffix'} is not read; use {', '.join(_FORMATS)}"
                )
            found.append(path)
        elif path.is_absolute() or place.count("/") != 1 or path.suffix in _FORMATS:
            raise DataError(f"source {name}: {place}: no such file or folder")
        else:
            found.append(place)
    return found


def read_rows(name: str, source: Source) -> Iterator[Row]:
    """All rows of a source in order. Raises `DataError` with file and line for the first that cannot be used."""
    for file in source_files(name, source):
        for place, raw in _raw_rows(file):
            yield parse_row(raw, source, place)


def hash_files(name: str, source: Source) -> str:
    """sha256 of a source's files, in order; of the name and fingerprint for a hub dataset."""
    digest = hashlib.sha256()
    for file in source_files(name, source):
        if isinstance(file, Path):
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
        else:
            digest.update(f"{file}@{_hub(file)._fingerprint}".encode())
    return digest.hexdigest()


def _raw_rows(file: Path | str) -> Iterator[tuple[str, Any]]:
    if isinstance(file, str):
        yield from ((f"{file} row {i}", row) for i, row in enumerate(_hub(file), 1))
    elif file.suffix == ".jsonl":
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    yield f"{file} line {number}", json.loads(line)
                except ValueError as error:
                    raise DataError(f"{file} line {number}: not valid JSON ({error})") from error
    elif file.suffix == ".json":
        try:
            rows = json.loads(file.read_bytes())
        except ValueError as error:
            raise DataError(f"{file}: not valid JSON ({error}); one object a line belongs into a .jsonl file") from error
        if not isinstance(rows, list):
            raise DataError(f"{file}: a list of rows is expected")
        yield from ((f"{file} row {i}", row) for i, row in enumerate(rows, 1))
    elif file.suffix == ".csv":
        with file.open(newline="", encoding="utf-8-sig") as opened:
            reader = csv.DictReader(opened, strict=True)
            try:
                for row in reader:
                    if None in row or None in row.values():
                        raise DataError(f"{file} line {reader.line_num}: {len(reader.fieldnames or [])} columns are expected")
                    yield f"{file} line {reader.line_num}", row
            except (csv.Error, UnicodeDecodeError) as error:
                raise DataError(f"{file} line {reader.line_num}: {error}") from error
    else:
        import pyarrow
        import pyarrow.parquet

        try:
            with pyarrow.parquet.ParquetFile(file) as table:
                rows_before = 0
                for batch in table.iter_batches():
                    yield from ((f"{file} row {rows_before + i}", row) for i, row in enumerate(batch.to_pylist(), 1))
                    rows_before += batch.num_rows
        except (pyarrow.ArrowException, OSError) as error:
            raise DataError(f"{file}: not a readable Parquet file ({first_line(error)})") from error


def _hub(name: str) -> Any:
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise MissingExtraError("data from the hub needs datasets: pip install 'equipoise[train]'") from error
    try:
        return load_dataset(name, split="train")
    except Exception as error:
        raise DataError(
            f"{name}: no such file, and the hub has no such dataset or cannot be reached ({first_line(error)})"
        ) from error


def parse_row(raw: Any, source: Source, place: str) -> Row:
    """One row of any of the four formats. Raises `DataError` that says what is missing."""
    if not isinstance(raw, dict):
        raise DataError(f"{place}: an object with columns is expected, not {type(raw).__name__}")
    kind = source.format if source.format != "auto" else _kind(raw, place)
    if kind == "messages":
        messages = raw["messages"] if raw.get("messages") is not None else raw.get("conversations")
        return Row(messages=tuple(_messages(messages, place)), tools=raw.get("tools"), place=place)
    if raw.get("history"):
        raise DataError(f"{place}: a history column is not read: write the conversation as messages")
    if kind == "text":
        return Row(text=_text(raw, "text", place), place=place)
    if kind == "instruction":
        prompt, answer = _text(raw, "instruction", place), _text(raw, "output", place)
        if raw.get("input") not in (None, ""):
            prompt = f"{prompt}\n\n{_text(raw, 'input', place)}"
    else:
        if isinstance(before := raw.get("prompt"), list) and isinstance(after := raw.get("completion"), list):
            return Row(messages=tuple(_messages([*before, *after], place)), place=place)
        prompt, answer = _text(raw, "prompt", place), _text(raw, "completion", place)
    if not source.chat:
        return Row(prompt=prompt, text=answer, place=place)
    system = [{"role": "system", "content": _text(raw, "system", place)}] if raw.get("system") else []
    turns = [*system, {"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
    return Row(messages=tuple(turns), place=place)


def _kind(raw: dict[str, Any], place: str) -> str:
    for kind, columns in (
        ("messages", ("messages",)),
        ("messages", ("conversations",)),
        ("prompt", ("prompt", "completion")),
        ("instruction", ("instruction", "output")),
        ("text", ("text",)),
    ):
        if all(raw.get(column) is not None for column in columns):
            return kind
    raise DataError(
        f"{place}: has {', '.join(raw) or 'no columns'}; needs messages, prompt and completion, instruction and output, or text"
    )


def _text(raw: dict[str, Any], column: str, place: str) -> str:
    value = raw.get(column)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{place}: {column} is {'missing' if value is None else 'empty' if isinstance(value, str) else 'not text'}")
    return value


def _messages(raw: Any, place: str) -> Iterator[dict[str, Any]]:
    if not isinstance(raw, list) or not raw:
        raise DataError(f"{place}: messages must be a list of turns")
    trained = False
    for number, turn in enumerate(raw, 1):
        if not isinstance(turn, dict):
            raise DataError(f"{place}: turn {number} is not an object")
        role = turn["role"] if turn.get("role") is not None else turn.get("from")
        content = turn["content"] if turn.get("content") is not None else turn.get("value")
        role = _ROLES.get(str(role), role)
        if role not in ("system", "user", "assistant", "tool", "developer"):
            raise DataError(f"{place}: turn {number} has the role {role!r}")
        if role == "assistant" and not turn.get("tool_calls") and (not isinstance(content, str) or not content.strip()):
            raise DataError(f"{place}: turn {number}: the assistant's answer is empty")
        trained |= role == "assistant"
        rest = {key: value for key, value in turn.items() if key not in ("role", "from", "content", "value") and value is not None}
        yield {"role": role, "content": content if content is not None else "", **rest}
    if not trained:
        raise DataError(f"{place}: no assistant turn to train on")
