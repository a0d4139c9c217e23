"""Interpolated weights: exact at both ends, tensor by tensor, and a series for several alphas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from conftest import lora, neighbour
from safetensors.torch import load_file

from equipoise.harness_ext.adapters import full_model
from equipoise.harness_ext.checkpoint import open_checkpoint
from equipoise.harness_ext.errors import CheckpointError
from equipoise.harness_ext.series._discover import find_series
from equipoise.train import merge as module
from equipoise.train.merge import merge


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for path in folder.glob("*.safetensors") for name, tensor in load_file(path).items()}


def test_full_models_in_between(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tuned = neighbour(tiny_base, tmp_path / "tuned", seed=1, noise=0.3)
    (tuned / "checkpoint.json").write_text(json.dumps({"name": "mix-step-9", "step": 9, "tokens": {"domain": 5}}))
    monkeypatch.setattr(module, "SHARD_BYTES", 2 << 20)
    folders = merge(str(tiny_base), str(tuned), [0, 0.25, 1], tmp_path / "merged")
    base, other = weights(tiny_base), weights(tuned)
    for folder, alpha in zip(folders, (0, 0.25, 1), strict=True):
        mixed = weights(folder)
        assert mixed.keys() == base.keys()
        assert all(torch.equal(mixed[n], torch.lerp(base[n].float(), other[n].float(), alpha).to(torch.bfloat16)) for n in base)
    found = find_series([str(tmp_path / "merged")])  # several shards, complete, and the base named
    assert [c.name for c in found.checkpoints][1:] == ["mix-step-9-alpha-0", "mix-step-9-alpha-0.25", "mix-step-9-alpha-1"]
    manifest = found.checkpoints[2].manifest
    assert (manifest.kind, manifest.parent, manifest.step, manifest.dump()["alpha"]) == ("merged", "mix-step-9", 9, 0.25)
    from transformers import AutoModelForCausalLM

    AutoModelForCausalLM.from_pretrained(folders[1])


def test_an_adapter_stays_one_and_is_scaled(tiny_base: Path, tmp_path: Path) -> None:
    adapter = lora(tiny_base, tmp_path / "adapter", seed=2)
    [scaled] = merge(str(tiny_base), str(adapter), [0.5], tmp_path / "half")
    with full_model(open_checkpoint(adapter)) as whole, full_model(open_checkpoint(scaled)) as half:
        base, full, middle = weights(tiny_base), weights(whole), weights(half)
    name = "model.layers.0.self_attn.q_proj.weight"
    expected = torch.lerp(base[name].float(), full[name].float(), 0.5)
    assert not torch.equal(full[name].float(), base[name].float())
    assert torch.allclose(middle[name].float(), expected, atol=1e-5)
    assert open_checkpoint(scaled).kind == "adapter"


def test_what_does_not_fit(tiny_base: Path, smollm2: Path, tmp_path: Path) -> None:
    tuned = neighbour(tiny_base, tmp_path / "tuned", seed=1)
    with pytest.raises(CheckpointError, match="is in only one of the two models"):
        merge(str(smollm2), str(tuned), [0.5], tmp_path / "out")
    with pytest.raises(CheckpointError, match="numbers between 0"):
        merge(str(tiny_base), str(tuned), [1.5], tmp_path / "out")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("mine")
    with pytest.raises(CheckpointError, match="is there already"):
        merge(str(tiny_base), str(tuned), [0.5], tmp_path / "taken")
    with pytest.raises(CheckpointError, match="no weights"):
        merge(str(tiny_base), str(tmp_path / "taken"), [0.5], tmp_path / "out")
    assert not (tmp_path / "out").exists()
