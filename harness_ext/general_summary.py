"""The general side of a run as one table: a line per ability, and G."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from equipoise.harness_ext.balance import TaskScore
from equipoise.harness_ext.stats import Interval, mean_of_tasks


@dataclass(frozen=True, slots=True)
class Line:
    """One ability."""

    name: str
    documents: int
    metric: str
    raw: float
    chance: float
    above: Interval
    """(m − chance) / (1 − chance)."""
    bpb: float | None
    """Bits per byte of the right answer, where documents have it."""
    tiers: dict[int, float]
    """Difficulty tier → share above chance, where documents say their tier."""


def lines(scores: Sequence[TaskScore]) -> list[Line]:
    """The abilities of a run."""
    return [_line(score) for score in scores if score.role == "general"]


def _line(score: TaskScore) -> Line:
    rows = list(score.rows.values())
    by_tier: dict[int, list[float]] = defaultdict(list)
    for document, row in score.rows.items():
        doc = row.get("doc")
        if isinstance(doc, dict) and isinstance(doc.get("tier"), int):
            by_tier[doc["tier"]].append(score.values[document])
    bits = [float(row["bpb"]) for row in rows if "bpb" in row]
    above = mean_of_tasks([score.means()])
    return Line(
        score.name,
        len(rows),
        score.metric,
        above.mean * (1 - score.chance) + score.chance,
        score.chance,
        above,
        mean(bits) if len(bits) == len(rows) else None,
        {tier: mean(values) for tier, values in sorted(by_tier.items())},
    )


def print_general(console: Console, model: str, scores: Sequence[TaskScore], left_out: Sequence[str]) -> None:
    """Print the table of a model's run; nothing where it has no general task."""
    found = lines(scores)
    if not found:
        return
    tiers = sorted({tier for line in found for tier in line.tiers})
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("ability", overflow="fold", min_width=13)
    for title in ("n", "value", "chance", "above chance, 95 %", "bpb", *(f"t{t}" for t in tiers)):
        table.add_column(title, justify="right", no_wrap=True)
    shared = _shared_prefix([line.name for line in found])
    for line in found:
        table.add_row(
            escape(line.name.removeprefix(shared)),
            str(line.documents),
            f"{line.raw:.3f}",
            f"{line.chance:.2f}",
            f"{line.above.mean:+.3f} {line.above.low:+.2f}…{line.above.high:+.2f}",
            "" if line.bpb is None else f"{line.bpb:.2f}",
            *(f"{line.tiers[t]:+.2f}" if t in line.tiers else "" for t in tiers),
        )
    whole = mean_of_tasks([score.means() for score in scores if score.role == "general"])
    console.print(f"\n[bold]General abilities[/] · {escape(model)}\n", soft_wrap=True)
    console.print(table)
    metrics = " · ".join(f"{m}: {', '.join(names)}" for m, names in _by_metric(found, shared).items())
    tiers_are = "; t1 to t4: difficulty tiers, above chance" if tiers else ""
    console.print(f"[dim]value is {escape(metrics)}{tiers_are}[/]")
    console.print(
        f"\n[bold]G[/] {whole.mean:.3f}  {whole.low:.3f} … {whole.high:.3f}  mean over {len(found)} abilities; 0 is guessing"
    )
    if left_out:
        console.print(
            f"In neither D nor G, no chance level or direction known: {', '.join(left_out)}", markup=False, soft_wrap=True
        )


def _by_metric(found: Sequence[Line], shared: str) -> dict[str, list[str]]:
    """Metric → abilities, the most common one for "the others"."""
    metrics: dict[str, list[str]] = {}
    for line in found:
        metrics.setdefault(line.metric, []).append(line.name.removeprefix(shared))
    *rare, common = sorted(metrics, key=lambda m: len(metrics[m]))
    return {m: metrics[m] for m in rare} | {common: ["the others"] if rare else ["all"]}


def _shared_prefix(names: Sequence[str]) -> str:
    """`general_core_` where all names begin with it."""
    return "general_core_" if len(names) > 1 and all(name.startswith("general_core_") for name in names) else ""
