"""Print the linter's report on a question set."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from equipoise.harness_ext.errors import RubricError
from equipoise.harness_ext.rubric import load_questions
from equipoise.harness_ext.rubric_check import SetReport, check_questions


def find_set(name: str) -> Path:
    """A bundled question set by name, else a path. Raises `RubricError` listing the bundled ones."""
    path = Path(name)
    if path.exists():
        return path
    tasks = Path(str(files("equipoise") / "tasks"))
    bundled = sorted(p.parent.name for p in tasks.glob("*/questions"))
    if name in bundled:
        return tasks / name
    raise RubricError(f"{name}: no such folder; bundled question sets: {', '.join(bundled)}")


def run_check(name: str, *, as_json: bool = False, verbose: bool = False) -> int:
    """Check a set and print the report; 0 where it is clean, else 1."""
    folder = find_set(name)
    jargon_file = (folder if folder.is_dir() else folder.parent.parent) / "jargon.yml"
    jargon = yaml.safe_load(jargon_file.read_text("utf-8")) if jargon_file.is_file() else None
    report = check_questions(load_questions(folder), jargon)
    if as_json:
        print(json.dumps(asdict(report) | {"summary": report.summary(), "ok": report.ok}, indent=1))
    else:
        _print(report, verbose=verbose)
    return 0 if report.ok else 1


def _print(report: SetReport, *, verbose: bool) -> None:
    console = Console(width=None if Console().is_terminal else 140, highlight=False)
    table = Table("question", *(("criteria", "ruled", "reference", "worst form", "stale nums", "swapped", "marks", "worst null")))
    for column in table.columns[1:]:
        column.justify = "right"
    for q in report.questions:
        worst = max(q.nulls, key=lambda n: q.nulls[n]) if q.nulls else ""
        table.add_row(
            q.id, str(q.criteria), f"{q.rule_share:.0%}", f"{q.reference:.2f}", f"{q.worst_form:.2f}", _share(q.stale_numbers),
            _share(q.swapped_numbers), f"{q.agreed}/{q.marks}", f"{q.nulls[worst]:.2f} {worst}" if worst else "",
            style="red" if q.problems else None,
        )  # fmt: skip
    console.print(table)
    for name, value in report.summary().items():
        console.print(
            f"  {name.replace('_', ' '):<42} {'n/a' if value is None else value if isinstance(value, int) else f'{value:.3f}'}"
        )
    if report.disagreements:
        console.print(f"\nHand marks that the rules judge otherwise ({len(report.disagreements)}):")
        for d in report.disagreements:
            console.print(f"  {d.question}, answer {d.answer}, {d.criterion}: marked {'met' if d.marked else 'not met'}, judged {'met' if d.judged.met else 'not met'}", markup=False)  # fmt: skip
            if verbose:
                console.print(f"      {d.judged.why}: {d.judged.span!r}", markup=False)
    problems = [f"{q.id}: {p}" for q in report.questions for p in q.problems] + report.problems
    console.print(f"\n{len(problems)} problem{'s' if len(problems) != 1 else ''}" + (":" if problems else ": the set is clean."))
    for problem in problems:
        console.print(f"  {problem}", markup=False)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
