"""The mixer: exact shares, every example once an epoch, any step on its own."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from equipoise.train.mix import Mixer, StageMix, Stream

SHARES = {"domain": 0.2, "general": 0.7, "safety": 0.1}


def lengths(seed: int = 0) -> dict[str, list[int]]:
    generator = np.random.default_rng(seed)
    sizes = {"domain": (300, 90), "general": (900, 160), "safety": (120, 40)}
    return {name: (1 + generator.poisson(mean, count)).tolist() for name, (count, mean) in sizes.items()}


def one_stage(tokens: int = 120_000, seed: int = 3) -> Mixer:
    return Mixer(lengths(), [StageMix("train", tokens, SHARES)], 1_000, seed)


def test_every_step_is_within_half_an_example_of_its_shares() -> None:
    """Of the plan; and of the tokens really seen within one longest example, at every step."""
    trained = lengths()
    mixer = one_stage()
    longest = {name: max(counts) for name, counts in trained.items()}
    seen = Counter[str]()
    for step in range(mixer.steps):
        for drawn in mixer.step(step):
            seen[drawn.source] += trained[drawn.source][drawn.index]
        planned, total = 120_000 * (step + 1) / mixer.steps, sum(seen.values())
        for name, share in SHARES.items():
            assert abs(seen[name] - share * planned) <= longest[name] / 2
            assert abs(seen[name] - share * total) <= max(longest.values())
        assert mixer.seen(step + 1) == seen
    assert mixer.steps == 120


def test_shares_are_exact_to_a_thousandth_over_a_thousand_longest_examples() -> None:
    trained = lengths()
    tokens = 1_000 * max(max(counts) for counts in trained.values())
    seen = one_stage(tokens).seen(round(tokens / 1_000))
    for name, share in SHARES.items():
        assert seen[name] / sum(seen.values()) == pytest.approx(share, abs=0.001)


def test_an_epoch_holds_every_example_once_and_the_next_has_another_order() -> None:
    mixer = one_stage()
    orders: dict[int, list[int]] = {}
    for step in range(mixer.steps):
        for drawn in mixer.step(step):
            if drawn.source == "safety":
                orders.setdefault(drawn.epoch, []).append(drawn.index)
    assert len(orders) > 2
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(120))
    assert orders[0] != orders[1] != orders[2]
    assert mixer.passes(mixer.steps)["safety"] == pytest.approx(12_000 / sum(lengths()["safety"]), abs=0.01)


def test_a_step_does_not_depend_on_the_steps_before() -> None:
    walked = one_stage()
    steps = [walked.step(step) for step in range(walked.steps)]
    for step in (119, 0, 57, 58, 3):
        assert one_stage().step(step) == steps[step]


def test_seeds_and_sources_have_orders_of_their_own() -> None:
    assert one_stage(seed=3).step(0) != one_stage(seed=4).step(0)
    first, second = Stream("a", [1] * 50, 1), Stream("b", [1] * 50, 1)
    assert [first.at(k) for k in range(50)] != [second.at(k) for k in range(50)]


def test_a_later_stage_goes_on_in_the_data() -> None:
    """General, then domain with replay: the replay shows general examples that were not shown before."""
    trained = {"domain": [10] * 1_000, "general": [10] * 2_000}
    stages = [StageMix("general", 10_000, {"general": 1.0}), StageMix("domain", 8_000, {"domain": 0.9, "general": 0.1})]
    mixer = Mixer(trained, stages, 500, 1)
    assert mixer.steps == 20 + 16
    assert mixer.stage(19)[0].name == "general"
    assert mixer.stage(20)[:2] == (stages[1], 0)
    drawn = [d for step in range(mixer.steps) for d in mixer.step(step) if d.source == "general"]
    assert len(drawn) == 1_000 + 80
    assert len({d.index for d in drawn}) == len(drawn)
    assert mixer.seen(20) == {"domain": 0, "general": 10_000}
    assert mixer.seen(36) == {"domain": 7_200, "general": 10_800}


def test_stages_do_not_drift() -> None:
    """The bound holds for the sum over stages, too."""
    trained = lengths()
    stages = [StageMix(str(n), 3_000 + 777 * n, SHARES if n % 2 else {"general": 0.5, "safety": 0.5}) for n in range(12)]
    mixer = Mixer(trained, stages, 700, 5)
    seen = mixer.seen(mixer.steps)
    for name, due in mixer.due.items():
        assert abs(seen[name] - due) <= max(trained[name]) / 2
    drawn = Counter(d.source for step in range(mixer.steps) for d in mixer.step(step) for _ in range(trained[d.source][d.index]))
    assert drawn == seen
    assert mixer.empty_step() is None


def test_examples_longer_than_a_step_are_drawn_once() -> None:
    mixer = Mixer({"a": [700, 900, 800]}, [StageMix("train", 2_400, {"a": 1.0})], 100, 1)
    drawn = [d.index for step in range(mixer.steps) for d in mixer.step(step)]
    assert sorted(drawn) == [0, 1, 2]
    assert mixer.empty_step() == 0


def test_an_example_without_a_trained_token_is_refused() -> None:
    with pytest.raises(ValueError, match="source a: every example needs a trained token"):
        Stream("a", [3, 0], 1)
