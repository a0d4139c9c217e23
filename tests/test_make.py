"""The Makefile's own messages."""

from conftest import ROOT
from test_cli import run


def test_without_a_package_index_it_says_so(tmp_path):
    done = run(["make", f"VENV={tmp_path}/venv", "demo"], ROOT, PIP_NO_INDEX="1", PIP_FIND_LINKS="", PIP_CONFIG_FILE="/dev/null")
    assert done.returncode != 0
    assert "the pinned packages could not be installed: is the package index reachable?" in done.stderr


def test_an_old_python_is_named(tmp_path):
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    done = run(["make", f"PYTHON={python}", f"VENV={tmp_path}/venv", "demo"], ROOT)
    assert done.returncode != 0
    assert "equipoise needs Python 3.11 or newer" in done.stderr
