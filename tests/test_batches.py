"""Batches and gradients: padding, packing and masks change nothing that they should not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from equipoise.train.attention import register
from equipoise.train.batches import Steps, make_batch, split
from equipoise.train.encode import Encoded, Example
from equipoise.train.loss import predicted_logits, token_kl, token_losses
from equipoise.train.mix import Mixer, StageMix

NUMBERS = {"s": 0, "t": 1}


def example(seed: int, length: int, answers: list[tuple[int, int]], source: str = "s") -> Example:
    generator = np.random.default_rng(seed)
    trained = np.zeros(length, dtype=bool)
    for begin, end in answers:
        trained[begin:end] = True
    return Example(generator.integers(5, 400, length).astype(np.int32), trained, source)


EXAMPLES = [
    example(1, 17, [(5, 9), (12, 15)]),
    example(2, 30, [(20, 30)], "t"),
    example(3, 6, [(1, 6)]),
    example(4, 12, [(3, 4)]),
]


SHAPE = {
    "vocab_size": 400,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.2,
}


@pytest.fixture(scope="module")
def model() -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    return LlamaForCausalLM(LlamaConfig(**SHAPE))


def gradients(model: Any, examples: list[Example], *, packed: bool) -> torch.Tensor:
    """All gradients of the summed loss as one vector."""
    model.config._attn_implementation = register() if packed else "sdpa"
    model.zero_grad()
    batch = make_batch(examples, NUMBERS, packed=packed)
    token_losses(predicted_logits(model, model, batch), batch.targets).sum().backward()
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def labelled_gradients(model: Any, examples: list[Example]) -> torch.Tensor:
    """The same by transformers' own loss over labels, one example at a time."""
    model.config._attn_implementation = "sdpa"
    model.zero_grad()
    for one in examples:
        ids = torch.from_numpy(one.ids.astype("int64"))[None]
        labels = torch.where(torch.from_numpy(one.trained)[None], ids, -100)
        (model(input_ids=ids, labels=labels).loss * int(one.trained.sum())).backward()
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


def test_padded_packed_and_single_gradients_agree(model: Any) -> None:
    reference = labelled_gradients(model, EXAMPLES)
    assert relative(gradients(model, EXAMPLES, packed=False), reference) < 1e-4
    assert relative(gradients(model, EXAMPLES, packed=True), reference) < 1e-4


def test_the_loss_has_no_gradient_at_any_other_position(model: Any) -> None:
    """Flip the label of a prompt token: nothing changes, because no gradient reaches the logits that would predict it."""
    model.config._attn_implementation = "sdpa"
    batch = make_batch(EXAMPLES, NUMBERS, packed=False)
    logits = model(input_ids=batch.input_ids).logits
    logits.retain_grad()
    token_losses(logits.flatten(0, 1)[batch.predicting], batch.targets).sum().backward()
    assert logits.grad is not None
    touched = logits.grad.abs().sum(-1) > 0
    expected = torch.zeros_like(touched)
    for row, one in enumerate(EXAMPLES):
        expected[row, one.trained.nonzero()[0] - 1] = True
    assert torch.equal(touched, expected)


def test_tokens_after_the_last_answer_change_no_gradient(model: Any) -> None:
    before = gradients(model, EXAMPLES, packed=False)
    ids = EXAMPLES[0].ids.copy()
    ids[15:] = 7
    after = gradients(model, [Example(ids, EXAMPLES[0].trained, "s"), *EXAMPLES[1:]], packed=False)
    assert relative(after, before) < 1e-6
    ids[14] = 9  # the last trained token: now it must change
    assert relative(gradients(model, [Example(ids, EXAMPLES[0].trained, "s"), *EXAMPLES[1:]], packed=False), before) > 1e-3


def test_packed_documents_do_not_see_each_other(model: Any) -> None:
    """Gradients of a packed row are the sum of those of its documents, whatever stands beside them."""
    alone = sum(gradients(model, [one], packed=True) for one in EXAMPLES[1:])
    silent = Example(EXAMPLES[0].ids, np.zeros(17, dtype=bool), "s")
    assert relative(gradients(model, [silent, *EXAMPLES[1:]], packed=True), alone) < 1e-4


def test_a_sliding_window_is_kept_when_packed() -> None:
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(2)
    model = MistralForCausalLM(MistralConfig(**SHAPE, sliding_window=6))
    assert relative(gradients(model, EXAMPLES, packed=True), labelled_gradients(model, EXAMPLES)) < 1e-4


def test_groups_hold_what_fits(model: Any) -> None:
    padded = split(EXAMPLES, 40, packed=False)
    assert [[len(e.ids) for e in group] for group in padded] == [[30], [17, 12], [6]]
    packed = split(EXAMPLES, 40, packed=True)
    assert [[len(e.ids) for e in group] for group in packed] == [[30], [17, 12, 6]]
    assert [len(group) for group in split(EXAMPLES, 5, packed=True)] == [1, 1, 1, 1]


def test_processes_share_a_step_whole() -> None:
    """Two processes and one see the same examples, in batches of equal number."""
    encoded = {name: store(name, seed, count) for name, seed, count in (("s", 1, 60), ("t", 2, 90))}
    mixer = Mixer({n: e.trained_tokens() for n, e in encoded.items()}, [StageMix("x", 600, {"s": 0.3, "t": 0.7})], 60, 1)
    one = Steps(mixer, encoded, 64, packed=True)
    two = [Steps(mixer, encoded, 64, packed=True, rank=rank, world=2) for rank in (0, 1)]
    for step in range(len(one)):
        alone, parts = one[step], [part[step] for part in two]
        assert len(parts[0]["batches"]) == len(parts[1]["batches"])
        together = sorted(t for part in parts for b in part["batches"] for t in b.targets.tolist())
        assert together == sorted(t for b in alone["batches"] for t in b.targets.tolist())
        assert all(torch.equal(part["trained"], alone["trained"]) for part in parts)
        assert int(alone["trained"].sum()) == len(together)


def store(name: str, seed: int, count: int) -> Encoded:
    examples = [example(seed * 1000 + i, 8 + i % 13, [(3, 7)], name) for i in range(count)]
    starts = np.concatenate([[0], np.cumsum([len(e.ids) for e in examples])])
    ids, trained = (np.concatenate([getattr(e, part) for e in examples]) for part in ("ids", "trained"))
    return Encoded(name, ids, trained, starts, np.arange(0), np.arange(count), np.arange(count, dtype=np.uint64), {}, "")


def test_kl_of_a_distribution_to_itself_is_zero() -> None:
    logits = torch.randn(5, 40)
    assert token_kl(torch.log_softmax(logits, -1), logits).abs().max() < 1e-6
    other = token_kl(torch.log_softmax(logits, -1), torch.randn(5, 40))
    assert (other > 0).all()
