"""Does what is called 95 % hold 95 %? With fixed seeds, through the public functions; 10,000 replicates where not said otherwise."""

import numpy as np
import pytest

from equipoise.harness_ext.stats import (
    bootstrap_interval,
    clustered_mean,
    forgetting,
    holm,
    mcnemar,
    mean_of_tasks,
    minimum_detectable_effect,
    non_inferiority,
    paired_difference,
    planned_power,
    rank_intervals,
    sign_flip,
    variance_components,
)

REPLICATES = 10_000
QUESTIONS, PHRASINGS = 45, 3
QUESTION = np.repeat(np.arange(QUESTIONS), PHRASINGS).tolist()


def answers(rng, replicates, zero_share, effect=0.0):
    """(replicates, 2, 135) scores of two checkpoints: skewed, in tenths, `zero_share` of the questions beyond both."""
    skill = rng.beta(0.9, 2.2, (replicates, 1, QUESTIONS, 1))
    shift = rng.normal(0, 0.08, (replicates, 2, QUESTIONS, 1))
    noise = rng.normal(0, 0.12, (replicates, 2, QUESTIONS, PHRASINGS))
    scores = np.round(np.clip(skill + shift + noise + np.array([0.0, effect])[None, :, None, None], 0, 1), 1)
    reachable = rng.random((replicates, 1, QUESTIONS, 1)) >= zero_share
    return (scores * reachable).reshape(replicates, 2, QUESTIONS * PHRASINGS)


@pytest.mark.parametrize("zero_share", [0.0, 0.3, 0.5])
def test_intervals_cover(zero_share):
    """Mean and paired difference; where under 30 % of the questions are above zero it must be said instead."""
    rng = np.random.default_rng(20261122)
    sample = answers(rng, REPLICATES, zero_share, effect=0.1)
    true_mean, true_difference = sample[:, 1].mean(), (sample[:, 1] - sample[:, 0]).mean()
    means = [clustered_mean(b, QUESTION) for _, b in sample]
    pairs = [clustered_mean(b - a, QUESTION) for a, b in sample]
    trusted = [m.low <= true_mean <= m.high for m in means if m.informative]
    assert len(trusted) > 0.95 * REPLICATES
    assert 0.93 <= np.mean(trusted) <= 0.97
    assert 0.93 <= np.mean([p.low <= true_difference <= p.high for p in pairs]) <= 0.97


def test_too_few_informative_questions_is_said():
    rng = np.random.default_rng(1)
    for a, b in answers(rng, 200, zero_share=0.9):
        if np.mean((a + b).reshape(QUESTIONS, PHRASINGS).max(axis=1) > 0) < 0.3:
            assert not paired_difference(a, b, QUESTION, draws=100).informative


def test_the_bootstrap_covers():
    rng = np.random.default_rng(3)
    sample = answers(rng, 1_500, 0.3, effect=0.1)
    truth = (sample[:, 1] - sample[:, 0]).mean()
    found = [bootstrap_interval(b - a, QUESTION, draws=600) for a, b in sample]
    assert 0.93 <= np.mean([low <= truth <= high for low, high in found]) <= 0.97


@pytest.mark.parametrize("zero_share", [0.0, 0.5])
def test_sign_flips_rarely_find_what_is_not_there(zero_share):
    rng = np.random.default_rng(4)
    sample = answers(rng, REPLICATES, zero_share)
    means = (sample[:, 1] - sample[:, 0]).reshape(REPLICATES, QUESTIONS, PHRASINGS).mean(axis=2)
    assert np.mean([sign_flip(d, draws=499) <= 0.05 for d in means]) <= 0.055


def test_mcnemar_rarely_finds_what_is_not_there():
    rng = np.random.default_rng(5)
    changed = rng.binomial(250, 0.15, REPLICATES)
    lost = rng.binomial(changed, 0.5)
    assert np.mean([mcnemar(int(a), int(n - a)) <= 0.05 for a, n in zip(lost, changed, strict=True)]) <= 0.055


def test_holm_keeps_the_error_of_a_family():
    rng = np.random.default_rng(6)
    assert np.mean([min(holm(p)) <= 0.05 for p in rng.random((REPLICATES, 10))]) <= 0.055


def paired_tasks(rng, loss, change=0.2, tasks=10, documents=240):
    """Differences −1, 0, 1 of ten binary tasks whose mean is −loss."""
    draw = rng.random((tasks, documents))
    return [-(t < (change + loss) / 2).astype(float) + (t > 1 - (change - loss) / 2) for t in draw]


def test_non_inferiority_exactly_at_the_margin():
    """Neither "no collapse" nor "collapse" is said in more than 5.5 % of the cases where the loss is the margin."""
    rng = np.random.default_rng(7)
    found = [non_inferiority(paired_tasks(rng, 0.03), 0.03, largest=[1.0] * 10).answer for _ in range(REPLICATES)]
    assert found.count("no collapse") / REPLICATES <= 0.055
    assert found.count("collapse") / REPLICATES <= 0.055


@pytest.mark.parametrize(("tasks", "documents", "change"), [(10, 5, 0.05), (10, 5, 0.5), (3, 5, 0.5), (10, 10, 0.4)])
def test_non_inferiority_of_few_documents_at_the_margin(tasks, documents, change):
    """A handful of documents a task, calm or restless: no unchanged handful is a proof."""
    rng = np.random.default_rng(8)
    samples = (paired_tasks(rng, 0.03, change, tasks, documents) for _ in range(REPLICATES))
    found = [non_inferiority(sample, 0.03, largest=[1.0] * tasks).answer for sample in samples]
    assert found.count("no collapse") / REPLICATES <= 0.055
    assert found.count("collapse") / REPLICATES <= 0.055


def test_power_is_as_planned():
    """Without a loss, "no collapse" comes as often as the planned power says."""
    rng = np.random.default_rng(9)
    found = [non_inferiority(paired_tasks(rng, 0.0, documents=60), 0.03, largest=[1.0] * 10) for _ in range(4_000)]
    shown = np.mean([f.answer == "no collapse" for f in found])
    assert shown == pytest.approx(np.mean([f.power for f in found]), abs=0.03)
    assert planned_power(0.03, 0.03 / 3, 500) > 0.9


def test_the_minimum_detectable_effect_is_detected_four_times_in_five():
    rng = np.random.default_rng(10)
    effect = minimum_detectable_effect(0.25, QUESTIONS)
    sample = rng.normal(effect, 0.25, (REPLICATES, QUESTIONS))
    found = [clustered_mean(d).low > 0 for d in sample]
    assert np.mean(found) == pytest.approx(0.8, abs=0.015)


def test_rank_intervals_hold_the_true_ranks():
    rng = np.random.default_rng(11)
    truth = np.array([0.3, 0.3, 0.5, 0.55])
    held = 0
    for _ in range(REPLICATES // 5):
        scores = rng.normal(0, 0.3, (1, QUESTIONS)) + rng.normal(truth[:, None], 0.2, (4, QUESTIONS))
        ranks = rank_intervals(scores)
        true_ranks = [(3, 4), (3, 4), (2, 2), (1, 1)]
        held += all(low <= best and worst <= high for (low, high), (best, worst) in zip(ranks, true_ranks, strict=True))
    assert held / (REPLICATES // 5) >= 0.95


def test_many_checkpoints_in_perfect_order_have_their_ranks():
    rng = np.random.default_rng(14)
    scores = np.arange(30)[:, None] * 0.1 + rng.normal(0, 0.05, (30, QUESTIONS))
    assert rank_intervals(scores) == [(30 - i, 30 - i) for i in range(30)]


@pytest.mark.parametrize("alike", [0.0, 0.6, 1.0])
def test_what_was_forgotten_lies_within_its_bounds(alike):
    """Guesses of the two checkpoints are the same on a share `alike` of the documents; chance levels are mixed."""
    rng = np.random.default_rng(12)
    n = 200_000
    chance = rng.choice([0.0, 0.25, 0.5], n)
    known_before = rng.random(n) < 0.6
    known_after = known_before & (rng.random(n) >= 0.2)
    guess_before = rng.random(n) < chance
    guess_after = np.where(rng.random(n) < alike, guess_before, rng.random(n) < chance)
    found = forgetting(known_before | guess_before, known_after | guess_after, chance)
    (least, most), (learned_least, _) = found.forgotten, found.learned
    assert least - 0.005 <= 0.6 * 0.2 <= most + 0.005
    assert learned_least == pytest.approx(0.0, abs=0.005)
    assert found.kept + found.lost + found.won + found.missed == n


def test_variance_components_are_recovered():
    rng = np.random.default_rng(13)
    parts = []
    for _ in range(400):
        scores = rng.normal(0, 0.3, (45, 1, 1)) + rng.normal(0, 0.15, (45, 3, 1)) + rng.normal(0, 0.1, (45, 3, 4))
        parts.append(variance_components(scores))
    assert np.mean(parts, axis=0) == pytest.approx([0.09, 0.0225, 0.01], rel=0.05)


def test_a_mean_of_unchanged_documents_has_an_interval():
    """Nothing changed in ten documents: a loss of 0.1 is still possible."""
    assert mean_of_tasks([[0.0] * 10], largest=[1.0]).low < -0.1
    assert mean_of_tasks([[0.0] * 2400], largest=[1.0]).low > -0.002
