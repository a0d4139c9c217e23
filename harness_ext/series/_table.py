"""The closing table of a series: D, G, and their difference to the base."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from equipoise.harness_ext.balance import TaskScore, scores_of, shared_differences
from equipoise.harness_ext.results import Run
from equipoise.harness_ext.series._discover import Failure, Series
from equipoise.harness_ext.series._run import SeriesScorer
from equipoise.harness_ext.stats import Interval, mean_of_tasks

SIDES = {"D": "domain", "G": "general"}


@dataclass(slots=True)
class Row:
    """One checkpoint."""

    name: str
    step: int | None
    is_base: bool
    scores: dict[str, Interval] = field(default_factory=dict)
    """By side: D, G."""
    differences: dict[str, Interval] = field(default_factory=dict)
    """By side: paired difference to the base over the documents that both have."""
    tasks: dict[str, Interval] = field(default_factory=dict)
    """By ability or rubric task."""
    counts: dict[str, int] = field(default_factory=dict)
    """By side: abilities or rubric tasks that are scored so far."""
    files: dict[str, str] = field(default_factory=dict)
    """Results file by task."""
    failures: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """The table and what is not in it."""

    rows: list[Row]
    left_out: list[str]
    """Tasks without a known chance level or direction: in neither D nor G."""
    broken: list[Failure]
    """Checkpoints that could not be opened."""


def report(scorer: SeriesScorer, series: Series) -> Report:
    """Read the scores back from their files."""
    scores: dict[str, dict[str, TaskScore]] = {c.name: {} for c in series.checkpoints}
    rows = {c.name: Row(c.name, c.step, series.base_of(c) is c) for c in series.checkpoints}
    left_out: dict[str, None] = {}
    for checkpoint, task, entry in scorer.finished(series):
        rows[checkpoint.name].files[task.name] = str(entry.path)
        found, without = scores_of(Run(entry.path, entry.results))
        left_out |= dict.fromkeys(without)
        for score in found:
            scores[checkpoint.name][score.name] = score
            rows[checkpoint.name].tasks[score.name] = mean_of_tasks([score.means()])
    for checkpoint in series.checkpoints:
        base = series.base_of(checkpoint)
        _fill(rows[checkpoint.name], scores[checkpoint.name], scores[base.name] if base and base is not checkpoint else {})
    names = {row.name for row in rows.values()}
    for failure in scorer.outcome.failures:
        if failure.name in names:
            rows[failure.name].failures.append(f"{failure.task}: {failure.reason}" if failure.task else failure.reason)
    return Report(list(rows.values()), list(left_out), [f for f in scorer.outcome.failures if f.name not in names])


def _fill(row: Row, scores: Mapping[str, TaskScore], base: Mapping[str, TaskScore]) -> None:
    for side, role in SIDES.items():
        mine = {t: s for t, s in scores.items() if s.role == role}
        if not mine:
            continue
        row.scores[side] = mean_of_tasks([s.means() for s in mine.values()])
        pairs = [shared_differences(s, base[t]) for t, s in mine.items() if t in base]
        if len(pairs) == len(mine) and all(p.size for p in pairs):
            row.differences[side] = mean_of_tasks(pairs, largest=[s.largest for s in mine.values()] if side == "G" else None)
        row.counts[side] = len(mine)


def print_report(found: Report, results: Path, console: Console | None = None) -> None:
    """The table on standard output."""
    console = console or Console(highlight=False, soft_wrap=False)
    sides = [s for s in SIDES if any(s in row.scores for row in found.rows)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("checkpoint", overflow="fold")
    table.add_column("step", justify="right")
    compared = {s for s in sides if any(s in row.differences for row in found.rows)}
    for side in sides:
        table.add_column(side, justify="right")
        if side in compared:
            table.add_column(f"Δ{side} to base (95 %)", justify="right")
    whole = {side: max((row.counts.get(side, 0) for row in found.rows), default=0) for side in sides}
    for row in found.rows:
        cells = [row.name + (" (base)" if row.is_base else ""), "" if row.step is None else str(row.step)]
        for side in sides:
            missing = whole[side] - row.counts.get(side, 0)
            score = f"{row.scores[side].mean:.3f}" if side in row.scores else "-"
            cells.append(f"{score} ({row.counts[side]} of {whole[side]})" if missing and side in row.scores else score)
            if side in compared:
                cells.append("" if row.is_base else "-" if missing else _difference(row.differences.get(side)))
        table.add_row(*cells)
    console.print(table)
    console.print()
    for line in _notes(found, sides, bool(compared)):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"Files: {results}", markup=False, soft_wrap=True)


def _notes(found: Report, sides: Sequence[str], compared: bool) -> list[str]:
    notes = []
    if "D" in sides:
        notes.append("D: mean question score of the rubric tasks; harm can push it below 0.")
        if any("D" in row.scores and not row.scores["D"].informative for row in found.rows):
            notes.append(
                "   Too few informative questions somewhere: under 30 % score above zero, so its intervals are too narrow."
            )
    if "G" in sides:
        notes.append("G: mean over abilities of (metric - chance) / (1 - chance).")
    if compared:
        notes.append("Δ: paired by document. It does not know about training noise: one run of a recipe is one seed.")
    if found.left_out:
        notes.append(f"In neither D nor G, no chance level or direction known: {', '.join(found.left_out)}")
    notes += [f"failed  {row.name}: {reason}" for row in found.rows for reason in row.failures]
    notes += [f"failed  {failure.name}: {failure.reason}" for failure in found.broken]
    return notes


def as_json(found: Report) -> str:
    """The same for programs; intervals are {mean, low, high, clusters, informative}, infinite bounds are null."""

    def plain(value: Any) -> Any:
        if isinstance(value, Interval):
            return {k: (None if v in (float("inf"), float("-inf")) else v) for k, v in value._asdict().items()}
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        return [plain(v) for v in value] if isinstance(value, list) else value

    rows = [{f: plain(getattr(row, f)) for f in Row.__slots__} for row in found.rows]
    broken = [asdict(f) for f in found.broken]
    return json.dumps({"checkpoints": rows, "left_out": found.left_out, "broken": broken}, indent=2)


def _difference(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    if interval.low == interval.high:
        return f"{interval.mean:+.3f} (every document the same)"
    return f"{interval.mean:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
