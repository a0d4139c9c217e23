"""Checkpoints: complete or refused, identified by their weights, found by whatever a person names."""

import json
import os
import shutil

import pytest
from conftest import lora, neighbour

from equipoise.harness_ext.checkpoint import open_checkpoint, read_tensors, weights_hash
from equipoise.harness_ext.errors import CheckpointError
from equipoise.harness_ext.series._discover import check_tokenizers, expand, find_series


@pytest.fixture
def copy(tiny_base, tmp_path):
    return shutil.copytree(tiny_base, tmp_path / "model")


def truncate(path, keep):
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])


DAMAGES = {
    "no config": (lambda f: (f / "config.json").unlink(), "no config.json and no adapter_config.json"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), r"no weights \(\*.safetensors\) in it"),
    "other format": (
        lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
        "only pytorch_model.bin, which is not read",
    ),
    "cut off": (lambda f: truncate(f / "model.safetensors", 0.6), "cut off: .* bytes are there"),
    "cut off early": (lambda f: truncate(f / "model.safetensors", 0.00001), "damaged safetensors file"),
    "no index": (lambda f: (f / "model.safetensors").rename(f / "model-00001-of-00002.safetensors"), "has no index beside it"),
    "missing shard": (
        lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-00002-of-00002.safetensors"}}'),
        "model-00002-of-00002.safetensors is missing",
    ),
    "broken manifest": (lambda f: (f / "checkpoint.json").write_text("{"), "checkpoint.json: not valid JSON"),
    "wrong field": (lambda f: (f / "checkpoint.json").write_text('{"step": "many"}'), "checkpoint.json: step: "),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_checkpoint_is_refused_by_name(name, copy):
    damage, message = DAMAGES[name]
    damage(copy)
    with pytest.raises(CheckpointError, match=message) as caught:
        open_checkpoint(copy)
    assert str(copy) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_hash_follows_the_weights_and_nothing_else(tiny_base, copy, monkeypatch, tmp_path):
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    before = weights_hash(tiny_base)
    (copy / "config.json").write_text("{}")
    assert weights_hash(copy) == before
    other = neighbour(tiny_base, tmp_path / "other", seed=1)
    assert weights_hash(other) != before
    shutil.copy2(other / "model.safetensors", copy / "model.safetensors")
    assert weights_hash(copy) == weights_hash(other)


def test_unchanged_files_are_not_read_again(copy, monkeypatch, tmp_path):
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    before = weights_hash(copy)
    state = (copy / "model.safetensors").stat()
    truncate(copy / "model.safetensors", 0.5)
    os.truncate(copy / "model.safetensors", state.st_size)
    os.utime(copy / "model.safetensors", ns=(state.st_atime_ns, state.st_mtime_ns))
    assert weights_hash(copy) == before  # same size and time: the known hash
    os.utime(copy / "model.safetensors")
    assert weights_hash(copy) != before


def test_what_is_known_is_completed_and_kept(tiny_run, tiny_base):
    described = open_checkpoint(tiny_run / "checkpoint-200").described()
    assert described["parameters"] == 49152 * 128 + 3 * (128 * 128 * 2 + 128 * 64 * 2 + 3 * 128 * 256 + 2 * 128) + 128
    assert described["step"] == 200
    assert described["tokens"] == {"domain": 1600, "general": 400}
    assert described["note"] == "kept"
    assert described["kind"] == "full"
    assert described["weights_hash"] == weights_hash(tiny_run / "checkpoint-200")
    assert "learning_rate" not in described


def test_an_adapter_knows_its_base(tiny_base, tmp_path):
    adapter = lora(tiny_base, tmp_path / "adapter", seed=1)
    checkpoint = open_checkpoint(adapter)
    assert (checkpoint.kind, checkpoint.base) == ("adapter", tiny_base)
    described = checkpoint.described()
    assert described["trained_parameters"] == sum(s[0] * s[1] for _, s in read_tensors(adapter).values())
    assert described["base_hash"] == weights_hash(tiny_base)
    (adapter / "checkpoint.json").write_text(json.dumps({"base_hash": "0" * 64}))
    with pytest.raises(CheckpointError, match="trained on another base"):
        open_checkpoint(adapter)
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "checkpoint.json").unlink()
    (adapter / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": str(tmp_path / "gone")}))
    with pytest.raises(CheckpointError, match=r"the base of this adapter is missing: .*gone: no such folder"):
        open_checkpoint(adapter)


def test_a_run_folder_means_its_checkpoints_in_order(tiny_run):
    assert [p.name for p in expand(str(tiny_run))] == ["checkpoint-100", "checkpoint-200", "checkpoint-1000"]
    assert [p.name for p in expand(f"{tiny_run}/checkpoint-?00")] == ["checkpoint-100", "checkpoint-200"]
    assert [p.name for p in expand(str(tiny_run / "checkpoint-200"))] == ["checkpoint-200"]


def test_the_base_that_manifests_name_comes_first(tiny_run, tiny_base):
    series = find_series([str(tiny_run)])
    assert [c.name for c in series.checkpoints] == ["tiny", "mix20-checkpoint-100", "mix20-checkpoint-200", "mix20-checkpoint-1000"]
    assert {series.base_of(c).name for c in series.checkpoints} == {"tiny"}
    assert find_series([str(tiny_run)], with_bases=False).checkpoints[0].name == "mix20-checkpoint-100"


NOT_FOUND = {
    "nothing there": ("{run}/nowhere*", "no checkpoint matches"),
    "near": ("{run}/checkpoint-1001", "no such folder; did you mean .*checkpoint-100"),
    "empty folder": ("{empty}", "no checkpoint found"),
    "hub, offline": ("someone/their-model", "the hub has it not or cannot be reached .HF_HUB_OFFLINE is set."),
}


@pytest.mark.parametrize("name", NOT_FOUND)
def test_what_cannot_be_found(name, tiny_run, tmp_path):
    argument, message = NOT_FOUND[name]
    with pytest.raises(CheckpointError, match=message):
        find_series([argument.format(run=tiny_run, empty=tmp_path)])


def test_one_broken_checkpoint_does_not_stop_the_others(tiny_run, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    truncate(run / "checkpoint-200" / "model.safetensors", 0.5)
    series = find_series([str(run)])
    assert [c.name for c in series.checkpoints] == ["tiny", "run-checkpoint-100", "run-checkpoint-1000"]
    assert [f.name for f in series.broken] == ["run-checkpoint-200"]


def test_one_name_means_one_checkpoint(tiny_base, tmp_path):
    for seed, run in ((1, "a"), (2, "b")):
        neighbour(tiny_base, tmp_path / run / "tuned", seed=seed)
    names = [c.name for c in find_series([str(tmp_path / "a"), str(tmp_path / "b")]).checkpoints]
    assert names == ["a-tuned", "b-tuned"]
    for run in "ab":
        (tmp_path / run / "tuned" / "checkpoint.json").write_text('{"name": "x/same name"}')
    names = [c.name for c in find_series([str(tmp_path / "a"), str(tmp_path / "b")]).checkpoints]
    assert names == ["a-x-same-name", "b-x-same-name"]


def test_names_take_as_many_folders_as_they_need(tiny_base, tmp_path):
    for seed in ("seed0", "seed1"):
        neighbour(tiny_base, tmp_path / seed / "mix20", seed=len(seed))
    found = find_series([str(tmp_path / "seed0" / "mix20"), str(tmp_path / "seed1" / "mix20")])
    assert [c.name for c in found.checkpoints] == ["seed0-mix20", "seed1-mix20"]


def test_the_final_model_comes_after_its_checkpoints(tiny_base, tmp_path):
    run = neighbour(tiny_base, tmp_path / "run", seed=1)
    for step in (20, 3):
        neighbour(tiny_base, run / f"checkpoint-{step}", seed=step)
    assert [c.name for c in find_series([str(run)]).checkpoints] == ["run-checkpoint-3", "run-checkpoint-20", "run"]


def test_prompts_must_not_differ_inside_a_series(tiny_run, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    (run / "checkpoint-200" / "chat_template.jinja").write_text("{{ messages }}")
    with pytest.raises(CheckpointError, match="run-checkpoint-200: its chat template differs from that of tiny"):
        check_tokenizers(find_series([str(run)]).checkpoints)
    tokenizer = run / "checkpoint-200" / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text().replace('"truncation": null', '"truncation": {"max_length": 9}'))
    (run / "checkpoint-200" / "chat_template.jinja").write_text((run / "checkpoint-100" / "chat_template.jinja").read_text())
    check_tokenizers(find_series([str(run)]).checkpoints)
    content = json.loads(tokenizer.read_text())
    content["added_tokens"][0]["content"] = "<other>"
    tokenizer.write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="its tokenizer differs"):
        check_tokenizers(find_series([str(run)]).checkpoints)
