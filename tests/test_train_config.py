"""Configuration files: what is wrong is named, with the field and a near match."""

from __future__ import annotations

from pathlib import Path

import pytest

from equipoise.harness_ext.errors import ConfigError
from equipoise.train.config import TokenCount, load_config
from equipoise.train.prepare import resolve_mix

GOOD = """\
model: smollm2-135m
output: runs/mix50
sources:
  domain: {data: domain.jsonl, max_passes: 4}
  general: {data: [general.jsonl, owner/dataset-2.5]}
mix: {domain: 0.5, general: 0.5}
tokens: 200000
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text)
    return path


def test_a_good_file_with_overrides(tmp_path: Path) -> None:
    config = load_config(
        write(tmp_path, GOOD), ["tokens=50_000", "learning_rate=3e-5", "sources.domain.max_passes=2", "validation.examples=8"]
    )
    assert config.tokens == 50_000
    assert config.rate() == 3e-5
    assert config.sources["domain"].max_passes == 2
    assert config.validation.examples == 8
    assert config.sources["general"].data == [str(tmp_path / "general.jsonl"), "owner/dataset-2.5"]


def test_learning_rates_by_name(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, GOOD)).rate() == 1e-5
    assert load_config(write(tmp_path, GOOD), ["method=lora", "learning_rate=gentle"]).rate() == 4e-5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("mix.domain=0.6", "mix: the shares sum to 1.1, not to 1"),
        ("mix.domain=1.5", "mix.domain: 1.5 is not a share between 0 and 1"),
        ("mix={domian: 1.0}", "mix: no source is called domian: there is domain, general; did you mean domain?"),
        ("lerning_rate=1", "lerning_rate: there is no such field; did you mean learning_rate?"),
        ("sources.domain.max_pases=3", "sources.domain.max_pases: there is no such field; did you mean max_passes?"),
        ("tokens=0", "tokens: Input should be greater than 0"),
        ("learning_rate=0", "learning_rate: Input should be greater than 0"),
        ("learning_rate=usuall", "learning_rate: Input should be 'usual' or 'gentle'"),
        ("validation.examples=-3", "validation.examples: Input should be greater than or equal to 0"),
        ("mix={domain: {tokens: -100}, general: 1.0}", "mix.domain.tokens: Input should be greater than 0"),
        ("tokens=many", "tokens: Input should be a valid integer"),
        ("sources={}", "sources: at least one is needed"),
        ("stages=[{name: a, mix: {domain: 1.0}}]", "stages: give mix and tokens inside the stages, or no stages"),
        ("validation.kl_source=domin", "validation.kl_source: no source is called domin"),
        ("saving={every_tokens: 5, log_spaced: 3}", "saving: every_tokens or log_spaced, not both"),
        ("method=dpo", "method: Input should be 'full' or 'lora'"),
        ("tokens", "--set tokens: key=value is expected"),
        ("tokens.inner.x=1", "there is no field tokens.inner.x"),
    ],
)
def test_one_clear_line(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_config(write(tmp_path, GOOD), [change])
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent.yaml: cannot be read"):
        load_config(tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(write(tmp_path, "model: [unclosed"))
    with pytest.raises(ConfigError, match="a mapping of fields is expected"):
        load_config(write(tmp_path, "- a\n- b\n"))


def test_mixes_of_shares_and_fixed_numbers(tmp_path: Path) -> None:
    config = load_config(
        write(tmp_path, GOOD),
        [
            "mix={}",
            "tokens=null",
            "stages=[{name: a, tokens: 1000, mix: {domain: {tokens: 200}, general: 1.0}}, {name: b, mix: {domain: 0.25, general: 0.75}}, {name: c}]",
        ],
    )
    totals = {"domain": 300, "general": 900}
    first, second, third = (resolve_mix(stage, totals) for stage in config.stages)
    assert config.stages[0].mix["domain"] == TokenCount(tokens=200)
    assert (first.tokens, first.shares) == (1000, {"general": 0.8, "domain": 0.2})
    assert second.tokens == 1200  # one pass over general allows no more
    assert (third.tokens, third.shares) == (1200, {"domain": 0.25, "general": 0.75})


def test_a_recipe_is_the_same_for_every_seed(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    same = {load_config(path, [f"seed={seed}", f"output=runs/{seed}"]).recipe_hash() for seed in (1, 2)}
    assert len(same) == 1
    assert load_config(path, ["learning_rate=2e-5"]).recipe_hash() not in same
