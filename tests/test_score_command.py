"""`equipoise score` and `lm_eval --model equipoise` as commands, on a small real model."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import BIN, ROOT
from test_cli import run

from equipoise.harness_ext.series import parse_settings, parse_shard, without_flags
from equipoise.harness_ext.series._interrupts import Interrupts
from equipoise.harness_ext.series._progress import Progress


def score(arguments, cwd, **env):
    return run([BIN / "equipoise", "score", *arguments], cwd, COLUMNS="160", **env)


MISTAKES = {
    "no task": (["{base}"], "no task given: --tasks monetization45"),
    "no checkpoint": (["nowhere", "--tasks", "letters"], "nowhere: no such folder"),
    "no argument": (["--tasks", "letters"], "no checkpoint given"),
    "no weights": (["{empty}", "--tasks", "letters"], "no weights (*.safetensors) in it"),
    "unknown task": (["{base}", "--tasks", "monetisation45"], "unknown task 'monetisation45': did you mean monetization45"),
    "shard": (["{base}", "--tasks", "letters", "--shard", "3/2"], "--shard '3/2': use i/n with 1 ≤ i ≤ n"),
    "settings": (["{base}", "--tasks", "letters", "--gen-kwargs", "{{x"], "--gen-kwargs"),
    "engine": (["{base}", "--tasks", "letters", "--engine", "tgi"], "unknown engine 'tgi'"),
    "dtype": (["{base}", "--tasks", "letters", "--dtype", "bf16"], "unknown dtype 'bf16': use bfloat16, float16, float32, auto"),
    "adapters": (["{base}", "--tasks", "letters", "--adapters", "both"], "unknown --adapters 'both': use auto, merge, batch"),
    "watch in parts": (["--watch", "run", "--tasks", "letters", "--shard", "1/2"], "--watch runs one process"),
    "processes": (["{base}", "--tasks", "letters", "--data-parallel-size", "0"], "--data-parallel-size must be 1 or more"),
    "results is a file": (["{base}", "--tasks", "letters", "--results", "{file}"], "is a file; --results wants a folder"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name, tmp_path, tiny_base, choice_tasks):
    arguments, expected = MISTAKES[name]
    (tmp_path / "empty").mkdir()
    shutil.copy2(tiny_base / "config.json", tmp_path / "empty")
    (tmp_path / "file").write_text("")
    places = {"base": tiny_base, "empty": tmp_path / "empty", "file": tmp_path / "file"}
    done = score([a.format(**places) for a in arguments] + ["--include-path", choice_tasks], tmp_path)
    assert done.returncode == 2, done.stderr
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "results").exists()


def test_settings_are_read_as_lm_eval_reads_them():
    assert parse_settings("max_gen_toks=64,do_sample=true,temperature=0.7", "--gen-kwargs") == {
        "max_gen_toks": 64,
        "do_sample": True,
        "temperature": 0.7,
    }
    assert parse_settings('{"until": ["\\n"]}', "--gen-kwargs") == {"until": ["\n"]}
    assert parse_settings(None, "--gen-kwargs") == {}
    assert parse_shard("2/8") == (2, 8)
    assert without_flags(["a", "--shard", "1/2", "--shard=2/3", "--json", "b"], ("--shard",), ("--json",)) == ["a", "b"]


@pytest.mark.slow
def test_a_series_with_transformers(tmp_path, tiny_run, choice_tasks):
    line = [tiny_run, "--tasks", "letters,shop_unknown", "--engine", "hf", "--include-path", choice_tasks]
    assert score(line, tmp_path).returncode == 2
    line[2] = "letters,sentences"
    done = score(line, tmp_path)
    assert done.returncode == 0, done.stderr
    assert [part for part in done.stdout.split() if part.startswith(("tiny", "mix20"))] == [
        "tiny",
        "mix20-checkpoint-100",
        "mix20-checkpoint-200",
        "mix20-checkpoint-1000",
    ]
    assert "ΔG to base (95 %)" in done.stdout
    assert done.stderr.splitlines()[0].startswith("1/8 tiny · letters · acc ")
    assert "Traceback" not in done.stderr
    again = score([*line, "--json"], tmp_path)
    assert again.returncode == 0
    assert again.stderr == ""
    found = json.loads(again.stdout)
    assert [c["step"] for c in found["checkpoints"]] == [None, 100, 200, 1000]
    assert all(c["failures"] == [] and set(c["tasks"]) == {"letters", "sentences"} for c in found["checkpoints"])


@pytest.mark.slow
def test_two_processes_share_a_series(tmp_path, tiny_run, choice_tasks):
    line = [tiny_run, "--tasks", "letters", "--engine", "hf", "--include-path", choice_tasks]
    done = score([*line, "--data-parallel-size", "2"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert {said[:3] for said in done.stderr.splitlines()} == {"[1]", "[2]"}
    assert len(list((tmp_path / "results").rglob("results_*.json"))) == 4
    alone = score([*line, "--results", "alone"], tmp_path)
    assert done.stdout.replace("Files: results", "") == alone.stdout.replace("Files: alone", "")


@pytest.mark.slow
def test_a_broken_checkpoint_is_in_the_table_and_the_exit_code(tmp_path, tiny_run, choice_tasks):
    copy = shutil.copytree(tiny_run, tmp_path / "mix")
    weights = copy / "checkpoint-200" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    done = score([copy, "--tasks", "letters", "--engine", "hf", "--include-path", choice_tasks, "--no-base"], tmp_path)
    assert done.returncode == 1
    assert "failed  mix-checkpoint-200: " in done.stdout
    assert "cut off:" in done.stdout
    assert len(list((tmp_path / "results").rglob("results_*.json"))) == 2


def command(run, tasks, engine):
    """A command line as a person types it."""
    line = f"score {run} --tasks letters --engine {engine} --include-path {tasks}"
    return [str(BIN / "equipoise"), *line.split()]


def test_an_interrupt_that_falls_into_a_finalizer_is_not_lost(monkeypatch):
    class Finalizer:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0)

    lost = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: lost.append(what.exc_type))
    progress = Progress()
    with Interrupts() as interrupts:
        progress.check = interrupts.check
        interrupts.check()
        Finalizer()
        assert lost == []  # dropped without a traceback, and not forgotten
        with pytest.raises(KeyboardInterrupt):
            progress.tick(1)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_finished(tmp_path, tiny_run, choice_tasks):
    line = command(tiny_run, choice_tasks, "hf")
    process = subprocess.Popen(
        line,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs inherit it ignored
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    assert first.startswith("1/4 tiny · letters")
    process.send_signal(signal.SIGINT)
    said = process.stderr.read()
    assert process.wait(60) == 130
    assert "Traceback" not in said
    assert "interrupted; what is finished is kept" in said
    assert len(list((tmp_path / "results").rglob("results_*.json"))) >= 1
    assert run(line, tmp_path).returncode == 0


@pytest.mark.slow
def test_a_killed_vllm_run_leaves_no_engine_behind(tmp_path, tiny_run, choice_tasks):
    line = command(tiny_run, choice_tasks, "vllm")
    process = subprocess.Popen(
        [*line, "--max-model-len", "1024"], cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("1/4 tiny · letters")
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        left = subprocess.run(["pgrep", "-s", str(process.pid)], capture_output=True, text=True).stdout.split()
        if not left:
            break
        time.sleep(0.5)
    assert left == []


@pytest.mark.slow
def test_kill_9_and_resume(tmp_path, tiny_base, choice_tasks):
    line = [sys.executable, ROOT / "bench" / "kill_resume.py", "--engine", "hf", "--model", tiny_base, "--checkpoints", "4"]
    done = run([*line, "--kills", "2", "--tasks", "letters,sentences", "--include-path", choice_tasks], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) | {"name": ""} == {"name": "", "equal": True, "scores": 8, "computed_again": 0}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["hf", "vllm"])
def test_plain_lm_eval_takes_our_model(engine, tmp_path, tiny_base, choice_tasks):
    arguments = f"pretrained={tiny_base},engine={engine},dtype=float32,max_model_len=1024"
    line = [BIN / "lm_eval", "run", "--model", "equipoise", "--model_args", arguments, "--tasks", "letters,monetization45"]
    line += ["--include_path", choice_tasks, "--limit", "2", "--gen_kwargs", "max_gen_toks=8", "--apply_chat_template"]
    done = run([*line, "--log_samples", "--output_path", tmp_path / "out"], tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    (path,) = (tmp_path / "out").rglob("results_*.json")
    assert json.loads(path.read_text())["config"]["model"] == "equipoise"
    assert "|letters" in done.stdout
    assert "|monetization45" in done.stdout
