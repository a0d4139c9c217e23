"""lm-eval's view of an engine: tokens, prompts, stop sequences and truncation as its own backends have them."""

import math
from types import SimpleNamespace

import pytest
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import AutoTokenizer

from equipoise.harness_ext.engines import Generation, Scored
from equipoise.harness_ext.errors import EquipoiseError, WeightsError
from equipoise.harness_ext.lm import EquipoiseLM, TextEncoder, group_by_context, load_tokenizer


class ScriptedEngine:
    """Answers from a list and remembers what it was asked; scores by a function."""

    name, version, max_length, max_scored, window = "scripted", "1", 64, 63, 16

    def __init__(self, answers=(), logprob=lambda context, continuation: -float(len(continuation))):
        self.answers, self.logprob = list(answers), logprob
        self.prompts, self.sampling, self.requests = [], [], []

    def generate(self, prompts, sampling, tick):
        self.prompts += prompts
        self.sampling += sampling
        tick(len(prompts))
        return [Generation(self.answers.pop(0), 3, False) for _ in prompts]

    def score(self, requests, tick):
        self.requests += requests
        return [[Scored(self.logprob(c, k), False) for k in continuations] for c, continuations in requests]


@pytest.fixture(scope="module")
def tokenizer(smollm2):
    return load_tokenizer(str(smollm2))


@pytest.fixture(scope="module")
def reference(smollm2):
    """lm-eval's transformers backend, for its tokens."""
    return HFLM(pretrained=str(smollm2), device="cpu", dtype="bfloat16")


def ask(kind, *arguments):
    return [Instance(kind, {}, a, i) for i, a in enumerate(arguments)]


def lm_of(engine, tokenizer, **options):
    lm = EquipoiseLM(engine=engine, encoder=TextEncoder(tokenizer), **options)
    return lm


PAIRS = [
    ("The shop sold", " ten mugs"),
    ("Answer: ", "A"),
    ("Two spaces  ", "then this"),
    ("", "no context at all"),
    ("", "<|im_start|>starts with the prefix token"),
    ("<|im_start|>already begins with it", " yes"),
    ("Zeile\n\n", "\nnächste"),
]


def test_pairs_are_tokenised_as_lm_eval_does(tokenizer, reference):
    seen = []
    reference._loglikelihood_tokens = lambda requests, **_: seen.extend(requests) or [(0.0, True)] * len(requests)
    reference.loglikelihood(ask("loglikelihood", *PAIRS), disable_tqdm=True)
    assert TextEncoder(tokenizer).encode_pairs(PAIRS) == [(context, continuation) for _, context, continuation in seen]


def test_an_encoder_tokenises_a_text_once(tokenizer):
    calls = []
    counting = SimpleNamespace(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        eos_token=tokenizer.eos_token,
        decode=tokenizer.decode,
    )

    class Counting(SimpleNamespace):
        def __call__(self, texts, **options):
            calls.extend(texts)
            return tokenizer(texts, **options)

    encoder = TextEncoder(Counting(**vars(counting)))
    encoder.encode(["a b", "c", "a b"])
    encoder.encode(["c", "a b", "d"])
    assert sorted(calls) == ["a b", "c", "d"]


def test_one_request_per_context_and_each_continuation_once():
    pairs = [(None, [1, 2], [3]), (None, [9], [4, 4]), (None, [1, 2], [5]), (None, [1, 2], [3]), (None, [1], [])]
    requests, where = group_by_context(pairs, 100)
    assert [(list(c), [list(k) for k in ks]) for c, ks in requests] == [([1, 2], [[3], [5]]), ([9], [[4, 4]])]
    assert where == [(0, 0), (1, 0), (0, 1), (0, 0), (-1, 0)]


def test_a_long_context_loses_its_beginning():
    requests, _ = group_by_context([(None, list(range(10)), [90, 91])], 6)
    assert requests[0].context == (6, 7, 8, 9)
    with pytest.raises(EquipoiseError, match="a continuation of 7 tokens does not fit"):
        group_by_context([(None, [1], [2] * 7)], 7)


def test_answers_are_cut_at_stop_sequences(tokenizer):
    engine = ScriptedEngine(["It is 5.\n\nNext", "It is 6.<|im_end|>"])
    lm = lm_of(engine, tokenizer)
    settings = {"until": ["\n\n"], "max_gen_toks": 9, "temperature": 0.7, "do_sample": True, "top_p": 0.9}
    assert lm.generate_until(ask("generate_until", ("Q1", settings), ("Q2", settings))) == ["It is 5.", "It is 6."]
    first, second = engine.sampling
    assert (first.max_tokens, first.stop, first.options) == (9, ("\n\n", "<|im_end|>"), {"temperature": 0.7, "top_p": 0.9})
    assert not first.greedy
    assert (first.draw, second.draw) == (0, 1)


def test_a_thinking_model_may_think_past_a_stop_sequence(tokenizer):
    engine = ScriptedEngine(["<think>first\n\nsecond</think>  The answer.\n\nMore"])
    lm = lm_of(engine, tokenizer, think_end_token="</think>", enable_thinking=True)
    assert lm.generate_until(ask("generate_until", ("Q", {"until": ["\n\n"], "max_gen_toks": 9}))) == ["The answer."]
    assert engine.sampling[0].stop == ("<|im_end|>",)
    with pytest.raises(EquipoiseError, match="enable_thinking=True does not fit tasks that compare log-likelihoods"):
        lm.loglikelihood(ask("loglikelihood", ("a", " b")))
    with pytest.raises(EquipoiseError, match="needs think_end_token"):
        lm_of(engine, tokenizer, enable_thinking=True)


def test_a_long_prompt_keeps_its_end_and_room_for_the_answer(tokenizer):
    engine = ScriptedEngine(["x"])
    lm = lm_of(engine, tokenizer)
    prompt = "one two three four five six seven eight nine ten " * 10
    lm.generate_until(ask("generate_until", (prompt, {"max_gen_toks": 20})))
    assert engine.prompts[0] == tokenizer(prompt).input_ids[-44:]
    with pytest.raises(EquipoiseError, match="max_gen_toks=64 leaves no room for the prompt"):
        lm.generate_until(ask("generate_until", (prompt, {"max_gen_toks": 64})))


def test_rolling_windows_cover_a_text_once(tokenizer):
    engine = ScriptedEngine()
    text = "many words in one long text " * 10
    (total,) = lm_of(engine, tokenizer).loglikelihood_rolling(ask("loglikelihood_rolling", (text,)))
    assert -total == len(tokenizer(text).input_ids)
    assert all(len(r.context) + len(k) <= 17 for r in engine.requests for k in r.continuations)


def test_nan_is_an_error_and_never_a_score(tokenizer):
    lm = lm_of(ScriptedEngine(logprob=lambda *_: math.nan), tokenizer)
    with pytest.raises(WeightsError, match="a log-probability is NaN"):
        lm.loglikelihood(ask("loglikelihood", ("a", " b")))


def test_chat_template_and_a_system_role_it_refuses(tokenizer, smollm2):
    lm = lm_of(ScriptedEngine(), tokenizer)
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert lm.apply_chat_template(chat) == tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    strict = AutoTokenizer.from_pretrained(smollm2)
    strict.chat_template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ m.content }}{% endfor %}"
    )
    assert lm_of(ScriptedEngine(), strict).apply_chat_template(chat) == "Hi"
