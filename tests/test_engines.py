"""Real engines on a real, small model: the numbers of lm-eval's own backends, reloads that are proven, adapters."""

import json
import math
import shutil
from dataclasses import replace

import pytest
from conftest import lora, neighbour
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

from equipoise.harness_ext.adapters import full_model
from equipoise.harness_ext.checkpoint import open_checkpoint
from equipoise.harness_ext.engines import EngineConfig, Sampling, ScoringRequest, choose_engine, open_engine
from equipoise.harness_ext.engines._hf import HfEngine
from equipoise.harness_ext.engines._vllm import VllmEngine, single_positions
from equipoise.harness_ext.errors import CheckpointError, EngineError, EquipoiseError, ReloadError, WeightsError
from equipoise.harness_ext.lm import EquipoiseLM, TextEncoder, load_tokenizer
from equipoise.harness_ext.series import ScoreOptions
from equipoise.harness_ext.series._adapter_batch import AdapterBatch
from equipoise.harness_ext.series._discover import find_series
from equipoise.harness_ext.series._run import SeriesScorer

EXACT = EngineConfig(dtype="float32", max_model_len=1024)
TEXTS = ["The shop sold mugs and", "Two customers asked for a refund because the", "Day 3:"]
SAMPLING = Sampling(max_tokens=12)


@pytest.fixture(scope="module")
def tokens(tiny_base):
    return TextEncoder(load_tokenizer(str(tiny_base))).encode(TEXTS)


@pytest.fixture(scope="module")
def vllm_engine(tiny_base):
    """One vLLM for the module; each test puts its own weights into it."""
    engine = VllmEngine(str(tiny_base), EXACT)
    yield engine
    engine.close()


def logprobs(lm, choice_tasks):
    """Log-prob and greedy flag of every choice of both tasks."""
    from lm_eval import simple_evaluate

    manager = TaskManager(include_path=str(choice_tasks), include_defaults=False)
    found = simple_evaluate(model=lm, tasks=["letters", "sentences"], task_manager=manager, bootstrap_iters=0)
    return [tuple(r[0]) for name in ("letters", "sentences") for row in found["samples"][name] for r in row["resps"]]


def test_positions_that_are_asked_for_one_by_one():
    assert single_positions(ScoringRequest([1], [[5], [6]])) == [((), [5, 6])]
    assert single_positions(ScoringRequest([1], [[3, 5], [3, 6], [3, 7]])) == [((), [3]), ((3,), [5, 6, 7])]
    assert single_positions(ScoringRequest([1], [[1, 2, 3], [4, 5, 6]])) == [((), [1, 4])]
    assert single_positions(ScoringRequest([1], [[1, 2]])) == []
    assert single_positions(ScoringRequest([1] * 64, [[1, 2]])) == [((), [1])]


@pytest.mark.slow
def test_log_likelihoods_are_those_of_lm_eval(vllm_engine, tiny_base, choice_tasks):
    vllm_engine.load(str(tiny_base))
    reference = logprobs(HFLM(pretrained=str(tiny_base), device="cpu", dtype="float32", batch_size=4), choice_tasks)
    encoder = TextEncoder(load_tokenizer(str(tiny_base)))
    for engine in (vllm_engine, HfEngine(str(tiny_base), EXACT)):
        found = logprobs(EquipoiseLM(engine=engine, encoder=encoder), choice_tasks)
        assert max(abs(a - b) for (a, _), (b, _) in zip(found, reference, strict=True)) < 1e-3
        assert [g for _, g in found] == [g for _, g in reference]


@pytest.mark.slow
def test_a_reloaded_engine_is_a_fresh_one(vllm_engine, tiny_base, tokens, tmp_path):
    other = neighbour(tiny_base, tmp_path / "other", seed=3)
    vllm_engine.load(str(tiny_base))
    before = vllm_engine.generate(tokens, [SAMPLING] * 3), vllm_engine.score([ScoringRequest(t, [[5], [7, 8]]) for t in tokens])
    vllm_engine.load(str(other))
    reloaded = vllm_engine.generate(tokens, [SAMPLING] * 3), vllm_engine.score([ScoringRequest(t, [[5], [7, 8]]) for t in tokens])
    fresh = VllmEngine(str(other), EXACT)
    assert reloaded == (fresh.generate(tokens, [SAMPLING] * 3), fresh.score([ScoringRequest(t, [[5], [7, 8]]) for t in tokens]))
    fresh.close()
    assert reloaded != before


@pytest.mark.slow
def test_weights_that_are_not_those_of_the_file_are_noticed(vllm_engine, tiny_base, tmp_path):
    """The file changes after the reload: one number of one tensor of the middle layer, then the embedding."""
    from safetensors.torch import load_file, save_file

    vllm_engine.load(str(tiny_base))
    (found,) = vllm_engine._llm.collective_rpc("equipoise_compare_weights", args=(str(tiny_base),))
    assert found["differ"] == found["unknown"] == []
    assert {"model.embed_tokens.weight", "model.layers.1.self_attn.qkv_proj.weight", "lm_head.weight"} <= set(found["same"])
    other = shutil.copytree(tiny_base, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    weights["model.layers.1.mlp.up_proj.weight"][3, 5] *= 1.01
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    (found,) = vllm_engine._llm.collective_rpc("equipoise_compare_weights", args=(str(other),))
    assert found["differ"] == ["model.layers.1.mlp.gate_up_proj.weight"]
    weights["model.embed_tokens.weight"][7, 5] += 1
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    (found,) = vllm_engine._llm.collective_rpc("equipoise_compare_weights", args=(str(other),))
    assert {"model.embed_tokens.weight", "lm_head.weight"} <= set(found["differ"])


@pytest.mark.slow
def test_damaged_numbers_stop_before_any_score(vllm_engine, tiny_base, tmp_path):
    from safetensors.torch import load_file, save_file

    other = shutil.copytree(tiny_base, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    weights["model.layers.1.mlp.up_proj.weight"][:] = math.nan
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises((ReloadError, WeightsError), match=r"differs from the file|produce NaN"):
        vllm_engine.load(str(other))
    with pytest.raises(WeightsError, match="produce NaN"):
        HfEngine(str(other), EXACT)
    vllm_engine.load(str(tiny_base))


@pytest.mark.slow
def test_a_checkpoint_with_other_tensors_is_not_reloaded(vllm_engine, tiny_base, tmp_path):
    from safetensors.torch import load_file, save_file

    other = shutil.copytree(tiny_base, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    assert open_checkpoint(other).architecture != open_checkpoint(tiny_base).architecture
    with pytest.raises(ReloadError):
        vllm_engine.load(str(other))
    with pytest.raises(ReloadError, match="could not reload it"):
        vllm_engine.load(str(tmp_path / "nowhere"))
    vllm_engine.load(str(tiny_base))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vllm", "hf"])
def test_an_answer_ends_where_its_checkpoint_says(name, vllm_engine, tiny_base, tokens, tmp_path):
    """Also after a reload, when the engine was started with a checkpoint that says otherwise; the end is not part of the answer."""
    vllm_engine.load(str(tiny_base))
    engine = vllm_engine if name == "vllm" else HfEngine(str(tiny_base), EXACT)
    (whole,) = engine.generate(tokens[:1], [SAMPLING])
    assert whole.tokens == 12
    tokenizer = load_tokenizer(str(tiny_base))
    end = tokenizer(whole.text, add_special_tokens=False).input_ids[2]
    other = shutil.copytree(tiny_base, tmp_path / "other")
    (other / "generation_config.json").write_text(json.dumps({"eos_token_id": [end, 2]}))
    engine.load(str(other))
    (cut,) = engine.generate(tokens[:1], [SAMPLING])
    assert not cut.truncated
    assert whole.text.startswith(cut.text)
    assert cut.tokens < 12
    assert tokenizer.decode([end]) not in cut.text
    engine.load(str(tiny_base))
    assert engine.generate(tokens[:1], [SAMPLING]) == [whole]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vllm", "hf"])
def test_stops_and_limits(name, vllm_engine, tiny_base, tokens):
    if name == "vllm":
        vllm_engine.load(str(tiny_base))
    engine = vllm_engine if name == "vllm" else HfEngine(str(tiny_base), EXACT)
    whole, short = engine.generate(tokens[:1] * 2, [SAMPLING, Sampling(max_tokens=3)])
    assert whole.text.startswith(short.text)
    assert (short.tokens, short.truncated) == (3, True)
    stop = whole.text.strip()[2:5]
    (stopped,) = engine.generate(tokens[:1], [Sampling(max_tokens=12, stop=(stop,))])
    assert stopped.text == whole.text[: whole.text.index(stop)]
    assert not stopped.truncated
    hot = Sampling(max_tokens=12, options={"temperature": 1.0})
    assert engine.generate(tokens, [hot] * 3) == engine.generate(tokens, [hot] * 3)
    many = engine.generate(tokens[:1] * 40, [replace(hot, draw=i) for i in range(40)])
    assert many[:8] != many[-8:]  # another batch, where there are batches, is not the same random numbers again
    with pytest.raises(EquipoiseError, match="does not take these generation settings"):
        engine.generate(tokens[:1], [Sampling(max_tokens=3, options={"no_such_setting": 1})])


@pytest.mark.slow
def test_the_same_answers_from_both_engines(vllm_engine, tiny_base, tokens):
    vllm_engine.load(str(tiny_base))
    ours, theirs = (e.generate(tokens, [SAMPLING] * 3) for e in (vllm_engine, HfEngine(str(tiny_base), EXACT)))
    assert [a.text for a in ours] == [a.text for a in theirs]


@pytest.mark.slow
def test_adapters_side_by_side_or_merged_score_alike(vllm_engine, tiny_base, tokens, tmp_path):
    from safetensors.torch import load_file, save_file

    tiny_base = shutil.copytree(tiny_base, tmp_path / "base")
    weights = {name: w.float() for name, w in load_file(tiny_base / "model.safetensors").items()}  # so that merging does not round
    save_file(weights, tiny_base / "model.safetensors", metadata={"format": "pt"})
    adapters = [open_checkpoint(lora(tiny_base, tmp_path / f"adapter-{i}", seed=i)) for i in (1, 2)]
    base = open_checkpoint(tiny_base)
    requests = [ScoringRequest(t, [[5], [7, 8]]) for t in tokens]
    batch = AdapterBatch(tiny_base, [base, *adapters], EXACT)
    batch.select([base, *adapters])
    together = []
    for checkpoint in (base, *adapters):
        batch.load(str(checkpoint.folder))
        together.append(batch.score(requests))
    batch.close()
    for checkpoint, found in zip((base, *adapters), together, strict=True):
        with full_model(checkpoint) as folder:
            vllm_engine.load(str(folder))
        expected = vllm_engine.score(requests)
        assert all(
            abs(a.logprob - b.logprob) < 0.01 for x, y in zip(found, expected, strict=True) for a, b in zip(x, y, strict=True)
        )
    assert together[0] != together[1] != together[2]


@pytest.mark.slow
def test_a_series_of_full_weights_and_adapters_through_vllm(tiny_run, tiny_base, choice_tasks, tmp_path, capsys):
    lora(tiny_base, tmp_path / "adapter-1", seed=1)
    lora(tiny_base, tmp_path / "adapter-2", seed=2)
    found = {}
    for choice in ("merge", "batch"):
        options = ScoreOptions(
            tasks=("letters", "sentences"),
            results=tmp_path / choice,
            engine="vllm",
            engine_config=EXACT,
            adapters=choice,
            include_path=str(choice_tasks),
        )
        scorer = SeriesScorer(options)
        series = find_series([str(tiny_run), str(tmp_path / "adapter-1"), str(tmp_path / "adapter-2")])
        outcome = scorer.run(series)
        scorer.close()
        assert (outcome.scored, outcome.failures) == (12, [])
        for checkpoint in series.checkpoints:
            for path in (tmp_path / choice / checkpoint.name).glob("results_*.json"):
                results = json.loads(path.read_text())
                for task, numbers in results["results"].items():
                    found.setdefault((checkpoint.name, task), []).append(numbers["acc,none"])
    assert len(found) == 12
    assert all(abs(a - b) <= 1 / 12 for a, b in found.values())
    said = capsys.readouterr().err
    assert "2 adapters: merge, because --adapters merge says so" in said
    assert "2 adapters: batch, because --adapters batch says so" in said


@pytest.mark.slow
def test_an_adapter_that_does_not_fit(tiny_base, tmp_path):
    adapter = lora(tiny_base, tmp_path / "adapter", seed=1)
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | {"target_modules": ["no_such_layer"]}))
    with pytest.raises(CheckpointError, match="cannot be merged into"), full_model(open_checkpoint(adapter)):
        pass


def test_the_choice_of_an_engine(tiny_base):
    assert choose_engine("auto") == "vllm"
    with pytest.raises(EngineError, match="unknown engine 'tgi': use auto, vllm, hf"):
        choose_engine("tgi")
    with pytest.raises(EngineError, match="does not share a model between GPUs"):
        open_engine("hf", str(tiny_base), EngineConfig(tensor_parallel_size=2))


@pytest.mark.slow
def test_an_engine_that_cannot_start_says_why_in_one_line(tiny_base):
    with pytest.raises(EngineError, match=r"vLLM could not start: .*") as caught:
        VllmEngine(str(tiny_base), EngineConfig(max_model_len=10**9))
    assert "\n" not in str(caught.value)
