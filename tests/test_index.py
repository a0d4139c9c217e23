"""The index over real files, and as files come, change and go."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from equipoise.leaderboard.index import Index

DATA = ROOT.parent / "shared" / "data"


def real(name: str) -> Path:
    """A folder of real results, which are not part of the project."""
    if not (DATA / name).is_dir():
        pytest.skip(f"needs real results in {DATA / name}")
    return DATA / name


def lm_eval(tasks: dict[str, dict[str, object]], **more: object) -> dict[str, object]:
    """The content of a results file of lm-eval 0.4."""
    return {
        "results": {name: {"alias": name, **metrics} for name, metrics in tasks.items()},
        "versions": dict.fromkeys(tasks, 1),
        "n-shot": dict.fromkeys(tasks, 0),
        "config": {"model": "hf", "model_args": "pretrained=org/model-1b,dtype=float32", "limit": None},
        "model_name": "org/model-1b",
        **more,
    }


def write(path: Path, content: object) -> Path:
    """Write a file: text as it is, everything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


@pytest.fixture
def results(tmp_path):
    """A folder with two results files of one task each."""
    for name, value in (("a", 0.5), ("b", 0.6)):
        content = lm_eval({"piqa": {"acc,none": value, "acc_stderr,none": 0.01}}, model_name=f"org/{name}-1b", date=1_700_000_000)
        write(tmp_path / "results" / name / "results_2024-01-01T00-00-00.json", content)
    return tmp_path / "results"


@pytest.fixture
def index(results, tmp_path):
    with Index.open(str(results), database=tmp_path / "index.duckdb") as opened:
        yield opened


def counts(refreshed):
    return refreshed.added, refreshed.changed, refreshed.removed, refreshed.unchanged


def value(index, checkpoint, task="piqa", metric="acc"):
    rows = index.scores(checkpoints=[checkpoint], tasks=[task], metrics=[metric])
    return rows["value"].item()


def test_108_files_of_lm_eval_3(tmp_path):
    folder = real("lm_eval_pythia")
    with Index.open(str(folder), database=tmp_path / "index.duckdb") as index:
        assert counts(index.refresh()) == (108, 0, 0, 0)
        assert counts(index.refresh()) == (0, 0, 0, 108)
        checkpoints, scores = index.checkpoints(), index.scores()
        assert index.problems().empty
    assert len(checkpoints) == 108
    assert set(checkpoints["parameters"]) == {70_000_000, 160_000_000, 410_000_000, 1_400_000_000}
    assert checkpoints.groupby("series")["step"].agg(["count", "min", "max"]).to_numpy().tolist() == [[27, 0, 143_000]] * 4
    assert len(scores) == 108 * (62 * 2 + 22 * 2 + 2 + 2)
    assert scores["task"].nunique() == 87
    assert scores.loc[scores["task"].str.startswith("hendrycksTest"), "ability"].unique().tolist() == ["hendrycksTest"]
    content = json.loads((folder / "pythia-1.4b" / "1.4b_step143000.json").read_text())
    row = scores[(scores["checkpoint"] == "EleutherAI/pythia-v1.1-1.4b@step143000") & (scores["task"] == "sciq")]
    row = row[row["metric"] == "acc"].iloc[0]
    assert row["value"] == content["results"]["sciq"]["acc"]
    assert row["stderr"] == content["results"]["sciq"]["acc_stderr"]
    assert (row["filter"], row["version"], row["shots"], row["role"]) == ("none", "0", 0, "general")
    assert row["higher_is_better"] is np.True_ or row["higher_is_better"] is True


def test_real_files_of_lm_eval_4_are_two_engines_of_one_model(tmp_path):
    with Index.open(str(real("lm_eval_smollm2")), database=tmp_path / "index.duckdb") as index:
        index.refresh()
        assert index.checkpoints()["files"].tolist() == [2]
        kept, both = index.scores(), index.scores(superseded=True)
    assert kept[["task", "value", "stderr", "documents", "version"]].to_numpy().tolist() == [["toy_ctr", 1.0, 0.0, 45, "Yaml"]] * 2
    assert both["superseded"].tolist() == [False, False]


def test_files_come_change_and_go(index, results):
    assert counts(index.refresh()) == (2, 0, 0, 0)
    assert value(index, "org/b-1b") == 0.6
    added = write(results / "c" / "results_1.json", lm_eval({"piqa": {"acc,none": 0.7}}, model_name="c"))
    assert counts(index.refresh()) == (1, 0, 0, 2)
    assert value(index, "c") == 0.7
    write(added, lm_eval({"piqa": {"acc,none": 0.875}}, model_name="c"))
    assert counts(index.refresh()) == (0, 1, 0, 2)
    assert value(index, "c") == 0.875
    added.unlink()
    assert counts(index.refresh()) == (0, 0, 1, 2)
    assert "c" not in index.checkpoints()["name"].tolist()
    assert index.scores(checkpoints=["c"]).empty
    assert counts(index.refresh()) == (0, 0, 0, 2)


def test_numbers_stand_in_the_order_of_their_file_whatever_came_first(index, results):
    index.refresh()
    both = {"exact_match,strict": 0.1, "exact_match,flexible": 0.5}
    write(results / "c" / "results_1.json", lm_eval({"gsm8k": dict(reversed(both.items()))}, model_name="c"))
    index.refresh()
    write(results / "d" / "results_1.json", lm_eval({"gsm8k": both}, model_name="d"))
    index.refresh()
    assert index.scores(checkpoints=["d"])["filter"].tolist() == ["strict", "flexible"]


def test_a_number_that_is_given_again_keeps_nothing_of_the_old_file(index, results, monkeypatch):
    index.refresh()
    for path in results.rglob("results_*.json"):
        path.unlink()
    monkeypatch.setattr("equipoise.leaderboard.index._refresh._AT_ONCE", 1)
    monkeypatch.setattr("equipoise.leaderboard.index._refresh.resolve", stop := lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    write(results / "c" / "results_1.json", lm_eval({"piqa": {"acc,none": 0.7}}, model_name="c"))
    with pytest.raises(KeyboardInterrupt):
        index.refresh()
    assert callable(stop)
    assert index.scores().empty  # nothing of the new file under an old name


def test_answers_are_counted(index, results):
    assert index.refresh().samples == 0
    write(results / "a" / "samples_piqa_1.jsonl", "{}")
    assert index.refresh().samples == 1


def test_only_changed_files_are_opened(index, results, monkeypatch):
    index.refresh()
    changed = next(results.rglob("results_*.json"))
    os.utime(changed, ns=(1, 1))
    opened = []
    monkeypatch.setattr(index._folder, "read", lambda file, limit: opened.append(file.location) or Path(file.location).read_bytes())
    assert counts(index.refresh()) == (0, 1, 0, 1)
    assert opened == [str(changed)]


def test_a_truncated_file_is_listed_until_it_is_repaired(index, results):
    path = next(results.glob("a/*.json"))
    whole = path.read_text()
    path.write_text(whole[:-40])
    index.refresh()
    assert index.problems()["file"].tolist() == ["a/results_2024-01-01T00-00-00.json"]
    assert "cut off" in index.problems()["reason"].item()
    assert index.checkpoints()["name"].tolist() == ["org/b-1b"]
    path.write_text(whole)
    assert counts(index.refresh()) == (0, 1, 0, 1)
    assert index.problems().empty
    assert value(index, "org/a-1b") == 0.5


def test_the_newest_of_equal_runs_wins(index, results):
    task = {"piqa": {"acc,none": 0.9}}
    write(results / "a" / "results_2023.json", lm_eval(task, model_name="org/a-1b", date=1_600_000_000))
    index.refresh()
    assert value(index, "org/a-1b") == 0.5
    write(results / "a" / "results_2025.json", lm_eval(task, model_name="org/a-1b", date=1_800_000_000))
    index.refresh()
    assert value(index, "org/a-1b") == 0.9
    assert index.scores(superseded=True, checkpoints=["org/a-1b"])["superseded"].sum() == 2
    few_shot = lm_eval(task, model_name="org/a-1b", date=1_900_000_000) | {"n-shot": {"piqa": 5}}
    write(results / "a" / "results_2026.json", few_shot)
    index.refresh()
    assert index.scores(checkpoints=["org/a-1b"])["shots"].tolist() == [0, 5]


def test_threads_share_an_index(index, results):
    index.refresh()
    errors, stop = [], threading.Event()

    def read():
        try:
            while not stop.is_set():
                assert set(index.scores()["task"]) == {"piqa"}
                assert len(index.checkpoints()) >= 2
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(10):
        write(results / "c" / f"results_{i}.json", lm_eval({"piqa": {"acc,none": 0.1}}, model_name=f"c{i}"))
        index.refresh()
    stop.set()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(index.checkpoints()) == 12
