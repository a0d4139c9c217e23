"""lm-eval's view of an engine: `lm_eval --model equipoise --model_args pretrained=…`, and what `equipoise score` runs.

    lm_eval --model equipoise --model_args pretrained=your/model,engine=vllm --tasks monetization45 --apply_chat_template

Text, chat templates, stop sequences and truncation follow lm-eval's own vLLM and transformers backends, so that scores
are comparable with theirs. Written for lm-eval 0.4.13.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
from lm_eval.api.instance import Instance
from lm_eval.api.model import TemplateLM
from lm_eval.models.utils import (
    _add_special_kwargs,
    handle_stop_sequences,
    has_bos_prefix,
    maybe_truncate,
    normalize_gen_kwargs,
    postprocess_generated_text,
)
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

from equipoise.harness_ext.engines import Engine, EngineConfig, Sampling, ScoringRequest, Ticker, no_ticks, open_engine
from equipoise.harness_ext.errors import EquipoiseError, WeightsError, first_line

log = logging.getLogger(__name__)

Pair = tuple[tuple[str, str] | None, list[int], list[int]]
"""lm-eval's request for a log-likelihood: the texts, the context's tokens, the continuation's tokens."""


class TextEncoder:
    """A tokenizer with lm-eval's conventions and a memory: texts of a series are tokenised once."""

    def __init__(self, tokenizer: Any, *, add_bos_token: bool | None = None, prefix_token_id: int | None = None):
        self.tokenizer = tokenizer
        self.add_bos_token = add_bos_token
        candidates = (prefix_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id)
        self.prefix_token_id = next((t for t in candidates if t is not None), None)
        """Stands before a text that has no context."""
        eos = tokenizer.decode(tokenizer.eos_token_id) if tokenizer.eos_token_id is not None else None
        self.eos_text: str | None = eos or tokenizer.eos_token
        self._prefix_text = None if self.prefix_token_id is None else tokenizer.decode(self.prefix_token_id)
        self._known: dict[tuple[str, bool | None], list[int]] = {}

    def encode(self, texts: Sequence[str], add_special_tokens: bool | None = None) -> list[list[int]]:
        """Tokens of each text. A text that already begins with the BOS token gets no second one."""
        new = list(dict.fromkeys(t for t in texts if t and (t, add_special_tokens) not in self._known))
        with_prefix = [t for t in new if has_bos_prefix(t, self._prefix_text)]
        without = [t for t in new if not has_bos_prefix(t, self._prefix_text)]
        given = _add_special_kwargs(add_special_tokens, self.add_bos_token)
        for group, options in ((with_prefix, given | {"add_special_tokens": False}), (without, given)):
            if group:
                encoded = self.tokenizer(group, return_attention_mask=False, **options).input_ids
                self._known.update(((t, add_special_tokens), ids) for t, ids in zip(group, encoded, strict=True))
        return [self._known[t, add_special_tokens] if t else [] for t in texts]

    def encode_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
        """(context, continuation) tokens of each pair; spaces at a context's end belong to its continuation."""
        moved = []
        for context, continuation in pairs:
            spaces = len(context) - len(context.rstrip())
            moved.append((context[: len(context) - spaces], context[len(context) - spaces :] + continuation))
        contexts = self.encode([c for c, _ in moved])
        wholes = self.encode([c + continuation for c, continuation in moved])
        encoded = []
        for (context, _), (_, continuation), head, whole in zip(moved, pairs, contexts, wholes, strict=True):
            if context:
                encoded.append((head, whole[len(head) :]))
                continue
            alone = self.encode([continuation], add_special_tokens=False)[0]
            if self.prefix_token_id is not None and alone[:1] != [self.prefix_token_id]:
                encoded.append(([self.prefix_token_id], alone))
            else:
                encoded.append((alone[:1], alone[1:]))
        return encoded


class EquipoiseLM(TemplateLM):  # type: ignore[misc]
    """An lm-eval language model on top of an engine."""

    def __init__(
        self,
        pretrained: str = "",
        engine: str | Engine = "auto",
        *,
        peft: str | None = None,
        encoder: TextEncoder | None = None,
        dtype: str = "bfloat16",
        max_model_len: int | None = None,
        max_length: int | None = None,
        max_gen_toks: int = 256,
        tensor_parallel_size: int = 1,
        seed: int = 1234,
        tokenizer: str | None = None,
        trust_remote_code: bool = False,
        add_bos_token: bool | None = None,
        prefix_token_id: int | None = None,
        enable_thinking: bool | None = None,
        think_end_token: str | None = None,
        chat_template_args: Mapping[str, Any] | None = None,
        truncation_side: str = "left",
        batch_size: int | str | None = None,
        max_batch_size: int | None = None,
        device: str | None = None,
        **options: Any,
    ):
        """Open `pretrained` (a folder or hub name), or use an engine that is already open together with its encoder.

        Other arguments mean what they mean for lm-eval's vLLM backend; `options` go to the engine's library. Batch
        size and device are the engine's business, and ignored.
        """
        super().__init__()
        if enable_thinking and think_end_token is None:
            raise EquipoiseError("enable_thinking=True needs think_end_token, e.g. think_end_token=</think>")
        if isinstance(engine, str):
            from equipoise.harness_ext.adapters import local_model

            config = EngineConfig(
                dtype=dtype,
                max_model_len=max_model_len or max_length,
                tensor_parallel_size=int(tensor_parallel_size),
                seed=int(seed),
                trust_remote_code=trust_remote_code,
                tokenizer=tokenizer,
                options=options,
            )
            with local_model(pretrained, peft, trust_remote_code=trust_remote_code) as folder:
                engine = open_engine(engine, str(folder), config)
                encoder = TextEncoder(
                    load_tokenizer(tokenizer or str(folder), trust_remote_code),
                    add_bos_token=add_bos_token,
                    prefix_token_id=prefix_token_id,
                )
            self.tick: Ticker | None = None
        else:
            self.tick = no_ticks
        assert encoder is not None
        self.engine = engine
        self.encoder = encoder
        self.tokenizer = encoder.tokenizer
        self.max_gen_toks = int(max_gen_toks)
        self._enable_thinking = enable_thinking
        self._think_end_token = think_end_token
        self._chat_template_args = dict(chat_template_args or {})
        self._truncation_side = truncation_side

    @property
    def eot_token_id(self) -> int:
        """End of text."""
        return int(self.tokenizer.eos_token_id)

    @property
    def prefix_token_id(self) -> int:
        """Stands before a text that has no context."""
        assert self.encoder.prefix_token_id is not None
        return self.encoder.prefix_token_id

    @property
    def max_length(self) -> int:
        """Longest prompt plus answer, in tokens."""
        return self.engine.max_length

    @property
    def tokenizer_name(self) -> str:
        """For lm-eval's caches."""
        return str(self.tokenizer.name_or_path).replace("/", "__")

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **kwargs: Any) -> list[int]:
        """Tokens of one text."""
        return self.encoder.encode([string], add_special_tokens)[0]

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """A conversation as the text this model was trained on; a system role that the template refuses is left out."""
        options = dict(self._chat_template_args)
        if self._enable_thinking is not None:
            options["enable_thinking"] = self._enable_thinking

        def render(messages: list[dict[str, str]]) -> str:
            return str(
                self.tokenizer.apply_chat_template(
                    messages,
                    tokenize=False,
                    add_generation_prompt=add_generation_prompt,
                    continue_final_message=not add_generation_prompt,
                    **options,
                )
            )

        try:
            return render(chat_history)
        except jinja2.exceptions.TemplateError:
            log.warning("the chat template refuses a system role: it is left out")
            return render([m for m in chat_history if m["role"] != "system"])

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answers to prompts, cut at their stop sequences and, for thinking models, after the thinking."""
        texts = [request.args[0] for request in requests]
        prompts, sampling, stops = [], [], []
        for i, (request, tokens) in enumerate(zip(requests, self.encoder.encode(texts), strict=True)):
            options = normalize_gen_kwargs(request.args[1], default_max_gen_toks=self.max_gen_toks)
            until = handle_stop_sequences(options.pop("until", None), eos=self.encoder.eos_text)
            limit = int(options.pop("max_gen_toks"))
            options.pop("do_sample", None)
            if limit >= self.max_length:
                raise EquipoiseError(
                    f"max_gen_toks={limit} leaves no room for the prompt: the model's length is {self.max_length} tokens"
                )
            tokens, limit = maybe_truncate(
                tokens, max_gen_toks=limit, max_model_len=self.max_length, side=self._truncation_side, verbose=True
            )
            # a stop sequence of the task may well occur inside the thinking, so it is applied afterwards
            stop = [s for s in until if s == self.encoder.eos_text] if self._think_end_token else until
            prompts.append(tokens)
            sampling.append(Sampling(max_tokens=limit, stop=tuple(s for s in stop if s), options=options, draw=i))
            stops.append(until)
        with _Bar(len(requests), "generate_until", self.tick, disable_tqdm) as tick:
            answers = self.engine.generate(prompts, sampling, tick)
        cut = [postprocess_generated_text(a.text, u, self._think_end_token) for a, u in zip(answers, stops, strict=True)]
        for request, text in zip(requests, cut, strict=True):
            self.cache_hook.add_partial("generate_until", request.args, text)
        return cut

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """(log-probability, greedy) of each continuation after its context."""
        if self._enable_thinking:
            raise EquipoiseError("enable_thinking=True does not fit tasks that compare log-likelihoods: leave it out for them")
        pairs = [request.args for request in requests]
        encoded = self.encoder.encode_pairs(pairs)
        return self._loglikelihood_tokens([(p, *e) for p, e in zip(pairs, encoded, strict=True)], disable_tqdm=disable_tqdm)

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """Log-probability of each whole text, in windows that do not overlap."""
        windows: list[Pair] = []
        owner: list[int] = []
        for i, tokens in enumerate(self.encoder.encode([request.args[0] for request in requests])):
            for window in get_rolling_token_windows(tokens, self.prefix_token_id, self.engine.window, context_len=1):
                windows.append((None, *make_disjoint_window(window)))
                owner.append(i)
        totals = [0.0] * len(requests)
        for i, (logprob, _) in zip(owner, self._loglikelihood_tokens(windows, disable_tqdm=disable_tqdm), strict=True):
            totals[i] += logprob
        for request, total in zip(requests, totals, strict=True):
            self.cache_hook.add_partial("loglikelihood_rolling", request.args, total)
        return totals

    def _loglikelihood_tokens(self, requests: list[Pair], disable_tqdm: bool = False, **ignored: Any) -> list[tuple[float, bool]]:
        grouped, where = group_by_context(requests, self.engine.max_scored)
        with _Bar(len(grouped), "loglikelihood", self.tick, disable_tqdm) as tick:
            scores = self.engine.score(grouped, tick)
        answers = [tuple(scores[i][j]) if i >= 0 else (0.0, True) for i, j in where]
        if any(math.isnan(logprob) for logprob, _ in answers):
            raise WeightsError("a log-probability is NaN: the checkpoint is damaged, or its numbers overflow in this dtype")
        for (texts, _, _), answer in zip(requests, answers, strict=True):
            if texts is not None:
                self.cache_hook.add_partial("loglikelihood", texts, answer)
        return answers  # type: ignore[return-value]


def group_by_context(pairs: Sequence[Pair], max_scored: int) -> tuple[list[ScoringRequest], list[tuple[int, int]]]:
    """One request per distinct context, sorted so that contexts with the same beginning are neighbours.

    Also returns, per pair, (request, continuation) of its answer; (-1, 0) for an empty continuation. A pair longer than
    `max_scored` tokens loses its beginning. Equal continuations of a context are scored once.
    """
    groups: dict[tuple[int, ...], dict[tuple[int, ...], int]] = {}
    keys: list[tuple[tuple[int, ...], tuple[int, ...]] | None] = []
    for _, context, continuation in pairs:
        cut = max(0, len(context) + len(continuation) - max_scored)
        if not continuation:
            keys.append(None)
            continue
        if cut >= len(context):
            raise EquipoiseError(
                f"a continuation of {len(continuation)} tokens does not fit: at most {max_scored - 1} can be scored after a context"
            )
        key = (tuple(context[cut:]), tuple(continuation))
        group = groups.setdefault(key[0], {})
        group.setdefault(key[1], len(group))
        keys.append(key)
    order = sorted(groups)
    index = {context: i for i, context in enumerate(order)}
    requests = [ScoringRequest(context, list(groups[context])) for context in order]
    return requests, [(index[k[0]], groups[k[0]][k[1]]) if k else (-1, 0) for k in keys]


def load_tokenizer(folder: str, trust_remote_code: bool = False) -> Any:
    """The tokenizer in a model folder. Raises `EquipoiseError` where there is none."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code)
    except (OSError, ValueError) as error:
        raise EquipoiseError(f"{folder}: its tokenizer cannot be loaded ({first_line(error)})") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


class _Bar:
    """A progress bar of lm-eval's kind where no ticker is given."""

    def __init__(self, total: int, title: str, tick: Ticker | None, disable: bool):
        self._tick, self._bar = tick, None
        if tick is None:
            from tqdm import tqdm

            self._bar = tqdm(total=total, desc=f"Running {title} requests", disable=disable)

    def __enter__(self) -> Ticker:
        return self._tick or self._advance

    def _advance(self, done: int, speed: str = "") -> None:
        assert self._bar is not None
        self._bar.set_postfix_str(speed, refresh=False)
        self._bar.update(done)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
