# ruff: noqa: F811  fixtures
"""Where result folders and the index itself may lie."""

import json
import subprocess
import sys

import pytest
from test_index import counts, lm_eval, results, value, write  # noqa: F401

from equipoise.harness_ext.errors import MissingExtraError, ResultsError
from equipoise.leaderboard.index import Index


def test_a_second_process_works_in_memory(results, tmp_path, monkeypatch):
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    code = (
        "import sys; from equipoise.leaderboard.index import Index\n"
        "with Index.open(sys.argv[1]) as i: print(i.refresh().added, i.database, len(i.scores()))"
    )
    with Index.open(str(results)) as index:
        assert index.database is not None
        assert index.database.parent == tmp_path / "cache" / "index"
        index.refresh()
        done = subprocess.run([sys.executable, "-c", code, results], capture_output=True, text=True, timeout=60)
        assert done.stdout == "2 None 2\n", done.stderr
        assert counts(index.refresh()) == (0, 0, 0, 2)
    with Index.open(str(results)) as again:
        assert len(again.scores()) == 2
        assert counts(again.refresh()) == (0, 0, 0, 2)


def test_the_folder_is_only_read(results, tmp_path, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in [results, *results.rglob("*")]}
    monkeypatch.chdir(results)
    monkeypatch.setenv("EQUIPOISE_CACHE", str(results / "cache"))
    with Index.open(".") as index:
        index.refresh()
        assert index.database is None
        assert len(index.scores()) == 2
    assert {path: path.stat().st_mtime_ns for path in [results, *results.rglob("*")]} == before


def test_a_cache_that_cannot_be_written_or_is_damaged(results, tmp_path, monkeypatch):
    monkeypatch.setenv("EQUIPOISE_CACHE", str(write(tmp_path / "file", "")))
    with Index.open(str(results)) as index:
        assert index.database is None
        assert index.refresh().added == 2
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    with Index.open(str(results)) as index:
        index.refresh()
        database = index.database
    database.write_text("damaged " * 10_000)
    with Index.open(str(results)) as index:
        assert index.database == database
        assert index.refresh().added == 2


def test_a_database_of_something_else_is_left_alone(results, tmp_path):
    import duckdb

    path = tmp_path / "sales.duckdb"
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE TABLE sales (euros INTEGER)")
    with pytest.raises(ResultsError, match="something else"):
        Index.open(str(results), database=path)
    with duckdb.connect(str(path)) as other:
        assert other.execute("SELECT count(*) FROM sales").fetchall() == [(0,)]


def test_what_cannot_be_opened_says_so(tmp_path):
    for root, message in ((tmp_path / "none", "no such result folder"), (write(tmp_path / "file", ""), "is a file")):
        with pytest.raises(ResultsError, match=message):
            Index.open(str(root))
    with pytest.raises(ResultsError, match="Protocol not known"):
        Index.open("nowhere://bucket")
    with pytest.raises(MissingExtraError, match=r"(?i)dropbox"):
        Index.open("dropbox://folder/results")


def test_a_url(tmp_path, results):
    import fsspec

    memory = fsspec.filesystem("memory")
    for path in results.rglob("*.json"):
        memory.pipe(f"/index-test/{path.relative_to(results)}", path.read_bytes())
    try:
        with Index.open("memory://index-test", database=tmp_path / "index.duckdb") as index:
            assert counts(index.refresh()) == (2, 0, 0, 0)
            memory.pipe("/index-test/a/results_2.json", json.dumps(lm_eval({"sciq": {"acc,none": 1}})).encode())
            assert counts(index.refresh()) == (1, 0, 0, 2)
            assert value(index, "org/model-1b", "sciq") == 1
            memory.rm("/index-test", recursive=True)
            with pytest.raises(ResultsError, match="no such result folder"):
                index.refresh()
            assert len(index.scores()) == 3
    finally:
        memory.store.clear()
