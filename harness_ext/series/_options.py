"""What `equipoise score` was asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from equipoise.harness_ext.engines import EngineConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """Everything but the checkpoints. The same for each of them."""

    tasks: tuple[str, ...]
    """Names of lm-eval tasks or groups."""
    results: Path
    """Where scores go: one folder per checkpoint below it."""
    engine: str = "auto"
    engine_config: EngineConfig = field(default_factory=EngineConfig)
    adapters: str = "auto"
    """merge: one after the other into the base; batch: all at once, side by side; auto decides and says why."""
    tokenizer: str | None = None
    """A folder or hub name whose tokenizer serves all checkpoints."""
    chat: bool | None = None
    """Apply the chat template; None: where the tokenizer has one."""
    system_instruction: str | None = None
    fewshot_as_multiturn: bool | None = None
    """Few-shot examples as turns of a chat; None: wherever the chat template is applied, as lm-eval does."""
    enable_thinking: bool | None = None
    think_end_token: str | None = None
    num_fewshot: int | None = None
    limit: float | None = None
    """Documents per task, or their share below 1; for tests only."""
    gen_kwargs: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Of tasks: `form`, `repeats`."""
    include_path: str | None = None
    """A folder with further tasks."""
    confirm_run_unsafe_code: bool = False
    shard: tuple[int, int] = (1, 1)
    """This process takes part i of n (from 1)."""

    def multiturn(self, template: str | None) -> bool:
        """Whether few-shot examples are turns of their own, with this chat template."""
        return template is not None if self.fewshot_as_multiturn is None else self.fewshot_as_multiturn
