"""The `equipoise` command: help without heavy imports, mistakes in one line."""

import json
import os
import subprocess
import sys

import pytest
from conftest import BIN, QUESTION


def run(command, cwd, **env):
    """Run a command as a user would; output as text."""
    return subprocess.run([str(c) for c in command], cwd=cwd, env=os.environ | env, capture_output=True, text=True, timeout=600)


def test_help_is_light(tmp_path):
    code = "import sys; sys.argv = ['equipoise', '--help']\nfrom equipoise.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    done = run(
        [sys.executable, "-c", code + "print(sorted({'torch','lm_eval','vllm','transformers','scipy','re2'} & set(sys.modules)))"],
        tmp_path,
    )
    assert "rubric" in done.stdout
    assert done.stdout.strip().endswith("[]")


def test_rubric_check_of_the_bundled_set_by_name(tmp_path):
    done = run([BIN / "equipoise", "rubric", "check", "monetization45", "--json"], tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert json.loads(done.stdout)["summary"]["questions"] == 45


def test_rubric_check_shows_problems_and_exits_1(tmp_path):
    (tmp_path / "a.yml").write_text(QUESTION.replace("met: [rate, decide]", "met: []"))
    done = run([BIN / "equipoise", "rubric", "check", ".", "--verbose"], tmp_path)
    assert done.returncode == 1
    assert "shop-01, answer 1, rate: marked not met, judged met" in done.stdout


MISTAKES = {
    "no such set": (["rubric", "check", "nowhere"], "nowhere: no such folder; bundled question sets: monetization45"),
    "folder without questions": (["rubric", "check", "."], "no question files"),
    "unknown model": (["model", "smollm"], "unknown bundled model 'smollm'"),
    "no results": (["summary", "."], "no results_*.json in it"),
    "not a results file": (["summary", "x.json"], "no such result folder"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name, tmp_path):
    arguments, expected = MISTAKES[name]
    done = run([BIN / "equipoise", *arguments], tmp_path)
    assert done.returncode == 2
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
