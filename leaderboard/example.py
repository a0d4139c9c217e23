"""The built-in example: SmolLM2-135M and two mixes of it at two steps, really trained and scored by `examples/two_mixes`."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

from equipoise.harness_ext.errors import ResultsError
from equipoise.harness_ext.models import cache_folder

ARCHIVE = Path(__file__).parent / "example_results.tar.xz"
"""Made by `examples/two_mixes/pack.py`."""


def example_folder() -> Path:
    """The folder with its results, unpacked into the user's cache on first use. Raises `ResultsError` where that cannot be written."""
    digest = hashlib.sha256(ARCHIVE.read_bytes()).hexdigest()[:12]
    folder = cache_folder() / f"example-{digest}"
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=folder.parent))
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(work, filter="data")
        try:
            os.replace(work, folder)
        except OSError:  # another process was faster
            shutil.rmtree(work)
    except OSError as error:
        raise ResultsError(f"{folder}: the example cannot be unpacked ({error.strerror or error}); name a result folder") from error
    return folder
