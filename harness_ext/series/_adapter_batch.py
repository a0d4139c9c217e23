"""Many adapters of one base in one batch: vLLM's multi-LoRA behind the engine protocol."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from equipoise.harness_ext.checkpoint import Checkpoint, read_adapter_config
from equipoise.harness_ext.engines import (
    EngineConfig,
    Generation,
    Sampling,
    Scored,
    ScoringRequest,
    Ticker,
    no_ticks,
    quiet_environment,
)
from equipoise.harness_ext.engines._vllm import VllmEngine
from equipoise.harness_ext.errors import EngineError
from equipoise.harness_ext.series._options import ScoreOptions
from equipoise.harness_ext.series._tasks import NamedTask

T = TypeVar("T")
_LONG_TASK = 500_000
"""Generated tokens per checkpoint from which a merge (seconds) costs less than multi-LoRA's slower tokens. A guess: not yet
measured on a GPU."""
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM can reserve room for."""
_PHRASINGS = 3
"""Requests that a document may be asked with: rubric questions have so many."""
_MAX_BATCHED = 32
"""Adapters that are kept in a GPU's memory at once."""


def batch_or_merge(
    options: ScoreOptions, engine: str, adapters: Sequence[Checkpoint], tasks: Sequence[NamedTask]
) -> tuple[str, str]:
    """("batch" | "merge", why). Raises `EngineError` where batch is asked for and impossible."""
    obstacle = _obstacle(engine, adapters)
    if options.adapters == "batch" and obstacle:
        raise EngineError(f"--adapters batch: {obstacle}")
    if options.adapters != "auto":
        return options.adapters, f"--adapters {options.adapters} says so"
    if obstacle:
        return "merge", obstacle
    if len(adapters) < 2:
        return "merge", "there is only one"
    if not _on_gpu():
        return "merge", "on a CPU multi-LoRA computes each token 2-3 times slower"
    if any("loglikelihood_rolling" in task.kinds for task in tasks):
        return "merge", "a rolling log-likelihood asks for every position, one by one with adapters"
    tokens = sum(map(_generated_tokens, tasks))
    if tokens > _LONG_TASK:
        return "merge", f"up to {tokens:,} generated tokens each outweigh a merge"
    return "batch", f"the tasks are short (up to {tokens:,} generated tokens each)"


class AdapterBatch:
    """An engine that answers for every selected adapter when the first of them is asked."""

    name = "vllm"

    def __init__(self, base: Path, adapters: Sequence[Checkpoint], config: EngineConfig):
        """Start with the base's weights. Raises `EngineError` where that fails."""
        quiet_environment()
        from vllm.lora.request import LoRARequest

        with_weights = [c for c in adapters if c.base]
        largest = max(_rank(c) for c in with_weights)
        rank = next((r for r in _RANKS if r >= largest), largest)
        self._engine = VllmEngine(str(base), config, lora_rank=rank, lora_adapters=len(with_weights))
        self.version = self._engine.version
        self.max_length, self.max_scored, self.window = self._engine.max_length, self._engine.max_scored, self._engine.window
        self._requests: dict[str, Any] = {
            str(c.folder): LoRARequest(c.name, i, str(c.folder)) if c.base else None for i, c in enumerate(adapters, start=1)
        }
        self._selected: list[str] = []
        self._current = ""
        self._answers: dict[Hashable, dict[str, list[Any]]] = {}

    def select(self, checkpoints: Sequence[Checkpoint]) -> None:
        """The adapters (and base) that the next task is for."""
        self._selected = [str(c.folder) for c in checkpoints]
        self._answers.clear()

    def load(self, folder: str) -> None:
        """Answer for this adapter from now on."""
        self._current = folder

    def generate(self, prompts: Sequence[Sequence[int]], sampling: Sequence[Sampling], tick: Ticker = no_ticks) -> list[Generation]:
        """The current adapter's answers, out of a batch over all selected ones."""
        key = ("generate", tuple(map(tuple, prompts)), repr(sampling))
        return self._share(
            key, len(prompts), lambda n, lora: self._engine.generate(list(prompts) * n, list(sampling) * n, tick, lora)
        )

    def score(self, requests: Sequence[ScoringRequest], tick: Ticker = no_ticks) -> list[list[Scored]]:
        """The current adapter's log-likelihoods, out of a batch over all selected ones."""
        key = ("score", tuple((tuple(r.context), tuple(map(tuple, r.continuations))) for r in requests))
        return self._share(key, len(requests), lambda n, lora: self._engine.score(list(requests) * n, tick, lora))

    def close(self) -> None:
        """Stop the engine."""
        self._engine.close()

    def _share(self, key: Hashable, size: int, compute: Callable[[int, list[Any]], list[T]]) -> list[T]:
        if key not in self._answers:
            self._answers[key] = {}
            adapters = [folder for folder in self._selected if self._requests[folder]]
            base = [folder for folder in self._selected if not self._requests[folder]]
            for together in (adapters, base):  # apart: on a CPU, vLLM gives a row without an adapter the last one
                if together:
                    answers = compute(len(together), [self._requests[folder] for folder in together for _ in range(size)])
                    self._answers[key] |= {f: answers[i * size : (i + 1) * size] for i, f in enumerate(together)}
        return self._answers[key][self._current]


def _obstacle(engine: str, adapters: Sequence[Checkpoint]) -> str | None:
    if engine != "vllm":
        return "only vLLM serves several adapters at once"
    if len({c.base for c in adapters}) > 1:
        return "they have different bases"
    if len(adapters) > _MAX_BATCHED:
        return f"{len(adapters)} adapters do not fit one batch (at most {_MAX_BATCHED})"
    for checkpoint in adapters:
        config = read_adapter_config(checkpoint.folder)
        if (
            config.get("peft_type", "LORA") != "LORA"
            or config.get("use_dora")
            or config.get("modules_to_save")
            or config.get("bias", "none") != "none"
        ):
            return f"{checkpoint.name} is more than plain LoRA"
    return None


def _rank(checkpoint: Checkpoint) -> int:
    """The adapter's largest rank."""
    config = read_adapter_config(checkpoint.folder)
    return max([int(config.get("r", 8)), *map(int, (config.get("rank_pattern") or {}).values())])


def _generated_tokens(task: NamedTask) -> int:
    """Upper bound of what a checkpoint generates for a task."""
    total = 0
    for t in task.loaded["tasks"].values():
        if t.OUTPUT_TYPE == "generate_until":
            limit = int((t.config.generation_kwargs or {}).get("max_gen_toks", 256))
            total += limit * (t.config.repeats or 1) * len(t.eval_docs) * _PHRASINGS
    return total


def _on_gpu() -> bool:
    from vllm.platforms import current_platform

    return not current_platform.is_cpu()
