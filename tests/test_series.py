"""Scoring a series: resumed, never twice, failures contained. Faults come from a scripted engine, the rest is real."""

import json
import shutil
import threading
import time
from pathlib import Path
from typing import ClassVar

import pytest
from conftest import lora, neighbour, write_choice_tasks

from equipoise.harness_ext.engines import EngineConfig, Generation, Scored
from equipoise.harness_ext.errors import CheckpointError, EngineError, EquipoiseError, ReloadError, WeightsError
from equipoise.harness_ext.series import ScoreOptions, _run
from equipoise.harness_ext.series._discover import find_series
from equipoise.harness_ext.series._run import SeriesScorer
from equipoise.harness_ext.series._table import as_json, report
from equipoise.harness_ext.series._watch import is_last, watch


class FaultyEngine:
    """Scores by the folder's name; fails where it is told to."""

    name, version, max_length, max_scored, window = "hf", "1", 2048, 2048, 2048
    opened: ClassVar[list[str]] = []
    asked: ClassVar[list[tuple[str, int]]] = []
    faults: ClassVar[dict[str, Exception]] = {}
    """By "open NAME", "load NAME", or "score NAME"."""

    folders: ClassVar[list[Path]] = []

    def __init__(self, folder):
        self.folder = Path(folder).name
        FaultyEngine.folders.append(Path(folder))
        FaultyEngine.opened.append(self.folder)
        self.fail("open")

    def fail(self, what):
        if error := self.faults.get(f"{what} {self.folder}"):
            raise error

    def load(self, folder):
        self.folder = Path(folder).name
        FaultyEngine.folders.append(Path(folder))
        assert (Path(folder) / "config.json").is_file()
        self.fail("load")

    def generate(self, prompts, sampling, tick):
        return [Generation("no answer", 2, False) for _ in prompts]

    def score(self, requests, tick):
        self.fail("score")
        FaultyEngine.asked.append((self.folder, len(requests)))
        lean = sum(map(ord, self.folder)) % 3
        return [[Scored(-1.0 - abs(j - lean), False) for j in range(len(k))] for _, k in requests]

    def close(self): ...


@pytest.fixture
def engine(monkeypatch):
    FaultyEngine.opened, FaultyEngine.asked, FaultyEngine.faults, FaultyEngine.folders = [], [], {}, []
    monkeypatch.setattr(_run, "open_engine", lambda choice, folder, config: FaultyEngine(folder))
    return FaultyEngine


def options(results, tasks, *names, **rest):
    return ScoreOptions(tasks=names or ("letters",), results=results, engine="hf", include_path=str(tasks), chat=False, **rest)


def score(named, chosen, **rest):
    scorer = SeriesScorer(chosen)
    series = find_series([str(n) for n in named], **rest)
    outcome = scorer.run(series)
    return outcome, report(scorer, series)


def test_one_engine_serves_a_series_and_nothing_is_scored_twice(engine, tmp_path, choice_tasks, tiny_run):
    chosen = options(tmp_path, choice_tasks, "letters", "sentences")
    outcome, found = score([tiny_run], chosen)
    assert (outcome.scored, outcome.kept, outcome.failures) == (8, 0, [])
    assert engine.opened == ["tiny"]
    outcome, again = score([tiny_run], chosen)
    assert (outcome.scored, outcome.kept) == (0, 8)
    assert engine.opened == ["tiny"]
    assert json.loads(as_json(again)) == json.loads(as_json(found))
    (tmp_path / "mix20-checkpoint-200" / "checkpoint.json").unlink()
    next((tmp_path / "mix20-checkpoint-200").glob("samples_letters*")).unlink()
    assert score([tiny_run], chosen)[0].scored == 1


def test_files_are_lm_evals_and_the_manifest_is_beside_them(engine, tmp_path, choice_tasks, tiny_run):
    score([tiny_run / "checkpoint-200"], options(tmp_path, choice_tasks))
    folder = tmp_path / "mix20-checkpoint-200"
    manifest = json.loads((folder / "checkpoint.json").read_text())
    assert (manifest["step"], manifest["note"]) == (200, "kept")
    (path,) = folder.glob("results_*.json")
    results = json.loads(path.read_text())
    (samples,) = folder.glob("samples_letters_*.jsonl")
    correct = [json.loads(line)["acc"] for line in samples.read_text().splitlines()]
    assert len(correct) == 12
    assert results["results"]["letters"]["acc,none"] == pytest.approx(sum(correct) / 12)
    for field in (
        "configs",
        "versions",
        "n-shot",
        "n-samples",
        "config",
        "git_hash",
        "date",
        "task_hashes",
        "model_name",
        "chat_template",
    ):
        assert field in results
    assert results["equipoise"]["identity"]["weights"] == manifest["weights_hash"]
    assert results["model_name"] == "mix20-checkpoint-200"


def test_what_changes_a_score_makes_it_a_new_one(engine, tmp_path, choice_tasks, tiny_base, capsys):
    def again(**rest):
        return score([tiny_base], options(tmp_path / "out", rest.pop("tasks", choice_tasks), **rest))[0].scored

    assert again() == 1
    assert again() == 0
    assert again(limit=3) == 1
    assert again(num_fewshot=1) == 1
    assert again(system_instruction="Be brief.") == 1
    assert again(engine_config=EngineConfig(dtype="float32")) == 1
    assert again() == 0
    assert again(tasks=shutil.copytree(choice_tasks, tmp_path / "moved")) == 0
    changed = write_choice_tasks(tmp_path / "changed", version=2)
    capsys.readouterr()
    assert again(tasks=changed) == 1
    assert (
        "tiny · letters: scored again beside the old files, because the task's version changed (1 → 2)" in capsys.readouterr().err
    )
    assert len(list((tmp_path / "out" / "tiny").glob("results_*.json"))) == 6


def test_a_checkpoint_that_cannot_be_reloaded_gets_a_fresh_engine(engine, tmp_path, choice_tasks, tiny_run, capsys):
    engine.faults["load checkpoint-200"] = ReloadError("checkpoint-200: no")
    outcome, _ = score([tiny_run], options(tmp_path, choice_tasks))
    assert (outcome.scored, outcome.failures) == (4, [])
    assert engine.opened == ["tiny", "checkpoint-200"]
    assert "checkpoint-200: no; starting a fresh engine for it" in capsys.readouterr().err


def test_a_group_with_a_mean_of_its_own_is_kept_and_counts_as_its_ability(engine, tmp_path, choice_tasks, tiny_base):
    tasks = tmp_path / "tasks"
    shutil.copytree(choice_tasks, tasks)
    mean_of_acc = "aggregate_metric_list: [{metric: acc, aggregation: mean, weight_by_size: false}]"
    (tasks / "both.yaml").write_text(f"group: both\ntask: [letters, sentences]\n{mean_of_acc}\nmetadata: {{version: 1}}\n")
    assert score([tiny_base], options(tmp_path / "out", tasks, "both"))[0].scored == 1
    outcome, found = score([tiny_base], options(tmp_path / "out", tasks, "both"))
    assert outcome.scored == 0
    assert list(found.rows[0].tasks) == ["both"]


def test_an_engine_that_dies_costs_one_checkpoint(engine, tmp_path, choice_tasks, tiny_run):
    engine.faults["score checkpoint-200"] = EngineError("vLLM died: out of memory")
    outcome, found = score([tiny_run], options(tmp_path, choice_tasks))
    assert outcome.scored == 3
    assert [(f.name, f.reason) for f in outcome.failures] == [("mix20-checkpoint-200", "vLLM died: out of memory")]
    assert engine.opened == ["tiny", "checkpoint-1000"]
    assert [row.failures for row in found.rows if row.name == "mix20-checkpoint-200"] == [["vLLM died: out of memory"]]
    engine.faults.clear()
    assert score([tiny_run], options(tmp_path, choice_tasks))[0].scored == 1


def test_engines_that_never_start_are_not_tried_for_ever(engine, tmp_path, choice_tasks, tiny_run):
    engine.faults |= {
        f"open {n}": EngineError("no memory") for n in ("tiny", "checkpoint-100", "checkpoint-200", "checkpoint-1000")
    }
    outcome, _ = score([tiny_run], options(tmp_path, choice_tasks))
    assert engine.opened == ["tiny", "checkpoint-100"]
    assert [f.reason for f in outcome.failures][1:] == ["no memory"] + [
        "not tried: the engine did not start for the checkpoints before it"
    ] * 2


def test_weights_that_give_nan_cost_themselves_only(engine, tmp_path, choice_tasks, tiny_run):
    for name in ("checkpoint-100", "checkpoint-200"):
        engine.faults[f"load {name}"] = WeightsError("the weights produce NaN")
    outcome, _ = score([tiny_run], options(tmp_path, choice_tasks))
    assert [f.name for f in outcome.failures] == ["mix20-checkpoint-100", "mix20-checkpoint-200"]
    assert (outcome.scored, engine.opened) == (2, ["tiny"])


def test_a_results_folder_that_cannot_be_claimed_costs_one_checkpoint(engine, tmp_path, choice_tasks, tiny_run):
    (tmp_path / "mix20-checkpoint-100").write_text("in the way")
    outcome, _ = score([tiny_run], options(tmp_path, choice_tasks))
    assert outcome.scored == 3
    assert [f.reason for f in outcome.failures] == ["its results folder cannot be written (File exists)"]


def test_harmless_differences_to_the_base_do_not_part_them(engine, tmp_path, choice_tasks, tiny_base):
    """What trainers rewrite: end-of-sequence ids in the config, merges and defaults in tokenizer.json."""
    tuned = neighbour(tiny_base, tmp_path / "run" / "checkpoint-10", seed=1)
    config = json.loads((tuned / "config.json").read_text())
    (tuned / "config.json").write_text(json.dumps(config | {"eos_token_id": [2, 0], "pad_token_id": 0}))
    tokenizer = json.loads((tuned / "tokenizer.json").read_text())
    merges = tokenizer["model"]["merges"]
    tokenizer["model"]["merges"] = [m.split(" ") if isinstance(m, str) else " ".join(m) for m in merges]
    tokenizer["model"]["byte_fallback"] = None
    (tuned / "tokenizer.json").write_text(json.dumps(tokenizer))
    outcome, found = score([tmp_path / "run"], options(tmp_path / "out", choice_tasks), bases=[str(tiny_base)])
    assert outcome.failures == []
    assert engine.opened == ["tiny"]
    assert found.rows[1].differences.keys() == {"G"}


def test_a_named_base_counts_for_every_checkpoint(engine, tmp_path, choice_tasks, tiny_base, tiny_run):
    """Also where a manifest names another start, and for an adapter whose own base is gone."""
    first = neighbour(tiny_base, tmp_path / "first", seed=5)
    second = neighbour(tiny_base, tmp_path / "second", seed=6)
    (second / "checkpoint.json").write_text(json.dumps({"base": str(first)}))
    adapter = lora(first, tmp_path / "adapter", seed=7)
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": "/another/machine"}))
    series = find_series([str(first), str(second), str(adapter)], [str(tiny_base)])
    assert series.broken == []
    assert {series.base_of(c).name for c in series.checkpoints} == {"tiny"}
    assert series.checkpoints[-1].base == tiny_base.resolve()


def test_a_task_that_fails_leaves_the_others(engine, tmp_path, choice_tasks, tiny_run):
    engine.faults["score checkpoint-200"] = ValueError("odd")
    outcome, _ = score([tiny_run], options(tmp_path, choice_tasks, "letters", "sentences"))
    assert outcome.scored == 6
    assert [(f.task, f.reason) for f in outcome.failures] == [("letters", "ValueError: odd"), ("sentences", "ValueError: odd")]


def test_a_full_disk_is_written_to_later(engine, tmp_path, choice_tasks, tiny_run, monkeypatch, capsys):
    scorer = SeriesScorer(options(tmp_path, choice_tasks))
    write, refused = scorer.store.write, []

    def once_full(checkpoint, results, samples):
        if not refused:
            refused.append(checkpoint.name)
            raise OSError(28, "No space left on device")
        return write(checkpoint, results, samples)

    monkeypatch.setattr(scorer.store, "write", once_full)
    outcome = scorer.run(find_series([str(tiny_run)]))
    assert (outcome.scored, outcome.failures) == (4, [])
    assert "tiny · letters: not written yet (No space left on device); kept in memory" in capsys.readouterr().err


def test_a_disk_that_stays_full_is_a_failure(engine, tmp_path, choice_tasks, tiny_base, monkeypatch):
    scorer = SeriesScorer(options(tmp_path, choice_tasks))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scorer.store, "write", full)
    outcome = scorer.run(find_series([str(tiny_base)]))
    scorer.close()
    assert [(f.name, f.task, f.reason) for f in outcome.failures] == [("tiny", "letters", "its scores could not be written")]


def test_shards_share_the_checkpoints(engine, tmp_path, choice_tasks, tiny_run):
    for part, expected in ((1, ["tiny", "checkpoint-200"]), (2, ["checkpoint-100", "checkpoint-1000"])):
        engine.asked.clear()
        outcome, _ = score([tiny_run], options(tmp_path, choice_tasks, shard=(part, 2)))
        assert [name for name, _ in engine.asked] == expected
    assert (outcome.scored, outcome.kept) == (2, 0)


def test_a_checkpoint_that_another_process_scores_is_left_to_it(engine, tmp_path, choice_tasks, tiny_run):
    chosen = options(tmp_path, choice_tasks)
    score([tiny_run / "checkpoint-100"], options(tmp_path / "other", choice_tasks), with_bases=False)
    engine.asked.clear()
    scorer = SeriesScorer(chosen)
    held = threading.Event()

    def other_process():
        with scorer.store.claim("mix20-checkpoint-100", wait=True):
            held.set()
            time.sleep(1.0)
            shutil.copytree(tmp_path / "other" / "mix20-checkpoint-100", tmp_path / "mix20-checkpoint-100", dirs_exist_ok=True)

    thread = threading.Thread(target=other_process)
    thread.start()
    held.wait()
    outcome = scorer.run(find_series([str(tiny_run)]))
    thread.join()
    assert outcome.failures == []
    assert [name for name, _ in engine.asked] == ["tiny", "checkpoint-200", "checkpoint-1000"]


def test_adapters_are_merged_one_by_one(engine, tmp_path, choice_tasks, tiny_base, capsys):
    for i in (1, 2):
        lora(tiny_base, tmp_path / "run" / f"adapter-{i}", seed=i)
    outcome, _ = score([tmp_path / "run"], options(tmp_path / "out", choice_tasks))
    assert (outcome.scored, outcome.failures) == (3, [])
    assert len(engine.opened) == 1
    assert "2 adapters: merge, because only vLLM serves several adapters at once" in capsys.readouterr().err
    merged = [folder for folder in engine.folders if folder.name.startswith("equipoise-merged-")]
    assert len(merged) == 2
    assert not any(folder.exists() for folder in merged)
    with pytest.raises(EngineError, match="--adapters batch: only vLLM serves several adapters at once"):
        score([tmp_path / "run"], options(tmp_path / "out2", choice_tasks, adapters="batch"))


MISTAKES = {
    "unknown task": ({"tasks": ("letter",)}, "unknown task 'letter': did you mean letters"),
    "no such include path": ({"include_path": "/nowhere"}, "--include-path /nowhere: no such folder"),
    "unknown engine": ({"engine": "vlm"}, "unknown engine 'vlm': use auto, vllm, hf"),
    "bad form": ({"tasks": ("monetization45",), "metadata": {"form": "x"}}, "unknown form 'x'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name, tmp_path, choice_tasks):
    changed, message = MISTAKES[name]
    with pytest.raises(EquipoiseError, match=message):
        SeriesScorer(
            ScoreOptions(
                **{"tasks": ("letters",), "results": tmp_path, "engine": "hf", "include_path": str(choice_tasks), **changed}
            )
        )


def test_differences_to_the_base_are_paired(engine, tmp_path, choice_tasks, tiny_run):
    _, found = score([tiny_run], options(tmp_path, choice_tasks, "letters", "sentences"))
    rows = {row.name: row for row in found.rows}
    assert rows["tiny"].is_base
    assert rows["tiny"].differences == {}
    for name, row in rows.items():
        if name != "tiny":
            assert row.differences["G"].mean == pytest.approx(row.scores["G"].mean - rows["tiny"].scores["G"].mean)
            assert row.scores["G"].mean == pytest.approx(sum(t.mean for t in row.tasks.values()) / 2)


def test_a_run_is_watched_until_its_last_checkpoint(engine, tmp_path, choice_tasks, tiny_base):
    run = tmp_path / "run"

    def train():
        for step in (10, 20, 30):
            time.sleep(0.4)
            folder = neighbour(tiny_base, tmp_path / "work" / f"checkpoint-{step}", seed=step)
            (folder / "checkpoint.json").write_text(json.dumps({"step": step, "final": step == 30}))
            run.mkdir(exist_ok=True)
            folder.rename(run / folder.name)

    trainer = threading.Thread(target=train)
    trainer.start()
    scorer = SeriesScorer(options(tmp_path / "out", choice_tasks))
    series = watch(scorer, [str(tiny_base)], run, [str(tiny_base)], with_bases=True, idle=60, settle=0.2)
    trainer.join()
    assert [c.name for c in series.checkpoints] == ["tiny", "run-checkpoint-10", "run-checkpoint-20", "run-checkpoint-30"]
    assert scorer.outcome.scored == 4
    assert engine.opened == ["tiny"]


def test_watching_passes_over_what_is_being_written_or_deleted(engine, tmp_path, choice_tasks, tiny_base):
    run = tmp_path / "run"
    neighbour(tiny_base, run / "checkpoint-10", seed=1)
    neighbour(tiny_base, run / ".checkpoint-20.writing", seed=2)
    scorer = SeriesScorer(options(tmp_path / "out", choice_tasks))
    scored = scorer.run

    def delete_afterwards(*given, **rest):
        outcome = scored(*given, **rest)
        shutil.rmtree(run / "checkpoint-10")
        neighbour(tiny_base, run / "checkpoint-30", seed=3)
        scorer.run = scored
        return outcome

    scorer.run = delete_afterwards
    series = watch(scorer, [], run, [], with_bases=False, idle=1.0, settle=0.1)
    assert sorted(c.name for c in series.checkpoints) == ["run-checkpoint-10", "run-checkpoint-30"]
    assert (scorer.outcome.scored, scorer.outcome.failures) == (2, [])


def test_watching_a_model_that_is_nowhere_says_so_at_once(engine, tmp_path, choice_tasks):
    scorer = SeriesScorer(options(tmp_path, choice_tasks))
    with pytest.raises(CheckpointError, match="/nowhere/base: no such folder"):
        watch(scorer, [], tmp_path / "run", ["/nowhere/base"], with_bases=True, idle=60)


def test_watching_ends_when_nothing_comes(engine, tmp_path, choice_tasks, tiny_run):
    scorer = SeriesScorer(options(tmp_path, choice_tasks))
    series = watch(scorer, [], tiny_run, [], with_bases=False, idle=0.5, settle=0.1)
    assert (len(series.checkpoints), scorer.outcome.scored) == (3, 3)


def test_the_last_checkpoint_of_transformers_trainer(tmp_path):
    assert not is_last(tmp_path)
    (tmp_path / "trainer_state.json").write_text('{"global_step": 20, "max_steps": 30}')
    assert not is_last(tmp_path)
    (tmp_path / "trainer_state.json").write_text('{"global_step": 30, "max_steps": 30}')
    assert is_last(tmp_path)
