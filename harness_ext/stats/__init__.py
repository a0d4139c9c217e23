"""Statistics on scores: pure functions on arrays.

Few questions mean wide intervals: every interval is a small-sample one (Student's t on cluster means), every comparison is
paired, and every claim of "no loss" is a non-inferiority test. scipy where it has the method.
"""

from equipoise.harness_ext.stats._decision import (
    NonInferiority,
    documents_to_decide,
    holm,
    minimum_detectable_effect,
    non_inferiority,
    planned_power,
    questions_to_decide,
)
from equipoise.harness_ext.stats._forgetting import Forgetting, forgetting, pass_hat_k
from equipoise.harness_ext.stats._means import MIN_INFORMATIVE, Interval, cluster_means, clustered_mean, mean_of_tasks, t_quantile
from equipoise.harness_ext.stats._paired import Paired, bootstrap_interval, mcnemar, paired_difference, sign_flip
from equipoise.harness_ext.stats._ranks import rank_intervals, ranks_of_pairs
from equipoise.harness_ext.stats._variance import Components, variance_components

__all__ = [
    "MIN_INFORMATIVE",
    "Components",
    "Forgetting",
    "Interval",
    "NonInferiority",
    "Paired",
    "bootstrap_interval",
    "cluster_means",
    "clustered_mean",
    "documents_to_decide",
    "forgetting",
    "holm",
    "mcnemar",
    "mean_of_tasks",
    "minimum_detectable_effect",
    "non_inferiority",
    "paired_difference",
    "pass_hat_k",
    "planned_power",
    "questions_to_decide",
    "rank_intervals",
    "ranks_of_pairs",
    "sign_flip",
    "t_quantile",
    "variance_components",
]
