"""Scores on disk: whole or absent, one series per folder, several processes at once."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

from equipoise.harness_ext.errors import CheckpointError, ResultsError
from equipoise.harness_ext.files import write_atomically
from equipoise.harness_ext.series._discover import find_series
from equipoise.harness_ext.series._store import ResultsFolder

ROW = {"doc_id": 0, "doc": {}, "target": 1, "arguments": [("Q", " A")], "resps": [[(-1.0, True)]], "filtered_resps": [(-1.0, True)]}
ROW |= {"filter": "none", "doc_hash": "d", "prompt_hash": "p", "target_hash": "t", "acc": 1.0}
RESULTS = {
    "results": {"letters": {"acc,none": 1.0}},
    "versions": {"letters": 1},
    "equipoise": {"identity": {"task": "letters", "weights": "w"}},
}


@pytest.fixture
def checkpoint(tiny_base):
    return find_series([str(tiny_base)]).checkpoints[0]


def files(folder):
    return sorted(p.name.split("_")[0] for p in folder.rglob("*") if p.is_file() and p.name != ".lock")


def test_what_is_written_is_read_back(tmp_path, checkpoint):
    store = ResultsFolder(tmp_path / "out")
    with store.claim("tiny", wait=False) as mine:
        assert mine
        path = store.write(checkpoint, RESULTS, {"letters": [ROW]})
    (entry,) = store.entries("tiny")
    assert (entry.path, entry.identity) == (path, {"task": "letters", "weights": "w"})
    row = json.loads(store.samples(path, "letters").read_text())
    assert row["arguments"] == {"gen_args_0": {"arg_0": "Q", "arg_1": " A"}}
    assert row["target"] == "1"
    assert files(tmp_path) == ["checkpoint.json", "results", "samples"]


def test_a_full_disk_leaves_nothing_half_written(tmp_path, checkpoint):
    """A real write that fails: the process may not make files larger than 300 bytes."""
    code = f"""
        import resource, signal
        from pathlib import Path
        from equipoise.harness_ext.series._discover import find_series
        from equipoise.harness_ext.series._store import ResultsFolder
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        checkpoint = find_series([{str(checkpoint.folder)!r}]).checkpoints[0]
        store = ResultsFolder(Path({str(tmp_path / "out")!r}))
        with store.claim("tiny", wait=False):
            store.describe(checkpoint)
            resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
            try:
                store.write(checkpoint, {RESULTS!r}, {{"letters": [{ROW!r}] * 9}})
            except OSError as error:
                print("refused:", error.strerror)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert "refused: File too large" in done.stdout, done.stderr
    assert files(tmp_path / "out") == ["checkpoint.json"]


@pytest.mark.parametrize("moment", ["samples", "results"])
def test_a_kill_between_two_files_leaves_no_trace(moment, tmp_path, checkpoint):
    code = f"""
        import os
        from pathlib import Path
        from equipoise.harness_ext.series import _store
        from equipoise.harness_ext.series._discover import find_series
        write = _store.write_atomically
        def dying(path, text):
            if path.name.startswith({moment!r}):
                if {moment!r} == "samples":
                    path.with_name(".samples-cut.tmp").write_text("half")
                os.kill(os.getpid(), 9)
            write(path, text)
        _store.write_atomically = dying
        store = _store.ResultsFolder(Path({str(tmp_path / "out")!r}))
        with store.claim("tiny", wait=False):
            store.write(find_series([{str(checkpoint.folder)!r}]).checkpoints[0], {RESULTS!r}, {{"letters": [{ROW!r}]}})
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    store = ResultsFolder(tmp_path / "out")
    assert store.entries("tiny") == []
    (store.folder("tiny") / "samples_other_2026-01-01T00-00-00.jsonl").write_text("of another tool")
    with store.claim("tiny", wait=False) as mine:
        assert mine
    assert files(tmp_path / "out") == ["checkpoint.json", "samples"]


def test_a_checkpoint_is_claimed_once(tmp_path):
    store = ResultsFolder(tmp_path)
    code = f"""
        from pathlib import Path
        from equipoise.harness_ext.series._store import ResultsFolder
        with ResultsFolder(Path({str(tmp_path)!r})).claim("a", wait=False) as mine:
            print(mine)
    """
    other = [sys.executable, "-c", textwrap.dedent(code)]
    with store.claim("a", wait=False) as mine:
        assert mine
        assert subprocess.run(other, capture_output=True, text=True).stdout == "False\n"
    assert subprocess.run(other, capture_output=True, text=True).stdout == "True\n"


def test_scores_of_other_weights_are_not_mixed(tmp_path, tiny_run, tiny_base):
    store = ResultsFolder(tmp_path)
    series = find_series([str(tiny_run)])
    store.check_same_series(series.checkpoints, series.bases)
    store.keep_bases(series.bases)
    store.describe(series.checkpoints[1])
    store.check_same_series(series.checkpoints, series.bases)
    other = dict.fromkeys(series.bases, series.checkpoints[2])
    with pytest.raises(CheckpointError, match="results of another series: its base is tiny, not mix20-checkpoint-200"):
        store.check_same_series(series.checkpoints, other)
    path = store.folder("mix20-checkpoint-100") / "checkpoint.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"weights_hash": "other"}))
    with pytest.raises(CheckpointError, match="holds scores of other weights called mix20-checkpoint-100"):
        store.check_same_series(series.checkpoints, series.bases)
    (tmp_path / "series.json").write_text("[]")
    with pytest.raises(ResultsError, match=r"not a series\.json of equipoise"):
        store.keep_bases(series.bases)


def test_a_results_path_that_is_a_file(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(ResultsError, match="is a file; --results wants a folder"):
        ResultsFolder(tmp_path / "x")


def test_an_atomic_write_keeps_the_old_file_where_it_fails(tmp_path):
    path = tmp_path / "f"
    write_atomically(path, "old")

    def parts():
        yield "new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, parts())
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["f"]
