"""What an engine is: something that holds one model's weights, continues prompts and scores continuations.

Everything here is in tokens. Text, chat templates and lm-eval live one layer up, in `equipoise.harness_ext.lm`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """How an engine computes. The same for every checkpoint of a series."""

    dtype: str = "bfloat16"
    """bfloat16, float16, float32, or auto (what the checkpoint says)."""
    max_model_len: int | None = None
    """Longest prompt plus answer, in tokens; default: what the model's config says."""
    tensor_parallel_size: int = 1
    """GPUs that share one model."""
    seed: int = 1234
    """Of sampling; greedy decoding does not use it."""
    trust_remote_code: bool = False
    """Run model code that comes with a checkpoint."""
    tokenizer: str | None = None
    """A folder or hub name; default: the checkpoint's own."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of `vllm.LLM`, or of `from_pretrained` with transformers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How one prompt is continued."""

    max_tokens: int
    stop: tuple[str, ...] = ()
    """Texts that end the answer; they are not part of it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """temperature, top_p, top_k, repetition_penalty, … as the engine's library calls them."""
    draw: int = 0
    """Which sample of a run this is: added to the engine's seed (with transformers, that of a batch's first), so that no two
    draws are the same random numbers."""

    @property
    def greedy(self) -> bool:
        """Whether the most likely token is always taken."""
        return not float(self.options.get("temperature", 0.0) or 0.0)


class Generation(NamedTuple):
    """One answer."""

    text: str
    tokens: int
    """Tokens that were generated for it."""
    truncated: bool
    """It ended because `max_tokens` was reached."""


class Scored(NamedTuple):
    """How likely one continuation is after its context."""

    logprob: float
    """Natural logarithm of its probability: the sum over its tokens."""
    greedy: bool
    """Greedy decoding would produce exactly this continuation."""


class ScoringRequest(NamedTuple):
    """A context and the continuations to score after it. All token lists are non-empty."""

    context: Sequence[int]
    continuations: Sequence[Sequence[int]]


class Ticker(Protocol):
    """Hears how far a batch is."""

    def __call__(self, done: int, speed: str = "") -> None:
        """`done` more requests are finished, at a `speed` worth showing."""


def no_ticks(done: int, speed: str = "") -> None:
    """A ticker that shows nothing."""


class Engine(Protocol):
    """One loaded model. Methods raise `EngineError` where the engine is lost and a fresh one is needed, and another
    `EquipoiseError` where only this request or these weights cannot be used."""

    name: str
    """"vllm" or "hf"."""
    version: str
    """Version of that library."""
    max_length: int
    """Longest prompt plus answer, in tokens."""
    max_scored: int
    """Longest context plus continuation it can score; longer ones lose their beginning, as in lm-eval."""
    window: int
    """Tokens per window of a rolling log-likelihood, as in lm-eval."""

    def load(self, folder: str) -> None:
        """Replace the weights by those in `folder` (same architecture).

        Raises `ReloadError` where that failed or cannot be proven; the engine must then be closed. Raises `WeightsError` where
        the weights give NaN; other weights can be loaded after that.
        """

    def generate(self, prompts: Sequence[Sequence[int]], sampling: Sequence[Sampling], tick: Ticker = no_ticks) -> list[Generation]:
        """Continue every prompt; answers in the order of the prompts."""

    def score(self, requests: Sequence[ScoringRequest], tick: Ticker = no_ticks) -> list[list[Scored]]:
        """Score every continuation of every request, in their order."""

    def close(self) -> None:
        """Free memory and processes. Closing twice is fine."""
