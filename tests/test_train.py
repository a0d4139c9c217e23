"""Whole runs on a small real model: series, resume, stop, seeds, brakes, and what goes wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import BIN
from rich.console import Console
from safetensors.torch import load_file

from equipoise.harness_ext.checkpoint import open_checkpoint
from equipoise.harness_ext.errors import ConfigError, DataError, TrainingError
from equipoise.harness_ext.series._discover import find_series
from equipoise.train.config import TrainConfig, load_config
from equipoise.train.prepare import prepare
from equipoise.train.run import train
from equipoise.train.signals import Signals, read_signals
from equipoise.train.trainer import BlendTrainer, schedule

pytestmark = pytest.mark.slow
TIMES = ("tokens_per_second",)
QUIET = Console(quiet=True)


@pytest.fixture(scope="session")
def recipe(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A three-source mix over the tiny model: 24 steps; `safety` is gone through more than twice."""
    folder = tmp_path_factory.mktemp("recipe")
    for name, count, words in (("domain", 120, 9), ("general", 300, 14), ("safety", 30, 6)):
        rows = [
            {
                "prompt": f"{name} question {i}: what follows {i}?",
                "completion": " ".join([f"{name} says {i + 1}."] * (1 + i % words)),
            }
            for i in range(count)
        ]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "run.yaml").write_text(
        f"""\
model: {tiny_base}
output: unset
sources:
  domain: {{data: domain.jsonl}}
  general: {{data: general.jsonl}}
  safety: {{data: safety.jsonl, max_passes: 4}}
mix: {{domain: 0.25, general: 0.6, safety: 0.15}}
tokens: 12000
tokens_per_step: 500
max_length: 256
learning_rate: 1.0e-3
saving: {{every_tokens: 4000}}
validation: {{examples: 8, kl_tokens: 64}}
"""
    )
    return folder / "run.yaml"


def configured(recipe: Path, output: Path, *overrides: str) -> TrainConfig:
    return load_config(recipe, [f"output={output}", *overrides])


def run(recipe: Path, output: Path, *overrides: str, resume: bool = False) -> Any:
    return train(configured(recipe, output, *overrides), resume=resume, console=QUIET)


@pytest.fixture(scope="session")
def undisturbed(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("runs") / "mix"
    assert run(recipe, output).finished
    return output


def rows(output: Path) -> list[dict[str, Any]]:
    """The signals, without times."""
    return [{k: v for k, v in row.items() if k not in TIMES} for row in read_signals(output)]


def test_a_run_leaves_a_series_that_the_scorer_takes(undisturbed: Path, tiny_base: Path) -> None:
    found = find_series([str(undisturbed)])
    assert [c.step for c in found.checkpoints] == [None, 8, 16, 24]
    assert found.checkpoints[0].folder == tiny_base.resolve()
    last = found.checkpoints[-1]
    assert found.base_of(last) is found.checkpoints[0]
    manifest = last.manifest
    assert (manifest.name, manifest.kind, manifest.stage, manifest.final) == ("mix-step-24", "full", "train", True)
    assert manifest.mix == {"domain": 0.25, "general": 0.6, "safety": 0.15}
    assert sum(manifest.tokens.values()) == pytest.approx(12_000, abs=60)  # type: ignore[union-attr]
    assert manifest.parameters == manifest.trained_parameters
    assert manifest.dump()["validation"].keys() == {"domain", "general", "safety"}
    assert {str(w.dtype) for w in load_file(last.folder / "model.safetensors").values()} == {"torch.bfloat16"}
    assert json.loads((last.folder / "config.json").read_text())["dtype"] == "bfloat16"


def test_it_learns_and_says_so(undisturbed: Path) -> None:
    steps = rows(undisturbed)
    assert [row["step"] for row in steps] == list(range(25))
    start, end = steps[0], steps[-1]
    assert start["kl_to_base"] == pytest.approx(0, abs=1e-3)
    assert end["kl_to_base"] > 1
    for source in ("domain", "general", "safety"):
        assert end["validation"][source] < 0.7 * start["validation"][source]
    assert 0 <= end["padding"] < 0.5
    for row in steps[1:]:
        shares = {name: n / sum(row["tokens"].values()) for name, n in row["tokens"].items()}
        assert abs(shares["domain"] - 0.25) * sum(row["tokens"].values()) <= 60


@pytest.mark.parametrize("when", ["epoch 1", "boundary", "epoch 2", "three times"])
def test_a_stopped_run_goes_on_exactly(
    recipe: Path, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Same samples, same losses, same weights, to the last bit. Epochs are those of `safety`, which is gone through most often."""
    mixer = prepare(configured(recipe, tmp_path)).mixer
    passes = [mixer.passes(step)["safety"] for step in range(mixer.steps + 1)]
    boundary = next(step for step in range(mixer.steps) if passes[step + 1] >= 1)
    second = next(step for step in range(mixer.steps) if passes[step] > 1.4)
    assert 1 < boundary < second < mixer.steps - 1
    assert passes[second] < 2
    stops = {"epoch 1": [boundary - 2], "boundary": [boundary], "epoch 2": [second], "three times": [2, boundary, second + 5]}[when]
    output = tmp_path / "mix"
    ended = Signals.on_step_end

    def stop(self: Signals, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self.stopped = state.global_step in stops
        ended(self, args, state, control, **rest)

    monkeypatch.setattr(Signals, "on_step_end", stop)
    for number in stops:
        outcome = run(recipe, output, resume=number != stops[0])
        assert (outcome.finished, outcome.steps) == (False, number)
    monkeypatch.setattr(Signals, "on_step_end", ended)
    assert run(recipe, output, resume=True).finished
    assert rows(output) == rows(undisturbed)
    for step in (8, 16, 24):
        ours, theirs = (load_file(folder / f"checkpoint-{step}" / "model.safetensors") for folder in (output, undisturbed))
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_killed_run_goes_on_from_its_newest_checkpoint(recipe: Path, undisturbed: Path, tmp_path: Path) -> None:
    output = tmp_path / "mix"
    line = [str(BIN / "equipoise"), "train", str(recipe), "--set", f"output={output}"]
    started = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while started.poll() is None and len(read_signals(output)) < 14:
        time.sleep(0.02)
    started.send_signal(signal.SIGKILL)
    started.wait()
    assert not list(output.glob("checkpoint-16")) or (output / "checkpoint-16" / "checkpoint.json").is_file()
    again = subprocess.run([*line, "--resume"], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "Traceback" not in again.stderr
    assert rows(output) == rows(undisturbed)
    assert not list(output.glob("**/*.writing"))


def test_a_signal_stops_it_with_all_that_is_needed(recipe: Path, tmp_path: Path) -> None:
    output = tmp_path / "mix"
    line = [str(BIN / "equipoise"), "train", str(recipe), "--set", f"output={output}"]
    started = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while started.poll() is None and len(read_signals(output)) < 3:
        time.sleep(0.02)
    started.send_signal(signal.SIGTERM)
    out, err = started.communicate()
    assert started.returncode == 130, err
    assert "go on with  equipoise train" in out
    assert len(list(output.glob("resume/checkpoint-*"))) == 1
    refused = subprocess.run(line, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "holds a run already: add --resume" in refused.stderr


def test_two_processes_train_on_the_same_examples(recipe: Path, undisturbed: Path, tmp_path: Path) -> None:
    output = tmp_path / "mix"
    line = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-port",
        "29617",
        "-m",
        "equipoise",
        "train",
    ]
    done = subprocess.run(
        [*line, str(recipe), "--set", f"output={output}", "--set", "microbatch_tokens=512", "--set", "precision=float32"],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    run(recipe, tmp_path / "alone", "precision=float32", "microbatch_tokens=512")
    ours, theirs = rows(output), rows(tmp_path / "alone")
    assert [row["tokens"] for row in ours] == [row["tokens"] for row in rows(undisturbed)]
    assert [row["step"] for row in ours] == [row["step"] for row in theirs]
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-3)
        assert one["grad_norm"] == pytest.approx(other["grad_norm"], rel=1e-3)  # the sum over processes, not a multiple of it
    assert open_checkpoint(output / "checkpoint-24").manifest.final


def test_lora_stays_an_adapter_and_resumes_exactly(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ["method=lora", "lora.r=4", "lora.dropout=0.1", "tokens=4000", "saving.every_tokens=2000"]
    assert run(recipe, tmp_path / "whole", *settings).finished
    ended = Signals.on_step_end

    def stop(self: Signals, args: Any, state: Any, control: Any, **rest: Any) -> None:
        self.stopped = state.global_step == 5
        ended(self, args, state, control, **rest)

    monkeypatch.setattr(Signals, "on_step_end", stop)
    assert not run(recipe, tmp_path / "stopped", *settings).finished
    monkeypatch.setattr(Signals, "on_step_end", ended)
    assert run(recipe, tmp_path / "stopped", *settings, resume=True).finished
    assert rows(tmp_path / "whole") == rows(tmp_path / "stopped")
    adapter = open_checkpoint(tmp_path / "stopped" / "checkpoint-8")
    assert adapter.kind == "adapter"
    assert sorted(p.name for p in adapter.folder.glob("*.safetensors")) == ["adapter_model.safetensors"]
    assert adapter.manifest.trained_parameters < 0.2 * adapter.manifest.parameters  # type: ignore[operator]


def test_stages_with_their_own_mix_and_rate(recipe: Path, tmp_path: Path) -> None:
    stages = (
        "stages=[{name: general, tokens: 3000, mix: {general: 1.0}, schedule: constant, warmup: 0},"
        " {name: domain, tokens: 2000, mix: {domain: 0.9, general: 0.1}, learning_rate: 5.0e-4}]"
    )
    assert run(recipe, tmp_path / "two", "mix={}", "tokens=null", stages).finished
    steps = rows(tmp_path / "two")
    assert steps[6]["tokens"]["domain"] == 0
    assert steps[6]["learning_rate"] == pytest.approx(1e-3)
    assert max(row["learning_rate"] for row in steps[7:]) <= 5e-4
    found = find_series([str(tmp_path / "two")]).checkpoints[1:]
    assert [(c.step, c.manifest.stage) for c in found][:1] == [(6, "general")]
    assert found[-1].manifest.mix == {"domain": 0.9, "general": 0.1}


def test_a_kl_brake_holds_the_model_nearer_to_its_base(recipe: Path, tmp_path: Path) -> None:
    settings = ["tokens=4000", "validation.kl_source=general"]
    ends = {}
    for name, extra in (("free", []), ("braked", ["kl={source: general, weight: 1.0}"])):
        for method in ("full", "lora"):
            output = tmp_path / f"{name}-{method}"
            assert run(recipe, output, *settings, f"method={method}", *extra).finished
            ends[name, method] = rows(output)[-1]["kl_to_base"]
    assert ends["braked", "full"] < ends["free", "full"]
    assert ends["braked", "lora"] < ends["free", "lora"]


def test_packed_rows_train_as_padded_ones(recipe: Path, undisturbed: Path, tmp_path: Path) -> None:
    run(recipe, tmp_path / "packed", "packing=true", "precision=float32", "tokens=3000")
    run(recipe, tmp_path / "padded", "packing=false", "precision=float32", "tokens=3000")
    packed, padded = rows(tmp_path / "packed"), rows(tmp_path / "padded")
    assert packed[-1]["padding"] == 0 < padded[-1]["padding"]
    for one, other in zip(packed[1:], padded[1:], strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)


def test_a_loss_that_is_not_finite_stops_and_keeps_what_is_good(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = BlendTrainer._losses

    def broken(self: BlendTrainer, model: Any, batch: Any) -> Any:
        losses, penalty = real(self, model, batch)
        return (losses * float("nan"), penalty) if self.state.global_step == 10 else (losses, penalty)

    monkeypatch.setattr(BlendTrainer, "_losses", broken)
    with pytest.raises(TrainingError, match="the loss is nan at step 11, so the run stopped before it"):
        run(recipe, tmp_path / "nan")
    assert open_checkpoint(tmp_path / "nan" / "checkpoint-8").step == 8
    monkeypatch.setattr(BlendTrainer, "_losses", real)
    assert run(recipe, tmp_path / "nan", resume=True).finished


def test_a_full_disk_leaves_whole_checkpoints(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from equipoise.train import run as module

    real = module.write_checkpoint

    def full(folder: Path, *rest: Any) -> None:
        if folder.name == "checkpoint-16":
            raise OSError(28, "No space left on device")
        real(folder, *rest)

    monkeypatch.setattr(module, "write_checkpoint", full)
    with pytest.raises(TrainingError, match=r"cannot be written \(.*No space left on device"):
        run(recipe, tmp_path / "full")
    assert [p.name for p in tmp_path.glob("full/checkpoint-*")] == ["checkpoint-8"]
    assert [p.name for p in tmp_path.glob("full/resume/checkpoint-*")] == ["checkpoint-8"]


def test_a_gradient_that_is_not_finite_stops_before_it_does_harm(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step 8 writes a checkpoint: it must not hold weights that a bad gradient has touched."""
    backward = BlendTrainer.training_step

    def broken(self: BlendTrainer, model: Any, inputs: Any, count: Any = None) -> Any:
        loss = backward(self, model, inputs, count)
        if self.state.global_step == 7:
            next(model.parameters()).grad[0, 0] = float("inf")
        return loss

    monkeypatch.setattr(BlendTrainer, "training_step", broken)
    with pytest.raises(TrainingError, match=r"the gradient is (nan|inf) at step 8"):
        run(recipe, tmp_path / "inf")
    assert not list((tmp_path / "inf").glob("**/checkpoint-*"))


def test_a_series_without_resume_state_is_never_deleted(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ["saving.resume_state=false", "tokens=6000"]
    assert run(recipe, tmp_path / "x", *settings).finished
    written = sorted(p.name for p in (tmp_path / "x").glob("checkpoint-*"))
    assert run(recipe, tmp_path / "x", *settings, resume=True).finished
    shutil.rmtree(tmp_path / "x" / "checkpoint-12")
    with pytest.raises(ConfigError, match="has checkpoints but no state to go on from"):
        run(recipe, tmp_path / "x", *settings, resume=True)
    assert sorted(p.name for p in (tmp_path / "x").glob("checkpoint-*")) == written[1:] == ["checkpoint-8"]
    with pytest.raises(ConfigError, match="holds no run to go on with"):
        run(recipe, tmp_path / "y", *settings, resume=True)


def test_steps_that_would_be_empty_are_refused(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"tokens_per_step: 20 is too few: the longest example has \d+ trained tokens"):
        run(recipe, tmp_path / "x", "tokens_per_step=20")


def test_arguments_of_the_trainer(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"trainer.gradient_accumulation_steps: is decided by other fields of this file"):
        run(recipe, tmp_path / "x", "trainer={gradient_accumulation_steps: 2}")
    with pytest.raises(ConfigError, match=r"trainer: .*no_such_argument"):
        run(recipe, tmp_path / "x", "trainer={no_such_argument: 2}")


def test_what_a_resume_refuses(recipe: Path, undisturbed: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the configuration changed since this run began"):
        run(recipe, undisturbed, "learning_rate=1e-4", resume=True)
    with pytest.raises(ConfigError, match="the seed changed"):
        run(recipe, undisturbed, "seed=2", resume=True)
    data = recipe.parent / "domain.jsonl"
    kept = data.read_text()
    data.write_text(kept.replace("question 7:", "question seven:"))
    try:
        with pytest.raises(ConfigError, match="source domain: its data changed since this run began"):
            run(recipe, undisturbed, resume=True)
    finally:
        data.write_text(kept)
    assert run(recipe, undisturbed, resume=True).finished  # nothing left to do


def test_a_source_is_not_repeated_without_leave(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(
        DataError,
        match=r"source safety: it has [\d,]+ trained tokens, the mix asks for 1,800 \(\d\.\d passes, 1 allowed\): set sources.safety.max_passes",
    ):
        run(recipe, tmp_path / "x", "sources.safety.max_passes=1")


def test_the_command_plans_trains_seeds_and_reports(recipe: Path, tmp_path: Path) -> None:
    line = [
        str(BIN / "equipoise"),
        "train",
        str(recipe),
        "--set",
        f"output={tmp_path / 'seeds'}",
        "--set",
        "tokens=2000",
        "--set",
        "seeds=[1, 2]",
    ]
    plan = subprocess.run([*line, "--dry-run"], capture_output=True, text=True)
    assert plan.returncode == 0, plan.stderr
    assert "4 steps" in plan.stdout
    assert "⟦" in plan.stdout
    assert not (tmp_path / "seeds").exists()
    done = subprocess.run([*line, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [json.loads(text)["finished"] for text in done.stdout.splitlines()] == [True, True]
    first, second = (open_checkpoint(tmp_path / "seeds" / f"seed-{n}" / "checkpoint-4") for n in (1, 2))
    assert first.manifest.config_hash == second.manifest.config_hash
    assert first.weights_hash != second.weights_hash
    assert first.name == "seeds-seed-1-step-4"


def test_schedules() -> None:
    assert schedule("constant", 1.0, 0.5, 0, 10) == pytest.approx(0.2)
    assert schedule("constant", 1.0, 0.5, 7, 10) == 1.0
    assert schedule("linear", 1.0, 0.0, 5, 10) == pytest.approx(0.55)
    assert schedule("cosine", 1.0, 0.0, 0, 10) == 1.0
    assert 0.1 <= schedule("cosine", 1.0, 0.0, 9, 10) < 0.15
