"""The verdict in plain words: what a decision maker reads first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from equipoise.harness_ext.compare import Compared, Comparison, Domain, General

DOMAIN_TITLES = {"better": "Better at the domain work", "worse": "Worse at the domain work", "cannot tell": "Domain: cannot tell"}
GENERAL_TITLES = {
    "no collapse": "No collapse of general ability",
    "collapse": "Collapse of general ability",
    "inconclusive": "General ability: inconclusive",
}

_UNCONFIRMED = "unconfirmed, for the best of several is flattered by having been chosen"


def overview(comparison: Comparison) -> str:
    """One paragraph on several checkpoints together."""
    compared = comparison.compared
    better = [c.name for c in compared if c.domain_verdict == "better"]
    worse = [c.name for c in compared if c.domain_verdict == "worse"]
    parts = []
    if any(c.domain for c in compared):
        parts.append(
            f"Of {len(compared)} checkpoints, {_listed(better)} shown to be better at the domain work than {comparison.base.name}"
        )
        parts.append(f", {_listed(worse)} worse. " if worse else ". ")
    answers = [c.general.decision.answer for c in compared if c.general]
    counts = [f"{answers.count(a)} {a}" for a in ("no collapse", "inconclusive", "collapse") if a in answers]
    parts.append(
        f"General ability, margin {comparison.margin:g}: {', '.join(counts)}. " if counts else "No general task was scored. "
    )
    best = next((c for c in compared if c.name == comparison.winner), None)
    if best and best.balances:
        b = best.balances
        parts.append(f"The best balance has {best.name}: {b.other.value:.3f} against {b.base.value:.3f}")
        parts.append(f" (difference {signed(b.difference.low)} to {signed(b.difference.high)})")
        parts.append(f", {best.general.decision.answer if best.general else ''}")
        parts.append(
            f"; {_UNCONFIRMED}."
            if best.confirmed is None
            else "; confirmed."
            if best.confirmed
            else "; not confirmed on another form."
        )
    elif any(c.balances for c in compared):
        parts.append(
            f"No best one is named: none has a better balance than {comparison.base.name} without collapse, or they were scored on different tasks."
        )
    if len(compared) > 1:
        parts.append(" Each verdict on general ability has an error of 5 %; of many checkpoints some will be wrong.")
    return "".join(parts).strip()


def _listed(names: Sequence[str]) -> str:
    return "none is" if not names else f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"


def paragraph(comparison: Comparison, compared: Compared) -> str:
    """One paragraph on one checkpoint."""
    parts = [f"Against {comparison.base.name}, {compared.name}"]
    domain = f" {_domain(compared.domain, compared.domain_verdict or 'cannot tell')}" if compared.domain else " has no domain task."
    general = _general(compared.general) if compared.general else "No general task was scored."
    return "".join(parts) + domain + " " + general + _fallen(compared) + _notes(comparison, compared)


def _domain(domain: Domain, verdict: str) -> str:
    line = domain.difference
    change = f"score {line.base:.3f} → {line.value:.3f}, {interval(line.mean, line.low, line.high)}, p = {p_value(line.adjusted)}"
    if verdict != "cannot tell":
        return f"is {verdict} at the domain work ({change}, {line.clusters} questions)."
    if not line.informative:
        return (
            f"cannot be told apart at the domain work: too few informative questions, fewer than 30 % of the {line.clusters} "
            f"are above zero for either ({change})."
        )
    return f"cannot be told apart at the domain work ({change}, {line.clusters} questions).{_needed(domain)}"


def _needed(domain: Domain) -> str:
    line = domain.difference
    if line.spread == 0:  # nothing changed, all alike or a single question: no spread to plan with
        return ""
    if not math.isfinite(line.detectable):
        return f" {line.clusters} questions are too few to show any difference."
    known = f" {line.clusters} questions of this spread would show a true difference of {line.detectable:.2f} four times in five"
    if domain.questions_needed is None or domain.questions_needed > 100 * line.clusters:
        return known + "; no reasonable number of questions would decide one as small as this."
    more = domain.questions_needed - line.clusters
    return known + (f"; about {more:,} more would decide one as large as observed." if more > 0 else ".")


def _general(general: General) -> str:
    d = general.decision
    span = f"ΔG {signed(d.mean)}, one-sided 95 % bounds {signed(d.low)} and {signed(d.high)}, margin {general.margin:g}"
    power = f"planned power {d.power:.0%} with {general.documents:,} documents"
    if d.answer == "no collapse":
        return f"General ability has not collapsed: a loss of {general.margin:g} or more is excluded ({span}; {power})."
    if d.answer == "collapse":
        return f"General ability has collapsed: the loss is larger than {general.margin:g} ({span})."
    needed = (
        f" About {_rounded_up(general.factor * general.documents):,} documents would decide it, if the true change is the observed one."
        if general.factor and general.factor < 100
        else ""
    )
    return f"Whether general ability has collapsed is open: neither a loss of {general.margin:g} nor its absence is shown ({span}; {power}).{needed}"


def _fallen(compared: Compared) -> str:
    """Abilities that are shown to be worse: a mean can hide them."""
    found = compared.general.fallen if compared.general else []
    if not found:
        return ""
    shown = ", ".join(f"{line.name} {signed(line.mean)}" for line in found[:5])
    return f" Shown to have fallen: {shown}{f', and {len(found) - 5} more' if len(found) > 5 else ''}."


def _notes(comparison: Comparison, compared: Compared) -> str:
    notes = f" Not complete: {', '.join(compared.missing)} of the base is not scored for it." if compared.missing else ""
    if compared.domain:
        new = sum(q.critical and not q.base_critical for q in compared.domain.questions)
        gone = sum(q.base_critical and not q.critical for q in compared.domain.questions)
        if new or gone:
            notes += f" Critical failures: {new} new, {gone} gone."
    if compared.balances:
        b = compared.balances
        notes += f" Balance {b.base.value:.3f} → {b.other.value:.3f} (difference {signed(b.difference.low)} to {signed(b.difference.high)})."
    if compared.confirmed is not None and compared.domain:
        forms = ", ".join(str(f.form) for f in compared.domain.forms)
        notes += f" Better on form {forms} as well." if compared.confirmed else f" Not shown to be better on form {forms}."
    elif len(comparison.compared) > 1 and comparison.winner == compared.name:
        notes += f" Best balance of those compared; {_UNCONFIRMED}: score it and the base on another form (--metadata form=1)."
    if not any(compared.name in recipe.names for recipe in comparison.recipes) and compared.checkpoint.manifest.seed is not None:
        notes += " One seed of its recipe: training noise is not in these intervals."
    return notes


def _rounded_up(number: float) -> int:
    """To two digits."""
    step = int(10 ** max(0, int(math.log10(number)) - 1))
    return math.ceil(number / step) * step


def encodable(text: str) -> str:
    """Without the lone halves of surrogate pairs that a model can write, and no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def interval(mean: float, low: float, high: float) -> str:
    """A difference with its 95 % interval."""
    return f"difference {signed(mean)}, 95 % interval {signed(low)} to {signed(high)}"


def signed(value: float, places: int = 3) -> str:
    """With its sign; zero has none."""
    text = f"{value:+.{places}f}"
    return text if float(text) else text[1:]


def p_value(p: float) -> str:
    """p to three places."""
    return "below 0.001" if p < 0.001 else f"{p:.3f}"
