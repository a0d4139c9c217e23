"""Base against checkpoints: the verdicts, and the sentences that say them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from equipoise.harness_ext.compare._balance import Balances, balances
from equipoise.harness_ext.compare._difference import LEVEL
from equipoise.harness_ext.compare._domain import Domain, domain_side
from equipoise.harness_ext.compare._general import General, general_side
from equipoise.harness_ext.compare._pair import Pairs, Reader, lowest_forms, pair_up
from equipoise.harness_ext.compare._read import Checkpoint, read_checkpoints
from equipoise.harness_ext.compare._recipes import Recipe, recipes
from equipoise.harness_ext.errors import ResultsError
from equipoise.harness_ext.stats import cluster_means, holm, rank_intervals

DomainVerdict = Literal["better", "worse", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One checkpoint against the base."""

    checkpoint: Checkpoint
    domain: Domain | None
    general: General | None
    balances: Balances | None
    domain_verdict: DomainVerdict | None
    """None: no domain task."""
    confirmed: bool | None
    """Better on another form as well; None: no other form was answered by both."""
    ranks: tuple[int, int] | None
    """(best, worst) rank in D among base and checkpoints."""
    on_front: bool
    """Neither the base nor another checkpoint is better in D and at least as good in G, or the other way round. False for all where they were
    not scored on the same tasks."""
    left_out: Sequence[str]
    """Tasks without a known chance level or direction."""
    missing: Sequence[str]
    """Tasks that the base has and this one has not: then no verdict is complete."""
    unmatched: Sequence[str]
    """Tasks that this one has and the base has not."""
    warnings: Sequence[str]

    @property
    def name(self) -> str:
        """Of the checkpoint."""
        return self.checkpoint.name


@dataclass(frozen=True, slots=True)
class Comparison:
    """A base and its checkpoints, in the order given."""

    base: Checkpoint
    margin: float
    compared: Sequence[Compared]
    recipes: Sequence[Recipe]
    """Recipes with more than one seed."""
    winner: str | None
    """The checkpoint with the best balance above the base's, of those with *no collapse*, else of those that are inconclusive; None where there
    is none, or where they were not scored on the same tasks."""


def compare(
    names: Sequence[str],
    *,
    results: Path | None = None,
    margin: float = 0.03,
    domain: Collection[str] = (),
    ignored: Collection[str] = (),
) -> Comparison:
    """Compare checkpoints with a base; `names` and `results` as in `read_checkpoints`.

    `domain`: tasks that count as domain besides the rubric tasks; `ignored`: tasks that count on neither side. Raises
    `ResultsError` for whatever cannot be compared.
    """
    if not 0 < margin < 1:
        raise ResultsError(f"--margin {margin}: must be between 0 and 1, in shares above chance; 0.03 is the default")
    base, *others = read_checkpoints(names, results, domain=domain, ignored=ignored)
    reader = Reader(domain)
    joined = [pair_up(base, other, reader) for other in others]
    _check_domain(domain, (base, *others))
    compared = [_compare(other, pairs, margin) for other, pairs in zip(others, joined, strict=True)]
    compared = _with_ranks(_with_verdicts(compared), joined)
    alike = len({frozenset(p.name for p in pairs.pairs) for pairs in joined}) == 1
    return Comparison(base, margin, compared, recipes(compared), _winner(compared) if alike else None)


def _check_domain(domain: Collection[str], checkpoints: Sequence[Checkpoint]) -> None:
    entries = [entry for checkpoint in checkpoints for entry in checkpoint.entries]
    for task in domain:
        if not any(task in (entry.name, *entry.tasks) for entry in entries):
            raise ResultsError(f"--domain {task}: no such task in these results")


def _compare(other: Checkpoint, pairs: Pairs, margin: float) -> Compared:
    domain = domain_side(pairs.pairs)
    return Compared(
        checkpoint=other,
        domain=domain,
        general=general_side(pairs.pairs, margin),
        balances=balances(pairs.pairs),
        domain_verdict=None,
        confirmed=None,
        ranks=None,
        on_front=False,
        left_out=pairs.left_out,
        missing=pairs.missing,
        unmatched=pairs.unmatched,
        warnings=pairs.warnings,
    )


def _with_verdicts(compared: Sequence[Compared]) -> list[Compared]:
    """Better and worse are claims over all checkpoints together, so their p-values are Holm's."""
    tested = [c for c in compared if c.domain]
    adjusted = dict(zip([c.name for c in tested], holm([c.domain.difference.p for c in tested if c.domain]), strict=True))
    found = []
    for c in compared:
        if c.domain is None:
            found.append(c)
            continue
        line = replace(c.domain.difference, adjusted=adjusted[c.name], family=len(tested))
        verdict: DomainVerdict = "cannot tell"
        if line.informative and line.adjusted < LEVEL:
            verdict = "better" if line.mean > 0 else "worse"
        forms = c.domain.forms
        confirmed = all(f.difference.mean > 0 and f.difference.p < LEVEL for f in forms) if forms else None
        found.append(replace(c, domain=replace(c.domain, difference=line), domain_verdict=verdict, confirmed=confirmed))
    return found


def _with_ranks(compared: Sequence[Compared], joined: Sequence[Pairs]) -> list[Compared]:
    ranks = _ranks(joined)
    points = [(c.domain.difference.value, c.general.value.mean) if c.domain and c.general else None for c in compared]
    first = compared[0]
    base = [(first.domain.difference.base, first.general.base.mean)] if first.domain and first.general else []
    alike = len({frozenset((p.name, len(p.shared)) for p in pairs.pairs) for pairs in joined}) == 1
    found = []
    for i, (c, point) in enumerate(zip(compared, points, strict=True)):
        beaten = point is None or any(_beats(p, point) for p in (*base, *points) if p)
        found.append(replace(c, ranks=ranks[i] if ranks else None, on_front=alike and not beaten))
    return found


def _ranks(joined: Sequence[Pairs]) -> list[tuple[int, int]] | None:
    """Rank intervals in D of the checkpoints among themselves and the base, on the questions that all have answered."""
    domains = [lowest_forms([p for p in pairs.pairs if p.role == "domain"]) for pairs in joined]
    answered = [{(p.name, d): p for p in pairs for d in p.shared} for pairs in domains]
    shared = [key for key in answered[0] if all(key in a for a in answered)]
    if not shared:
        return None
    clusters = [(name, answered[0][name, d].base.clusters[d]) for name, d in shared]
    sizes = Counter(name for name, _ in dict.fromkeys(clusters))
    weights = np.array([1 / sizes[name] for name, _ in shared])  # tasks weigh the same, as in D
    scores = [[answered[0][key].base.values[key[1]] for key in shared]]
    scores += [[a[key].other.values[key[1]] for key in shared] for a in answered]
    return rank_intervals([cluster_means(weights * x, clusters) for x in np.array(scores)])[1:]


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] >= other[0] and one[1] >= other[1] and one != other


def _winner(compared: Sequence[Compared]) -> str | None:
    able = [
        c
        for c in compared
        if c.balances and c.general and c.general.decision.answer != "collapse" and c.balances.difference.value > 0
    ]
    sure = [c for c in able if c.general and c.general.decision.answer == "no collapse"]
    return max(sure or able, key=lambda c: c.balances.other.value if c.balances else 0.0).name if able else None
