"""Our statistics against statsmodels and scipy, to 1e-6."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from equipoise.harness_ext.stats import (
    bootstrap_interval,
    clustered_mean,
    holm,
    mcnemar,
    mean_of_tasks,
    minimum_detectable_effect,
    non_inferiority,
    paired_difference,
    planned_power,
    questions_to_decide,
    sign_flip,
    variance_components,
)

CLOSE = {"rel": 1e-6, "abs": 1e-6}


@pytest.fixture
def pair():
    rng = np.random.default_rng(5)
    a = np.round(rng.beta(0.7, 2, 135), 1)
    return a, np.clip(np.round(a + rng.normal(0.05, 0.2, 135), 1), 0, 1), np.repeat(np.arange(45), 3)


def test_a_paired_difference_is_the_paired_t_test_of_question_means(pair):
    a, b, question = pair
    found = paired_difference(a, b, question.tolist())
    means_a, means_b = a.reshape(45, 3).mean(1), b.reshape(45, 3).mean(1)
    reference = stats.ttest_rel(means_b, means_a)
    interval = reference.confidence_interval(0.95)
    assert found[:3] == pytest.approx((means_b.mean() - means_a.mean(), interval.low, interval.high), **CLOSE)


def test_clusters_of_one_size_give_the_cluster_robust_error_of_statsmodels(pair):
    a, b, question = pair
    found = clustered_mean(b - a, question.tolist())
    fit = OLS(b - a, np.ones(135)).fit(cov_type="cluster", cov_kwds={"groups": question, "use_correction": True}, use_t=True)
    low, high = fit.conf_int(0.05)[0]
    assert found[:3] == pytest.approx((fit.params[0], low, high), **CLOSE)


def test_sign_flips_are_scipys_exact_permutation_test():
    differences = np.array([0.3, -0.1, 0.25, 0.4, 0.05, -0.2, 0.6, 0.15, 0.0])
    reference = stats.permutation_test((differences,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip(differences) == pytest.approx(reference.pvalue, **CLOSE)


def test_drawn_sign_flips_are_near_the_exact_ones():
    differences = np.round(np.random.default_rng(3).normal(0.1, 0.3, 18), 2)
    patterns = (np.arange(2**18)[:, None] >> np.arange(18)) & 1
    exact = np.mean(np.abs((2 * patterns - 1) @ differences) >= abs(differences.sum()) - 1e-9)
    assert sign_flip(differences, draws=40_000) == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 40_000))


@pytest.mark.parametrize(("lost", "won"), [(0, 0), (3, 9), (15, 15), (40, 12)])
def test_mcnemar(lost, won):
    reference = statsmodels_mcnemar([[50, lost], [won, 30]], exact=True).pvalue if lost + won else 1.0
    assert mcnemar(lost, won) == pytest.approx(reference, **CLOSE)


def test_holm():
    p = [0.01, 0.04, 0.03, 0.005, 0.5]
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], **CLOSE)
    assert holm([]) == []


@pytest.mark.parametrize("questions", [5, 45, 400])
def test_minimum_detectable_effect(questions):
    effect = TTestPower().solve_power(nobs=questions, alpha=0.05, power=0.8, alternative="two-sided")
    assert minimum_detectable_effect(0.3, questions) == pytest.approx(effect * 0.3, rel=2e-4)


def test_needed_questions():
    needed = TTestPower().solve_power(effect_size=0.1 / 0.3, alpha=0.05, power=0.8, alternative="two-sided")
    assert questions_to_decide(0.3, 0.1) == pytest.approx(needed, abs=1)
    assert questions_to_decide(0.3, -0.1) == questions_to_decide(0.3, 0.1)
    assert questions_to_decide(0.3, 0.0) is None


def test_planned_power():
    expected = TTestPower().power(0.1 / 0.3, 45, 0.05, alternative="larger")
    assert planned_power(0.1, 0.3 / np.sqrt(45), 44) == pytest.approx(expected, **CLOSE)


def test_non_inferiority_is_a_one_sided_t_test_against_the_margin():
    rng = np.random.default_rng(8)
    for shift in (0.02, -0.02, -0.1):
        x = rng.normal(shift, 0.2, 300)
        found = non_inferiority([x], 0.03)
        no_collapse = stats.ttest_1samp(x, -0.03, alternative="greater").pvalue < 0.05
        collapse = stats.ttest_1samp(x, -0.03, alternative="less").pvalue < 0.05
        assert found.answer == ("no collapse" if no_collapse else "collapse" if collapse else "inconclusive")


def test_two_tasks_have_welchs_degrees_of_freedom():
    rng = np.random.default_rng(9)
    a, b = rng.normal(0, 1, 12), rng.normal(0, 3, 30)
    welch = stats.ttest_ind(a, -b, equal_var=False).confidence_interval(0.95)
    assert mean_of_tasks([a, b])[:3] == pytest.approx(((a.mean() + b.mean()) / 2, welch.low / 2, welch.high / 2), **CLOSE)


def test_bootstrap_is_near_the_t_interval_for_a_symmetric_sample():
    x = stats.norm.ppf(np.linspace(0.01, 0.99, 60))
    low, high = bootstrap_interval(x, draws=4000)
    t = clustered_mean(x)
    assert (low, high) == pytest.approx((t.low, t.high), abs=0.03)
    assert bootstrap_interval([0.5, 0.5, 0.5]) == (0.5, 0.5)


def test_variance_components_by_hand():
    scores = np.array([[[0.0, 2.0], [4.0, 6.0]], [[10.0, 12.0], [14.0, 16.0]]])
    # draws: each cell ±1 → 2; phrasings: cell means 1, 5 and 11, 15 → mean square 2·(4+4+4+4)/2 = 16; questions: 4·50 = 200
    found = variance_components(scores)
    assert found == pytest.approx(((200 - 16) / 4, (16 - 2) / 2, 2.0))
    assert variance_components(scores[..., :1]).sampling is None
