"""Which metric of a general task counts, and what guessing would reach."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from statistics import mean
from typing import Any, NamedTuple

METRICS = ("acc_norm", "acc", "exact_match")
WRITTEN = {"gsm8k": "exact_match", "gsm8k_cot": "exact_match", "gsm8k_platinum": "exact_match", "ifeval": "prompt_level_strict_acc"}
"""Tasks whose answer is written and cannot be guessed: their metric, with chance level 0."""

BY_NAME = {
    0.0: (
        "gsm8k* gsm_* ifeval* lambada* triviaqa* nq_open* squad* drop* hendrycks_math* minerva_math* leaderboard_math* math_500* math-500* "
        "math500* aime* humaneval* mbpp* mgsm*"
    ),
    0.1: "mmlu_pro mmlu_pro_* leaderboard_mmlu_pro*",
    0.2: "commonsense_qa* csqa* mathqa*",
    0.25: "mmlu* hendrycksTest-* global_mmlu* arc_* hellaswag* sciq* logiqa* openbookqa* race* ceval* cmmlu* gpqa* medmcqa* belebele* prost*",
    1 / 3: "social_iqa* siqa* anli* xnli*",
    0.5: "piqa* winogrande* boolq* wsc* copa* xcopa* wic* rte* qnli* sst2* blimp* storycloze* xstorycloze*",
}
"""Chance level → patterns of task names, for results that were kept without samples."""

_OPTION = re.compile(r"^\s*(?:\([A-Z]\)|- )", re.MULTILINE)
_EITHER_OR = {"true", "false", "yes", "no", "valid", "invalid"}


class Measure(NamedTuple):
    """How a task counts: (m − chance) / (1 − chance) of its metric m."""

    metric: str
    chance: float


def measure(task: str, rows: Sequence[Mapping[str, Any]], config: Mapping[str, Any]) -> Measure | None:
    """Metric and chance level of a general task from the samples of one filter and its config; None where they are not known.

    A task says its own in `metadata: {chance: 0.25}`. Multiple choice needs none: it is the mean of right choices ÷
    choices. Known besides: truthfulqa_mc2, bbh, and the tasks in `WRITTEN`.
    """
    metric = WRITTEN.get(task) or next((m for m in METRICS if isinstance(rows[0].get(m), (int, float))), None)
    if metric is None:
        return None
    chance = _chance(task, rows, config)
    return Measure(metric, chance) if chance is not None and 0 <= chance < 1 else None


def chance_by_name(task: str) -> float | None:
    """The chance level of a well-known task of lm-eval or lighteval (`suite|mmlu:anatomy`); None for any other."""
    name = task.rpartition("|")[2].replace(":", "_")
    found = [
        (len(pattern), chance) for chance, patterns in BY_NAME.items() for pattern in patterns.split() if fnmatchcase(name, pattern)
    ]
    return max(found)[1] if found else None


def _chance(task: str, rows: Sequence[Mapping[str, Any]], config: Mapping[str, Any]) -> float | None:
    declared = (config.get("metadata") or {}).get("chance")
    if isinstance(declared, (int, float)):
        return float(declared)
    if task in WRITTEN:
        return 0.0
    if task == "truthfulqa_mc2":  # the share of probability on the true answers
        return float(mean(mean(row["doc"]["mc2_targets"]["labels"]) for row in rows))
    if task.startswith("bbh_"):
        return mean(_options_in(str(row["doc"]["input"]), str(row["target"])) for row in rows)
    if config.get("process_results"):  # computes what it likes: several right choices, a share of probability, …
        return None
    asked_each = 2 if "acc_mutual_info" in [m.get("metric") for m in config.get("metric_list") or []] else 1
    shares = []
    for row in rows:
        choices = len(row["arguments"]) / asked_each
        if choices < 2 or not _is_choice(row):
            return None
        shares.append(_right_choices(row) / choices)
    return mean(shares)


def _options_in(question: str, target: str) -> float:
    """1 ÷ options that a written multiple-choice question lists; 0 where the answer is free."""
    options = len(_OPTION.findall(question.partition("Options:")[2]))
    if options:
        return 1 / options
    return 0.5 if target.strip().lower() in _EITHER_OR else 0.0


def _right_choices(row: Mapping[str, Any]) -> int:
    """How many of the choices count as right: lm-eval writes several as a list."""
    target = str(row.get("target", "")).strip()
    return max(1, target.count(",") + 1) if target.startswith("[") and target.endswith("]") else 1


def _is_choice(row: Mapping[str, Any]) -> bool:
    """Whether a row compares log-likelihoods: its answers are (log-prob, greedy) pairs."""
    answer = next(iter(row["filtered_resps"]), None)
    return isinstance(answer, (list, tuple)) and len(answer) == 2
