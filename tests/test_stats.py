"""Statistics against scipy and by simulation."""

import numpy as np
import pytest
from scipy import stats

from equipoise.harness_ext.stats import clustered_mean, mean_of_tasks


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


def test_the_mean_of_tasks_weighs_tasks_and_not_documents():
    found = mean_of_tasks([[1.0, 1.0, 1.0, 0.0], [0.0, 1.0]])
    assert found.mean == pytest.approx(0.625)
    assert found.clusters == 6
    assert mean_of_tasks([[0.5, 0.5], [0.25, 0.25]])[:3] == (0.375, 0.375, 0.375)
    assert mean_of_tasks([[1.0, 0.0], [1.0]]).low == -np.inf


def test_one_task_gives_the_interval_of_its_mean():
    values = [0.1, 0.9, 0.4, 0.4, 0.7]
    assert mean_of_tasks([values])[:3] == pytest.approx(clustered_mean(values)[:3])


def test_the_interval_of_a_mean_of_tasks_covers_as_it_says():
    """10,000 replicates: three tasks of unequal size and spread, differences of right and wrong answers."""
    rng = np.random.default_rng(7)
    chances = [([0.05, 0.85, 0.10], 60), ([0.2, 0.6, 0.2], 200), ([0.15, 0.8, 0.05], 25)]
    truth = np.mean([p[2] - p[0] for p, _ in chances])
    draws = [rng.choice([-1.0, 0.0, 1.0], size=(10_000, n), p=p) for p, n in chances]
    covered = np.mean([low <= truth <= high for _, low, high, *_ in (mean_of_tasks([d[i] for d in draws]) for i in range(10_000))])
    assert covered == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("tasks", [[], [[]], [[1.0], []], [[1.0, np.nan]]])
def test_no_mean_of_nothing(tasks):
    with pytest.raises(ValueError, match=r"tasks must be|NaN"):
        mean_of_tasks(tasks)
