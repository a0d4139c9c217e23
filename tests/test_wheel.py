"""The built wheel in an environment of its own: plain `lm_eval` finds the task from any folder.

The environment sees the installed packages of this one, but not this checkout: a path file adds their folder without
running the path files in it.
"""

import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import version
from pathlib import Path

import pytest
from conftest import ROOT
from test_cli import run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--sdist", "--outdir", out, ROOT]
    done = run(command, out)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (path,) = out.glob("*.whl")
    return path


def environment(folder: Path, wheel: Path) -> Path:
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (packages / "zz_dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install(python, wheel)
    return python


def install(python: Path, *what: object) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            *map(str, what),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def score_with_dummy(python: Path, folder: Path) -> str:
    done = run(
        [python, "-m", "lm_eval", "--model", "dummy", "--tasks", "monetization45", "--output_path", "out", "--log_samples"], folder
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(list(folder.glob("out/*/samples_monetization45_*.jsonl"))) == 1
    return done.stdout


def test_wheel_holds_everything_once(wheel):
    import zipfile

    names = zipfile.ZipFile(wheel).namelist()
    assert len(names) == len(set(names))
    assert "equipoise.pth" in names
    assert "equipoise/py.typed" in names
    assert "equipoise/tasks/monetization45/monetization45.yaml" in names
    assert len([n for n in names if n.startswith("equipoise/tasks/monetization45/questions/")]) == 9
    for packed in ("tasks", "harness_ext", "leaderboard", "train"):
        here = {p.relative_to(ROOT).as_posix() for p in (ROOT / packed).rglob("*") if p.is_file() and "__pycache__" not in p.parts}
        assert {f"equipoise/{name}" for name in here} <= set(names)
    assert not [n for n in names if n.startswith(("tests", "docs", "bench", "tasks"))]


def test_plain_lm_eval_from_an_empty_folder(wheel, tmp_path):
    python = environment(tmp_path / "env", wheel)
    work = tmp_path / "work"
    work.mkdir()
    listed = run([python, "-m", "lm_eval", "ls", "tasks"], work)
    assert "monetization45" in listed.stdout, listed.stderr[-2000:]
    shown = score_with_dummy(python, work)
    assert "monetization45" in shown
    assert "env" in run([python, "-c", "import equipoise; print(equipoise.__file__)"], work).stdout
    both = [python, "-m", "lm_eval", "--model", "dummy", "--tasks", "equipoise", "--limit", "2", "--log_samples", "--output_path"]
    done = run([*both, "base"], work)
    assert done.returncode == 0, done.stderr[-3000:]
    shutil.copytree(work / "base", work / "tuned")
    done = run([python, "-m", "equipoise", "compare", "base", "tuned", "--output", "report.html"], work)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "general_core_recall" in (work / "report.html").read_text()
    off = run([python, "-m", "lm_eval", "--model", "dummy", "--tasks", "monetization45"], work, EQUIPOISE_AUTOLOAD="0")
    assert off.returncode != 0


def test_beside_an_editable_lm_eval(wheel, tmp_path):
    source = tmp_path / "lm-eval-checkout"
    installed = Path(sysconfig.get_path("purelib")) / "lm_eval"
    shutil.copytree(installed, source / "lm_eval", ignore=shutil.ignore_patterns("__pycache__"))
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "lm_eval"\nversion = "{version("lm_eval")}"\n[tool.hatch.build.targets.wheel]\npackages = ["lm_eval"]\n'
    )
    python = environment(tmp_path / "env", wheel)
    install(python, "-e", source)
    work = tmp_path / "work"
    work.mkdir()
    where = run([python, "-c", "import lm_eval; print(lm_eval.__file__)"], work)
    assert "lm-eval-checkout" in where.stdout
    assert "monetization45" in score_with_dummy(python, work)
