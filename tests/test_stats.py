"""Statistics against scipy and by simulation."""

import numpy as np
import pytest
from scipy import stats

from equipoise.harness_ext.stats import clustered_mean


def test_agrees_with_scipy_on_plain_values():
    x = np.array([0.1, 0.5, 0.2, 0.9, 0.4])
    expected = stats.t.interval(0.95, 4, loc=x.mean(), scale=stats.sem(x))
    assert clustered_mean(x)[:3] == pytest.approx((x.mean(), *expected), abs=1e-12)


def test_answers_to_one_question_are_one_cluster():
    values = [0.0, 0.1, 0.2, 0.8, 0.9, 1.0]
    clustered = clustered_mean(values, ["a", "a", "a", "b", "b", "b"])
    assert clustered.clusters == 2
    assert clustered.mean == pytest.approx(0.5)
    assert clustered.high - clustered.low > 3 * (clustered_mean(values).high - clustered_mean(values).low)


def test_one_cluster_says_nothing_about_spread():
    assert clustered_mean([0.2, 0.4], ["a", "a"])[:3] == pytest.approx((0.3, -np.inf, np.inf))


def test_too_few_informative_questions():
    assert not clustered_mean([0.0] * 40 + [0.5] * 5).informative
    assert clustered_mean([0.0] * 30 + [0.5] * 15).informative


@pytest.mark.parametrize(
    ("values", "clusters", "message"),
    [([], None, "non-empty"), ([np.nan], None, "NaN"), ([1.0], ["a", "b"], "2 cluster labels for 1")],
)
def test_bad_input(values, clusters, message):
    with pytest.raises(ValueError, match=message):
        clustered_mean(values, clusters)


def test_interval_covers_at_45_questions_of_three_answers():
    """10,000 replicates of score-like data: skewed, with ties at 0 and 1, answers correlated within a question."""
    rng = np.random.default_rng(20261121)
    replicates, questions = 10_000, 45
    skill = np.clip(rng.beta(0.8, 1.6, (replicates, questions)) * 1.3 - 0.15, 0, 1)
    answers = np.clip(skill[..., None] + rng.normal(0, 0.1, (replicates, questions, 3)), 0, 1)
    truth = answers.mean()
    means = answers.mean(axis=2)
    half = stats.t.ppf(0.975, questions - 1) * means.std(axis=1, ddof=1) / np.sqrt(questions)
    sample = clustered_mean(answers[0].ravel(), np.repeat(np.arange(questions), 3).tolist())
    assert (sample.mean, sample.high - sample.mean) == pytest.approx((means[0].mean(), half[0]))
    covered = np.mean(np.abs(means.mean(axis=1) - truth) <= half)
    assert 0.93 <= covered <= 0.97
