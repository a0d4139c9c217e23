"""From lm-eval's results to the two sides of the balance: domain score D and general score G.

D is the mean question score of the rubric tasks. A general task counts as (m − c) / (1 − c): its metric m (acc_norm, else
acc, else exact_match) above its chance level c. G is the unweighted mean over tasks. A task whose chance level is not
known is left out, and listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

METRICS = ("acc_norm", "acc", "exact_match")
GENERATED_CHANCE = {"gsm8k": 0.0, "gsm8k_cot": 0.0, "gsm8k_platinum": 0.0}
"""Chance level of tasks whose answer is written, not chosen. Multiple choice needs no table: it is 1 ÷ choices."""

Document = tuple[str, str, int]
"""(task, hash of the document, how often that hash came before): what two runs are joined on."""


@dataclass(frozen=True, slots=True)
class TaskScore:
    """One task or group of one checkpoint, document by document."""

    name: str
    role: Literal["domain", "general"]
    metric: str
    values: Mapping[Document, float]
    """Domain: score. General: (m − c) / (1 − c) with the task's c, unclipped."""


def task_score(
    name: str, samples: Mapping[str, Sequence[Mapping[str, Any]]], configs: Mapping[str, Mapping[str, Any]] | None = None
) -> TaskScore | None:
    """The score of a task or group from its samples and configs by task; None where it has no known direction or chance level."""
    values: dict[Document, float] = {}
    metrics: Counter[str] = Counter()
    role: Literal["domain", "general"] = "general"
    for task, rows in samples.items():
        rows = _one_filter(rows)
        if not rows:
            return None
        if rows[0].get("filter") == "rubric":
            role, metric, chance = "domain", "score", 0.0
        else:
            found = next((m for m in METRICS if isinstance(rows[0].get(m), (int, float))), None)
            known = _chance(task, rows, (configs or {}).get(task, {}))
            if found is None or known is None or known >= 1:
                return None
            metric, chance = found, known
        metrics[metric] += 1
        seen: Counter[str] = Counter()
        for row in rows:
            document = str(row["doc_hash"])
            values[task, document, seen[document]] = (float(row[metric]) - chance) / (1 - chance)
            seen[document] += 1
    return TaskScore(name, role, metrics.most_common(1)[0][0], values) if values else None


def shared_differences(score: TaskScore, base: TaskScore) -> list[float]:
    """Score − base on every document that both have."""
    return [value - base.values[document] for document, value in score.values.items() if document in base.values]


def _one_filter(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows of the first filter: lm-eval writes each document once per filter."""
    first = rows[0].get("filter") if rows else None
    return [row for row in rows if row.get("filter") == first]


def _chance(task: str, rows: Iterable[Mapping[str, Any]], config: Mapping[str, Any]) -> float | None:
    """Mean of 1 ÷ choices for multiple choice with one right answer, a table for the rest."""
    if config.get("process_results"):  # computes what it likes: several right choices, a share of probability, …
        return GENERATED_CHANCE.get(task)
    metrics = [m.get("metric") for m in config.get("metric_list") or []]
    asked_each = 2 if "acc_mutual_info" in metrics else 1  # with and without its context
    shares = []
    for row in rows:
        choices = len(row["arguments"]) / asked_each
        if choices < 2 or not _is_choice(row):
            return GENERATED_CHANCE.get(task)
        shares.append(1 / choices)
    return sum(shares) / len(shares) if shares else None


def _is_choice(row: Mapping[str, Any]) -> bool:
    """Whether a row compares log-likelihoods: its answers are (log-prob, greedy) pairs."""
    answer = row["filtered_resps"][0]
    return isinstance(answer, (list, tuple)) and len(answer) == 2
