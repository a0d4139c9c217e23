"""Several seeds of one recipe: what the recipe does, beyond the luck of one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import stdev
from typing import TYPE_CHECKING

from equipoise.harness_ext.stats import Interval, clustered_mean

if TYPE_CHECKING:
    from equipoise.harness_ext.compare._verdict import Compared


@dataclass(frozen=True, slots=True)
class Recipe:
    """Runs that differ in nothing but their seed, at one step."""

    names: Sequence[str]
    step: int | None
    domain: Interval | None
    """Mean ΔD with a t-interval over seeds: over training noise, on these questions."""
    general: Interval | None
    domain_spread: float | None
    """Standard deviation of ΔD over seeds."""
    general_spread: float | None


def recipes(compared: Sequence[Compared]) -> list[Recipe]:
    """Groups of at least two seeds, found through the manifests: config hash, step, and how much of it was merged."""
    groups: dict[tuple[object, ...], dict[object, Compared]] = {}
    for c in compared:
        manifest = c.checkpoint.manifest
        if manifest.config_hash and manifest.seed is not None:
            made = (manifest.kind, (manifest.model_extra or {}).get("alpha"))  # `equipoise merge` keeps hash, step and seed
            groups.setdefault((manifest.config_hash, manifest.step, *map(str, made)), {})[manifest.seed] = c
    return [_recipe(list(seeds.values())) for seeds in groups.values() if len(seeds) > 1]


def _recipe(members: Sequence[Compared]) -> Recipe:
    domain = [c.domain.difference.mean for c in members if c.domain]
    general = [c.general.decision.mean for c in members if c.general]
    whole = len(members)
    return Recipe(
        [c.name for c in members],
        members[0].checkpoint.manifest.step,
        clustered_mean(domain) if len(domain) == whole else None,
        clustered_mean(general) if len(general) == whole else None,
        stdev(domain) if len(domain) == whole else None,
        stdev(general) if len(general) == whole else None,
    )
