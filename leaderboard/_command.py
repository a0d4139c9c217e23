"""The verb `equipoise compare`."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from equipoise.harness_ext.compare import Compared, Comparison, compare
from equipoise.harness_ext.errors import EquipoiseError
from equipoise.leaderboard.reports import as_json, check_output, write_report
from equipoise.leaderboard.reports._words import paragraph

NO_COLLAPSE, COLLAPSE, INCONCLUSIVE = 0, 1, 3
"""Exit codes with --gate; 2 is wrong usage."""
CRASHED = 70


def run_compare(
    names: Sequence[str],
    *,
    results: Path | None,
    margin: float,
    domain: Sequence[str],
    output: Sequence[Path],
    gate: bool,
    to_json: bool,
) -> int:
    """Compare, print or write, return the exit code. Raises `EquipoiseError` for what cannot be compared."""
    for path in output:
        check_output(path)
    try:
        comparison = compare(names, results=results, margin=margin, domain=domain)
        for path in output:
            write_report(comparison, path)
    except EquipoiseError:
        raise
    except Exception:  # a crash must not look like a verdict: Python's own exit code for it is that of a collapse
        if not gate:
            raise
        traceback.print_exc()
        return CRASHED
    if to_json:
        print(as_json(comparison), end="")
    else:
        _print(comparison, output)
    return gate_code(comparison) if gate else NO_COLLAPSE


def gate_code(comparison: Comparison) -> int:
    """0 no checkpoint collapsed, 1 one did, 3 one is open, lacks a task of the base, or has no general task to tell by."""
    answers = {c.general.decision.answer if c.general else "inconclusive" for c in comparison.compared}
    if any(c.missing for c in comparison.compared):
        answers.add("inconclusive")
    return COLLAPSE if "collapse" in answers else INCONCLUSIVE if "inconclusive" in answers else NO_COLLAPSE


def _print(comparison: Comparison, output: Sequence[Path]) -> None:
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"against {escape(comparison.base.name)}", overflow="fold")
    for title in ("domain", "ΔD", "general", "ΔG", "balance"):
        table.add_column(title, justify="left" if title in ("domain", "general") else "right", no_wrap=True)
    for c in comparison.compared:
        table.add_row(escape(c.name), *_cells(c))
    console.print(table)
    for c in comparison.compared:
        console.print(f"\n{paragraph(comparison, c)}", markup=False, soft_wrap=True)
        for warning in c.warnings:
            console.print(f"  note: {warning}", markup=False, soft_wrap=True)
        if c.left_out:
            console.print(
                f"  in neither score, no chance level or direction known: {', '.join(c.left_out)}", markup=False, soft_wrap=True
            )
        if c.unmatched:
            console.print(f"  not scored for the base: {', '.join(c.unmatched)}", markup=False, soft_wrap=True)
    for path in output:
        console.print(f"\nReport: {path}", markup=False, soft_wrap=True)


def _cells(c: Compared) -> list[str]:
    return [
        c.domain_verdict or "not scored",
        f"{c.domain.difference.mean:+.3f}" if c.domain else "",
        c.general.decision.answer if c.general else "not scored",
        f"{c.general.decision.mean:+.3f}" if c.general else "",
        f"{c.balances.base.value:.3f} → {c.balances.other.value:.3f}" if c.balances else "",
    ]
