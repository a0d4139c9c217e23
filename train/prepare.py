"""From a configuration to what a run needs before a model is loaded: encoded sources, stages, the mixer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.harness_ext.checkpoint import resolve_model, stop_token_ids
from equipoise.harness_ext.errors import ConfigError, DataError, EquipoiseError
from equipoise.harness_ext.models import bundled_model
from equipoise.train.config import Mix, Stage, TokenCount, TrainConfig
from equipoise.train.encode import Encoded, Encoder, encode_source, hold_out
from equipoise.train.mix import Mixer, StageMix
from equipoise.train.series import checkpoint_steps


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything about a run that can be known without weights."""

    config: TrainConfig
    base: Path
    """Folder of the model to start from."""
    tokenizer: Any
    tokenizer_key: str
    """Hash of all that makes tokens out of a conversation."""
    encoded: dict[str, Encoded]
    stages: list[Stage]
    mixer: Mixer
    saves: list[int]
    """After which steps a checkpoint is written, counted from 1."""

    def stage(self, step: int) -> tuple[Stage, StageMix, int, int]:
        """(stage, its mix, step within it, its steps) of a step, counted from 0."""
        mix, inside, steps = self.mixer.stage(step)
        return next(stage for stage in self.stages if stage.name == mix.name), mix, inside, steps


def prepare(config: TrainConfig) -> Prepared:
    """Read and encode the data, plan the steps. Raises `ConfigError`, `DataError` or `CheckpointError`."""
    from transformers import AutoTokenizer

    base = find_model(config.model)
    tokenizer = AutoTokenizer.from_pretrained(base)
    encoder = Encoder(tokenizer, config, stop_token_ids(base, tokenizer))
    key = _tokenizer_key(tokenizer)
    encoded = {name: encode_source(name, source, config, encoder, key) for name, source in config.sources.items()}
    encoded = hold_out(encoded, config.validation.examples)
    trained = {name: source.trained_tokens() for name, source in encoded.items()}
    totals = {name: int(counts.sum()) for name, counts in trained.items()}
    stages = config.stages or [Stage(name="train", mix=config.mix, tokens=config.tokens)]
    mixes = [resolve_mix(stage, totals) for stage in stages]
    mixer = Mixer(trained, mixes, config.tokens_per_step, config.seed)
    _check_passes(config, mixer, totals)
    if (empty := mixer.empty_step()) is not None:
        longest = max(int(counts.max()) for counts in trained.values())
        raise ConfigError(
            f"tokens_per_step: {config.tokens_per_step:,} is too few: the longest example has {longest:,} trained tokens, and step {empty + 1} would"
            f" have no example; set it to {2 * longest:,} or more"
        )
    ends = [
        step + 1 for step in range(mixer.steps) if step + 1 == mixer.steps or mixer.stage(step + 1)[0] is not mixer.stage(step)[0]
    ]
    return Prepared(config, base, tokenizer, key, encoded, stages, mixer, checkpoint_steps(mixer, config.saving, ends))


def resolve_mix(stage: Stage, totals: Mapping[str, int]) -> StageMix:
    """Shares of one stage, from shares, fixed numbers, or what the sources hold. `totals`: trained tokens by source."""
    mix: Mix = stage.mix or {name: total / sum(totals.values()) for name, total in totals.items()}
    fixed = {name: entry.tokens for name, entry in mix.items() if isinstance(entry, TokenCount)}
    shares = {name: float(entry) for name, entry in mix.items() if not isinstance(entry, TokenCount)}
    tokens = stage.tokens
    if tokens is None:
        if fixed and not any(shares.values()):
            tokens = sum(fixed.values())
        elif fixed:
            raise ConfigError(f"stage {stage.name}: with shares beside fixed numbers, `tokens` is needed")
        else:
            tokens = int(min(totals[name] / share for name, share in shares.items() if share))
    left = tokens - sum(fixed.values())
    if left < 0 or (left and not any(shares.values())):
        raise ConfigError(f"stage {stage.name}: the fixed numbers sum to {sum(fixed.values()):,}, tokens is {tokens:,}")
    found = {name: share * left / tokens for name, share in shares.items()} | {name: n / tokens for name, n in fixed.items()}
    return StageMix(stage.name, tokens, {name: share for name, share in found.items() if share > 0})


def _check_passes(config: TrainConfig, mixer: Mixer, totals: Mapping[str, int]) -> None:
    for name, due in mixer.due.items():
        allowed = config.sources[name].max_passes
        if due > allowed * totals[name] * (1 + 1e-9):
            raise DataError(
                f"source {name}: it has {totals[name]:,} trained tokens, the mix asks for {due:,.0f} ({due / totals[name]:.1f} passes, {allowed:g} allowed):"
                f" set sources.{name}.max_passes, or lower tokens or its share"
            )


def find_model(name: str) -> Path:
    """Folder of a model: a folder, a bundled name, or a hub name."""
    if Path(name).is_dir():
        return Path(name).resolve()
    if "/" in name:
        return resolve_model(name)
    try:
        return bundled_model(name)
    except EquipoiseError as error:
        raise ConfigError(f"model: {name}: no such folder, and {error}") from error


def _tokenizer_key(tokenizer: Any) -> str:
    parts = [tokenizer.backend_tokenizer.to_str(), str(tokenizer.eos_token), str(tokenizer.bos_token), str(tokenizer.chat_template)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
