"""Rows: four formats from four kinds of files; a bad line is named, never skipped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from equipoise.harness_ext.errors import DataError
from equipoise.train.config import Source
from equipoise.train.rows import parse_row, read_rows

CHAT = ({"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."})


@pytest.mark.parametrize(
    "raw",
    [
        {"messages": list(CHAT)},
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}]},
        {"prompt": "Hi", "completion": "Hello."},
        {"messages": None, "conversations": [{"role": None, "from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}]},
        {"prompt": [CHAT[0]], "completion": [CHAT[1]]},
        {"instruction": "Hi", "input": "", "output": "Hello."},
    ],
)
def test_formats_that_are_conversations(raw: dict[str, object]) -> None:
    assert parse_row(raw, Source(data="x"), "here").messages == CHAT


def test_formats_without_a_conversation() -> None:
    assert parse_row({"text": "Once."}, Source(data="x"), "").text == "Once."
    row = parse_row({"prompt": "a", "completion": "b"}, Source(data="x", chat=False), "")
    assert (row.messages, row.prompt, row.text) == ((), "a", "b")
    with_input = parse_row({"instruction": "Sum up", "input": "A text.", "output": "Text."}, Source(data="x"), "")
    assert with_input.messages[0]["content"] == "Sum up\n\nA text."
    with_system = parse_row({"prompt": "Hi", "completion": "Hello.", "system": "Be kind."}, Source(data="x"), "")
    assert with_system.messages == ({"role": "system", "content": "Be kind."}, *CHAT)


def test_all_kinds_of_files_in_a_fixed_order(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n\n{"text": "two"}\n')
    (tmp_path / "b.json").write_text('[{"prompt": "p", "completion": "three"}]')
    (tmp_path / "c.csv").write_text('text\n"four, with a comma"\n')
    pyarrow.parquet.write_table(pyarrow.table({"text": ["five"], "messages": [None]}), tmp_path / "d.parquet")
    (tmp_path / "notes.md").write_text("not data")
    rows = list(read_rows("s", Source(data=str(tmp_path))))
    assert [row.text or row.messages[1]["content"] for row in rows] == ["one", "two", "three", "four, with a comma", "five"]
    assert rows[1].place.endswith("a.jsonl line 3")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ('{"text": "one"', "line 2: not valid JSON"),
        ('["text"]', "line 2: an object with columns is expected, not list"),
        ('{"question": "?"}', "line 2: has question; needs messages, prompt and completion, instruction and output, or text"),
        ('{"text": " "}', "line 2: text is empty"),
        ('{"prompt": "p", "completion": 3}', "line 2: completion is not text"),
        ('{"instruction": "a", "input": {"x": 1}, "output": "b"}', "line 2: input is not text"),
        ('{"instruction": "a", "output": "b", "history": [["c", "d"]]}', "line 2: a history column is not read"),
        ('{"messages": []}', "line 2: messages must be a list of turns"),
        ('{"messages": [{"role": "bot", "content": "x"}]}', "line 2: turn 1 has the role 'bot'"),
        ('{"messages": [{"role": "user", "content": "x"}]}', "line 2: no assistant turn to train on"),
        ('{"messages": [{"role": "assistant", "content": ""}]}', "line 2: turn 1: the assistant's answer is empty"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, raw: str, message: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "good"}\n' + raw + "\n")
    with pytest.raises(DataError) as raised:
        list(read_rows("s", Source(data=str(path))))
    assert str(raised.value).startswith(f"{path} {message}")


def test_places_that_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "data.txt").write_text("x")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "list.json").write_text(json.dumps({"text": "x"}))
    for place, message in [
        ("absent.jsonl", "no such file or folder"),
        ("empty", "no .jsonl, .json, .parquet, .csv file in"),
        ("data.txt", ".txt is not read"),
        ("broken.parquet", "not a readable Parquet file"),
        ("list.json", "a list of rows is expected"),
    ]:
        with pytest.raises(DataError, match=message):
            list(read_rows("s", Source(data=str(tmp_path / place))))
    with pytest.raises(DataError, match="no such file, and the hub has no such dataset"):
        list(read_rows("s", Source(data="nobody/nothing")))
