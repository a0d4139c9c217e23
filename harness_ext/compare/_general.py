"""The general side of a comparison: abilities, what was forgotten, and whether the whole collapsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.harness_ext.balance import Document, shared_differences
from equipoise.harness_ext.compare._difference import LEVEL, Difference, adjust, difference
from equipoise.harness_ext.compare._pair import Pair, means, metric_values
from equipoise.harness_ext.stats import (
    Forgetting,
    Interval,
    NonInferiority,
    cluster_means,
    documents_to_decide,
    forgetting,
    mcnemar,
    mean_of_tasks,
    non_inferiority,
)


@dataclass(frozen=True, slots=True)
class Flipped:
    """A document that was right and is wrong now, or the other way round."""

    ability: str
    identifier: str
    question: str
    answer: str
    """The right one."""
    base: str
    other: str


@dataclass(frozen=True, slots=True)
class Ability:
    """One ability of the general side."""

    difference: Difference
    """In shares above chance."""
    parts: Sequence[Difference]
    """Of its parts, where documents say theirs: harmless and harmful requests can move against each other."""
    chance: float
    metric: str
    tiers: Mapping[int, tuple[float, float, int]]
    """Difficulty tier → (base, other, documents), where documents say their tier."""
    forgetting: Forgetting | None
    """None where documents are not simply right or wrong."""
    lost: Sequence[Flipped]
    won: Sequence[Flipped]
    bpb: Difference | None
    """Bits per byte of the right answer; lower is better. None where some document has none."""


@dataclass(frozen=True, slots=True)
class General:
    """All abilities together."""

    base: Interval
    value: Interval
    decision: NonInferiority
    """On ΔG."""
    margin: float
    factor: float | None
    """How many times the documents would decide an inconclusive one, were the true loss the observed one; None where none would."""
    documents: int
    abilities: Sequence[Ability]

    @property
    def fallen(self) -> list[Difference]:
        """Abilities and parts of abilities that are shown to be worse, greatest loss first."""
        lines = [line for ability in self.abilities for line in (ability.difference, *ability.parts)]
        return sorted((line for line in lines if line.adjusted < LEVEL and not line.gain), key=lambda line: line.mean)

    @property
    def retention(self) -> float | None:
        """G ÷ G of the base; None where the base is not surely above chance."""
        return self.value.mean / self.base.mean if self.base.low > 0 else None


def general_side(pairs: Sequence[Pair], margin: float) -> General | None:
    """The general side of a pair of checkpoints; None where there is none."""
    pairs = [pair for pair in pairs if pair.role == "general"]
    if not pairs:
        return None
    largest = [pair.base.largest for pair in pairs]
    differences = [shared_differences(pair.other, pair.base) for pair in pairs]
    decision = non_inferiority(differences, margin, largest=largest)
    parted = [_parts(pair) for pair in pairs]
    lines = adjust([_line(pair) for pair in pairs] + [line for lines in parted for line in lines])
    whole, rest = lines[: len(pairs)], iter(lines[len(pairs) :])
    parts = [[next(rest) for _ in found] for found in parted]
    return General(
        base=_mean(pairs, "base"),
        value=_mean(pairs, "other"),
        decision=decision,
        margin=margin,
        factor=documents_to_decide(decision, margin) if decision.answer == "inconclusive" else None,
        documents=sum(len(pair.shared) for pair in pairs),
        abilities=[_ability(*found) for found in zip(pairs, whole, parts, strict=True)],
    )


def _mean(pairs: Sequence[Pair], side: str) -> Interval:
    """G of one checkpoint over the shared documents."""
    tasks = []
    for pair in pairs:
        score = getattr(pair, side)
        tasks.append(cluster_means(means(score.values, pair.shared), [score.clusters[d] for d in pair.shared]))
    return mean_of_tasks(tasks)


def _line(pair: Pair, part: str | None = None) -> Difference:
    documents = [d for d in pair.shared if part is None or _part(pair, d) == part]
    a, b = means(pair.base.values, documents), means(pair.other.values, documents)
    clusters = [pair.base.clusters[d] for d in documents]
    exact = None
    if _is_binary(a) and _is_binary(b) and len(set(clusters)) == len(clusters):
        counts = forgetting(a, b)
        exact = mcnemar(counts.lost, counts.won)
    name = pair.name if part is None else f"{pair.name}: {part}"
    return difference(name, a, b, clusters, exact, largest=pair.base.largest)


def _parts(pair: Pair) -> list[Difference]:
    names = dict.fromkeys(_part(pair, d) for d in pair.shared)
    return [_line(pair, name) for name in names if name] if len(names) > 1 else []


def _part(pair: Pair, document: Document) -> str | None:
    doc = pair.base.rows[document].get("doc")
    return str(doc["part"]) if isinstance(doc, Mapping) and doc.get("part") else None


def _is_binary(values: Sequence[float]) -> bool:
    """Right is 1 and wrong at most 0, whatever the chance level."""
    return all(value <= 0 or value == 1 for value in values)


def _ability(pair: Pair, line: Difference, parts: Sequence[Difference]) -> Ability:
    a, b = means(pair.base.values, pair.shared), means(pair.other.values, pair.shared)
    binary = _is_binary(a) and _is_binary(b)
    lost = [d for d, x, y in zip(pair.shared, a, b, strict=True) if x > 0.5 >= y]
    won = [d for d, x, y in zip(pair.shared, a, b, strict=True) if y > 0.5 >= x]
    return Ability(
        difference=line,
        parts=parts,
        chance=pair.base.chance,
        metric=pair.base.metric,
        tiers=_tiers(pair),
        forgetting=forgetting(a, b, [pair.base.chances[task] for task, _, _ in pair.shared]) if binary else None,
        lost=[_flipped(pair, d) for d in lost] if binary else [],
        won=[_flipped(pair, d) for d in won] if binary else [],
        bpb=_bits(pair),
    )


def _tiers(pair: Pair) -> dict[int, tuple[float, float, int]]:
    by_tier: dict[int, list[Document]] = {}
    for document in pair.shared:
        doc = pair.base.rows[document].get("doc")
        if isinstance(doc, Mapping) and isinstance(doc.get("tier"), int):
            by_tier.setdefault(doc["tier"], []).append(document)
    return {
        tier: (sum(means(pair.base.values, ds)) / len(ds), sum(means(pair.other.values, ds)) / len(ds), len(ds))
        for tier, ds in sorted(by_tier.items())
    }


def _bits(pair: Pair) -> Difference | None:
    if any("bpb" not in score.rows[d] for score in (pair.base, pair.other) for d in pair.shared):
        return None
    base, other = (metric_values(score, pair.shared, "bpb") for score in (pair.base, pair.other))
    return difference(pair.name, base, other, [pair.base.clusters[d] for d in pair.shared], higher_is_better=False)


def _flipped(pair: Pair, document: Document) -> Flipped:
    row, other = pair.base.rows[document], pair.other.rows[document]
    doc: Mapping[str, Any] = row["doc"] if isinstance(row.get("doc"), Mapping) else {}
    identifier = str(doc.get("id", row.get("doc_id")))
    return Flipped(pair.name, identifier, _prompt(row), _target(row, doc), chosen_answer(row), chosen_answer(other))


def _prompt(row: Mapping[str, Any]) -> str:
    """What the model read."""
    first = (row.get("arguments") or {}).get("gen_args_0", {})
    return str(first.get("arg_0", ""))


def _target(row: Mapping[str, Any], doc: Mapping[str, Any]) -> str:
    choices, target = choices_of(row), str(row.get("target"))
    return choices[int(target)] if target.isdigit() and int(target) < len(choices) > 1 else target


def choices_of(row: Mapping[str, Any]) -> list[str]:
    """The choices whose likelihoods were compared: the document's, else the texts that were scored, else (winogrande) their beginnings."""
    doc, asked = row.get("doc"), _asked(row)
    choices = doc.get("choices") if isinstance(doc, Mapping) else None
    if isinstance(choices, list) and len(choices) == len(asked):
        return [str(choice) for choice in choices]
    scored = [continuation.strip() for _, continuation in asked]
    return (
        scored
        if len(set(scored)) == len(scored)
        else [f"{context[-120:]}{continuation}".strip() for context, continuation in asked]
    )


def chosen_answer(row: Mapping[str, Any]) -> str:
    """What a model answered: the choice of highest likelihood, as the metric that counts weighs it, or the text it wrote."""
    responses = row.get("filtered_resps") or [""]
    first = responses[0]
    if not (isinstance(first, (list, tuple)) and len(first) == 2):
        return str(first)
    size = (lambda text: len(text.encode())) if "above_chance" in row else len  # general_core counts bytes, lm-eval characters
    lengths = [(size(text.strip()) if "acc_norm" in row else 1) or 1 for _, text in _asked(row)]
    best = max(range(len(responses)), key=lambda i: float(responses[i][0]) / lengths[i])
    return choices_of(row)[best].strip()


def _asked(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(context, continuation) of each request."""
    arguments = row.get("arguments") or {}
    calls = [arguments.get(f"gen_args_{i}") or {} for i in range(len(row.get("filtered_resps") or []))]
    return [(str(call.get("arg_0", "")), str(call.get("arg_1", ""))) for call in calls]
