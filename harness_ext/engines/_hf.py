"""transformers behind the engine protocol: the engine for machines and architectures without vLLM.

Batches are filled by length. Prompts are padded on the left, so that the positions that matter are the last ones and
the LM head runs over nothing else (`logits_to_keep`).
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Iterator, Sequence
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
from equipoise.harness_ext.errors import EngineError, EquipoiseError, MissingExtraError, ReloadError, WeightsError, first_line

_BATCH_TOKENS = {"cpu": 4096, "cuda": 65536}
"""Padded tokens of one forward pass: enough to keep the machine busy, few enough for its memory."""
_BATCH_LOGITS = 1024
"""Positions of one forward pass whose whole vocabulary is kept, where one row does not need more."""
_GENERATION_BATCH = {"cpu": 32, "cuda": 128}
_DEFAULT_MAX_LENGTH = 2048


class HfEngine:
    """A model of transformers in this process. Raises `EngineError` where it cannot be loaded."""

    name = "hf"

    def __init__(self, folder: str, config: EngineConfig):
        try:
            import torch
            import transformers
        except ImportError as error:
            raise MissingExtraError(f"the transformers engine needs {error.name}: pip install 'equipoise[hf]'") from error
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        if config.tensor_parallel_size > 1:
            raise EngineError("the transformers engine does not share a model between GPUs; use --engine vllm")
        self.version = transformers.__version__
        self._torch, self._transformers, self._config = torch, transformers, config
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(
                config.tokenizer or folder, trust_remote_code=config.trust_remote_code
            )
        except (OSError, ValueError) as error:
            raise EngineError(f"{config.tokenizer or folder}: its tokenizer cannot be loaded ({first_line(error)})") from error
        self._load(folder)
        limits = [getattr(self._model.config, n, None) for n in ("n_positions", "max_position_embeddings", "n_ctx")]
        self.max_length = config.max_model_len or next((int(n) for n in limits if n), _DEFAULT_MAX_LENGTH)
        self.max_scored = self.max_length + 1  # the last token of a continuation is never an input
        self.window = self.max_length

    def load(self, folder: str) -> None:
        """Load the model anew: `from_pretrained` is all there is to prove."""
        self.close()
        self._load(folder)

    def _load(self, folder: str) -> None:
        try:
            model = self._transformers.AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=self._config.dtype if self._config.dtype == "auto" else getattr(self._torch, self._config.dtype),
                trust_remote_code=self._config.trust_remote_code,
                **dict(self._config.options),
            )
        except Exception as error:
            raise ReloadError(f"{folder}: transformers could not load it ({first_line(error)})") from error
        self._model: Any = model.to(self._device).eval()
        self._stops = stop_token_ids(Path(folder), self._tokenizer)
        canary = ScoringRequest([5, 6, 7, 8], [[9]])
        if not math.isfinite(self.score([canary])[0][0].logprob):
            raise WeightsError(
                f"{folder}: the weights produce NaN: the checkpoint is damaged, or its numbers overflow in this dtype"
            )

    def generate(self, prompts: Sequence[Sequence[int]], sampling: Sequence[Sampling], tick: Ticker = no_ticks) -> list[Generation]:
        """Continue every prompt with `model.generate`, prompts with equal settings together."""
        answers: list[Generation | None] = [None] * len(prompts)
        alike: dict[tuple[Any, ...], list[int]] = {}
        for i, s in enumerate(sampling):
            alike.setdefault((s.max_tokens, s.stop, repr(sorted(s.options.items()))), []).append(i)
        for indices in alike.values():
            indices.sort(key=lambda i: -len(prompts[i]))
            size = _GENERATION_BATCH[self._device]
            for start in range(0, len(indices), size):
                batch = indices[start : start + size]
                began = time.monotonic()
                for i, answer in zip(batch, self._generate([prompts[i] for i in batch], sampling[batch[0]]), strict=True):
                    answers[i] = answer
                tokens = sum(a.tokens for a in (answers[i] for i in batch) if a)
                tick(len(batch), f"{tokens / (time.monotonic() - began):.0f} toks/s")
        return answers  # type: ignore[return-value]

    def score(self, requests: Sequence[ScoringRequest], tick: Ticker = no_ticks) -> list[list[Scored]]:
        """Score continuations; those of a context that differ in their last token only come out of one row."""
        rows: list[tuple[list[int], int, list[tuple[int, int]]]] = []  # input, log-probs needed at its end, what they answer
        for i, (context, continuations) in enumerate(requests):
            alike: dict[tuple[int, ...], list[tuple[int, int]]] = {}
            for j, continuation in enumerate(continuations):
                alike.setdefault(tuple(continuation[:-1]), []).append((i, j))
            rows += [([*context, *beginning], len(beginning) + 1, answers) for beginning, answers in alike.items()]
        scores: list[list[Scored]] = [[Scored(0.0, False)] * len(r.continuations) for r in requests]
        left = [len(r.continuations) for r in requests]
        for batch in self._batches(rows):
            logprobs = self._logprobs([row[0] for row in batch], max(row[1] for row in batch))
            for (_, needed, answers), table in zip(batch, logprobs, strict=True):
                best = table[-needed:].argmax(dim=-1).tolist()
                for i, j in answers:
                    tokens = list(requests[i].continuations[j])
                    picked = table[-needed:].gather(1, self._torch.tensor(tokens, device=table.device).unsqueeze(1))
                    scores[i][j] = Scored(float(picked.sum()), best == tokens)
                    left[i] -= 1
                    if not left[i]:
                        tick(1)
        return scores

    def close(self) -> None:
        """Free the model's memory."""
        self._model = None
        gc.collect()
        if self._device == "cuda":
            self._torch.cuda.empty_cache()

    def _batches(self, rows: Sequence[tuple[list[int], int, Any]]) -> Iterator[list[tuple[list[int], int, Any]]]:
        """Rows sorted by length, longest first, in batches of a bounded number of padded tokens."""
        room = _BATCH_TOKENS[self._device]
        batch: list[tuple[list[int], int, Any]] = []
        kept = 0
        for row in sorted(rows, key=lambda row: (-len(row[0]), row[0])):
            kept = max(kept, row[1])
            if batch and ((len(batch) + 1) * len(batch[0][0]) > room or (len(batch) + 1) * kept > _BATCH_LOGITS):
                yield batch
                batch, kept = [], row[1]
            batch.append(row)
        if batch:
            yield batch

    def _padded(self, prompts: Sequence[Sequence[int]]) -> dict[str, Any]:
        torch = self._torch
        width = max(map(len, prompts))
        pad = self._tokenizer.pad_token_id or 0
        ids = torch.tensor([[pad] * (width - len(p)) + list(p) for p in prompts])
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
        return {"input_ids": ids.to(self._device), "attention_mask": mask.to(self._device)}

    def _logprobs(self, prompts: Sequence[Sequence[int]], keep: int) -> Any:
        """Log-probs (batch, keep, vocabulary) of what follows the last `keep` positions of each prompt, in float32."""
        inputs = self._padded(prompts)
        positions = (inputs["attention_mask"].cumsum(-1) - 1).clamp(min=0)
        with self._memory(), self._torch.inference_mode():
            logits = self._model(**inputs, position_ids=positions, logits_to_keep=keep, use_cache=False).logits
            return logits.float().log_softmax(dim=-1)

    def _generate(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[Generation]:
        torch = self._torch
        inputs = self._padded(prompts)
        width = inputs["input_ids"].shape[1]
        options = dict(sampling.options)
        if sampling.greedy:
            options.pop("temperature", None)
        torch.manual_seed(self._config.seed + sampling.draw)
        texts = [s for s in sampling.stop if s and s != self._tokenizer.eos_token]
        stop = {"stop_strings": texts, "tokenizer": self._tokenizer} if texts else {}
        with self._memory(), torch.inference_mode():
            try:
                output = self._model.generate(
                    **inputs,
                    max_new_tokens=sampling.max_tokens,
                    do_sample=not sampling.greedy,
                    pad_token_id=self._tokenizer.pad_token_id or 0,
                    eos_token_id=self._stops,
                    **stop,
                    **options,
                )
            except (TypeError, ValueError) as error:
                raise EquipoiseError(f"transformers does not take these generation settings: {first_line(error)}") from error
        answers = []
        for row in output[:, width:].tolist():
            end = next((k for k, token in enumerate(row) if token in self._stops), None)
            kept = row[:end]
            text = self._tokenizer.decode(kept, skip_special_tokens=False, clean_up_tokenization_spaces=False)
            cut = min((at for s in sampling.stop if s and (at := text.find(s)) >= 0), default=len(text))
            truncated = end is None and len(row) == sampling.max_tokens and cut == len(text)
            answers.append(Generation(text[:cut], len(row) if end is None else end + 1, truncated))
        return answers

    def _memory(self) -> Any:
        return _OutOfMemory(self._torch)


class _OutOfMemory:
    """Turn CUDA's and Python's out-of-memory errors into one line."""

    def __init__(self, torch: Any):
        self._kinds = (torch.OutOfMemoryError, MemoryError)

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None and isinstance(error, self._kinds):
            raise EngineError(f"transformers ran out of memory: {first_line(error)}; give a smaller --max-model-len") from error
