"""Tokens and masks: what is trained on is the answer and its end of turn, nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.harness_ext.errors import DataError
from equipoise.train.config import Source, TrainConfig
from equipoise.train.encode import Encoder, encode_source, hold_out, marked
from equipoise.train.rows import Row

MARKED = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}"
    "{% else %}{{ m.content }}<|im_end|>{% endif %}\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TALK = (
    {"role": "user", "content": "Name a prime."},
    {"role": "assistant", "content": "Seven. 日本 é"},
    {"role": "user", "content": "Another?"},
    {"role": "assistant", "content": "Eleven."},
)


@pytest.fixture(scope="session")
def tokenizer(smollm2: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(smollm2)


def config(**changes: Any) -> TrainConfig:
    return TrainConfig(model="m", output=Path("out"), sources={"s": Source(data="x")}, **changes)


def encode(tokenizer: Any, row: Row, **changes: Any) -> tuple[Any, bool]:
    encoder = Encoder(tokenizer, config(**changes), {tokenizer.eos_token_id})
    [(_, example, truncated)] = encoder.encode(iter([row]))
    return example, truncated


def test_every_answer_with_its_end_and_nothing_else(tokenizer: Any) -> None:
    example, _ = encode(tokenizer, Row(messages=TALK))
    text = marked(example, tokenizer)
    assert "<|im_start|>user\nName a prime.<|im_end|>\n<|im_start|>assistant\n[Seven. 日本 é<|im_end|>]\n<|im_start|>user" in text
    assert text.endswith("<|im_start|>assistant\n[Eleven.<|im_end|>]\n")
    assert text.count("[") == 2
    whole = tokenizer.apply_chat_template(list(TALK), tokenize=True, return_dict=False)
    assert example.ids.tolist() == whole


def test_a_template_with_generation_marks_says_it_itself(tokenizer: Any, tmp_path: Path) -> None:
    template = tmp_path / "marked.jinja"
    template.write_text(MARKED)
    own = tokenizer.__class__.from_pretrained(tokenizer.name_or_path)
    example, _ = encode(own, Row(messages=TALK), chat_template=template)
    assert marked(example, own).count("<|im_end|>]") == 2
    template.write_text(MARKED.replace("<|im_end|>{% endgeneration %}", "{% endgeneration %}<|im_end|>"))
    with pytest.raises(DataError, match=r"not with an end-of-turn token .*so the model would never learn to stop"):
        encode(own, Row(messages=TALK, place="f line 1"), chat_template=template)
    with pytest.raises(DataError, match=r"at which this model does not stop .*add 2 to eos_token_id"):
        list(Encoder(tokenizer, config(), {0}).encode(iter([Row(messages=TALK, place="f line 1")])))


def test_texts_are_trained_on_whole_and_end(tokenizer: Any) -> None:
    example, _ = encode(tokenizer, Row(text="Once upon a time"))
    assert marked(example, tokenizer) == "Once[ upon a time<|im_end|>]"  # nothing predicts the first token
    joined, _ = encode(tokenizer, Row(prompt="2 + 2 =", text=" 4"))
    assert marked(joined, tokenizer) == "2 + 2 =[ 4<|im_end|>]"


def test_too_long_is_truncated_dropped_or_an_error(tokenizer: Any) -> None:
    row = Row(messages=(TALK[0], {"role": "assistant", "content": "word " * 100}), place="f line 9")
    example, truncated = encode(tokenizer, row, max_length=60)
    assert (len(example.ids), truncated) == (60, True)
    assert encode(tokenizer, row, max_length=60, too_long="drop") == (None, False)
    assert encode(tokenizer, row, max_length=12)[0] is None  # nothing left to train on
    with pytest.raises(DataError, match=r"f line 9: 1.. tokens, max_length is 60: raise it, or set too_long"):
        encode(tokenizer, row, max_length=60, too_long="error")


def test_without_a_chat_template(tokenizer: Any) -> None:
    bare = tokenizer.__class__.from_pretrained(tokenizer.name_or_path)
    bare.chat_template = None
    with pytest.raises(DataError, match="f line 1: the model has no chat template: give chat_template"):
        encode(bare, Row(messages=TALK, place="f line 1"))


def test_a_template_that_rewrites_earlier_turns_is_refused(tokenizer: Any) -> None:
    own = tokenizer.__class__.from_pretrained(tokenizer.name_or_path)
    own.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content if loop.last else m.content|upper }}\n{% endfor %}"
    with pytest.raises(DataError, match="writes turn 2 differently when more follows"):
        encode(own, Row(messages=TALK))


def test_the_cache_holds_out_equal_rows_together(tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    data = tmp_path / "data.jsonl"
    data.write_text("".join(f'{{"prompt": "Count to {i % 30}.", "completion": "{list(range(i % 30 + 1))}"}}\n' for i in range(60)))
    settings = config()
    source = Source(data=str(data))

    def load() -> Any:
        encoded = encode_source("s", source, settings, Encoder(tokenizer, settings, {tokenizer.eos_token_id}), "key")
        return hold_out({"s": encoded}, 11)["s"]

    first = load()
    assert (len(first.kept), len(first.held_out)) == (50, 10)  # five rows, each there twice: a sixth would be too many
    other = replace(first, name="t")
    both = hold_out({"s": first, "t": other}, 4)
    assert len(both["s"].held_out) == len(both["t"].held_out) == 4  # the same rows in both
    assert not {tuple(first[i].ids) for i in first.kept} & {tuple(first[i].ids) for i in first.held_out}
    assert first.counts == {"rows": 60, "truncated": 0, "dropped": 0}
    assert first.trained_tokens().tolist() == [int(first[i].trained.sum()) for i in first.kept]
    monkeypatch.setattr(Encoder, "encode", lambda *_: pytest.fail("encoded again"))
    again = load()
    assert np.array_equal(first.ids, again.ids)
    assert len(list((tmp_path / "cache" / "encoded").iterdir())) == 1


def test_an_empty_source(tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data.jsonl").write_text("\n")
    encoder = Encoder(tokenizer, config(), {tokenizer.eos_token_id})
    with pytest.raises(DataError, match="source s: it is empty"):
        encode_source("s", Source(data=str(tmp_path / "data.jsonl")), config(), encoder, "key")
