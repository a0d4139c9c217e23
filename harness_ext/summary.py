"""A run as one readable screen: its rubric tasks, and a table of its general abilities."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from equipoise.harness_ext.balance import scores_of
from equipoise.harness_ext.errors import ResultsError
from equipoise.harness_ext.general_summary import print_general
from equipoise.harness_ext.grading import Verdict
from equipoise.harness_ext.lmeval_task import criteria_of
from equipoise.harness_ext.results import Run, latest_run
from equipoise.harness_ext.scoring import consistency, unjudged_critical
from equipoise.harness_ext.stats import Interval, clustered_mean


@dataclass(frozen=True, slots=True)
class Summary:
    """What the screen shows; shares are 1.0 for full marks."""

    task: str
    version: str
    model: str
    form: int
    questions: int
    answers: int
    metrics: dict[str, Interval]
    """`score`, `reliability`, `business_impact`, `pass_all`, `pass_any`, `harm_any`."""
    consistency: float | None
    critical_failures: int
    unjudged_critical: int
    truncated: float
    coverage: float
    categories: list[tuple[str, float, int]]
    """(category, mean score, questions), weakest first."""


def summarise(run: Run, task: str, rows: list[dict[str, Any]]) -> Summary:
    """The figures of one rubric task from its samples."""
    metrics = {name: clustered_mean([row[name] for row in rows]) for name in _SHOWN}
    by_category: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        by_category[row["doc"]["category"]].append(row["score"])
    unjudged = {
        (row["doc_id"], criterion)
        for row in rows
        for graded in _graded(row)
        for criterion in unjudged_critical(criteria_of(row["doc"]), [Verdict(**v) for v in graded["verdicts"]])
    }
    return Summary(
        task=task,
        version=str(run.results.get("versions", {}).get(task, "unknown")),
        model=_model_name(run),
        form=int(rows[0]["doc"]["form"]),
        questions=len(rows),
        answers=sum(len(draws) for row in rows for draws in row["resps"]),
        metrics=metrics,
        consistency=consistency(metrics["pass_all"].mean, metrics["pass_any"].mean),
        critical_failures=sum(row["critical_failure"] > 0 for row in rows),
        unjudged_critical=len(unjudged),
        truncated=mean(row["truncated"] for row in rows),
        coverage=mean(row["coverage"] for row in rows),
        categories=sorted(((c, mean(v), len(v)) for c, v in by_category.items()), key=lambda item: item[1]),
    )


def _model_name(run: Run) -> str:
    """The model as the run names it; of a local folder only its own name."""
    name = str(run.results.get("model_name") or run.results.get("config", {}).get("model", "unknown"))
    return Path(name).name if name.startswith(("/", "~", ".")) else name


_SHOWN = ("score", "reliability", "business_impact", "pass_all", "pass_any", "harm_any")


def rubric_tasks(run: Run) -> list[str]:
    """Tasks of a run that are graded with criteria."""
    return [task for task, metrics in run.results["results"].items() if "score,rubric" in metrics]


def print_summary(path: Path, question: str | None = None) -> None:
    """Print the newest run under `path`: every rubric task with one graded answer each, then its general abilities."""
    run = latest_run(path)
    tasks = rubric_tasks(run)
    scores, left_out = scores_of(run)
    if not scores:
        raise ResultsError(
            f"{run.path}: no rubric task, and no general task with a known chance level; it has {', '.join(run.results['results']) or 'no tasks'}"
        )
    console = Console(highlight=False)
    for task in tasks:
        rows = run.samples(task)
        if not rows:
            raise ResultsError(f"{run.sample_file(task)}: no samples in it")
        _print_scores(console, summarise(run, task, rows))
        _print_question(console, _pick(rows, question))
    print_general(console, _model_name(run), scores, left_out)
    console.print(f"\n[bold]Files[/]\n  {escape(str(run.path))}", soft_wrap=True)
    for task in tasks:
        console.print(f"  {escape(str(run.sample_file(task)))}", soft_wrap=True)


def _print_scores(console: Console, s: Summary) -> None:
    form = "canonical form" if s.form == 0 else f"form {s.form}"
    console.print(
        f"\n[bold]{escape(s.task)}[/] {escape(s.version)} · {escape(s.model)} · {form} · {s.questions} questions, {s.answers} answers\n",
        soft_wrap=True,
    )
    table = Table("", "", "95 % interval", "", show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, label, note in (
        ("score", "[bold]Score[/]", "points of met criteria ÷ positive points; harm can push it below 0"),
        ("reliability", "  Reliability", "facts, numbers, logic, honesty"),
        ("business_impact", "  Business impact", "decision, action, risk, next step"),
    ):
        x = s.metrics[name]
        table.add_row(label, f"{x.mean:.3f}", f"{x.low:.3f} … {x.high:.3f}", f"[dim]{note}[/]")
    held = "unknown" if s.consistency is None else f"{s.consistency:.3f}"
    both = f"{s.metrics['pass_all'].mean:.3f} under every phrasing, {s.metrics['pass_any'].mean:.3f} under at least one"
    table.add_row("  Consistency", held, "", f"[dim]{both}[/]")
    unjudged = f"; {s.unjudged_critical} critical criteria not judged" if s.unjudged_critical else ""
    table.add_row(
        "Critical failures",
        f"{s.critical_failures}/{s.questions}",
        "",
        f"[dim]questions where a phrasing fails a critical criterion{unjudged}[/]",
    )
    harm = s.metrics["harm_any"]
    table.add_row(
        "Harm",
        f"{harm.mean:.3f}",
        f"{max(harm.low, 0):.3f} … {harm.high:.3f}",
        "[dim]share of negative points met under any phrasing[/]",
    )
    table.add_row("Truncated answers", f"{s.truncated:.0%}", "", "[dim]estimate; raise max_gen_toks if many[/]")
    if s.coverage < 1:
        table.add_row("Coverage", f"{s.coverage:.0%}", "", "[dim]share of points that was judged[/]")
    console.print(table)
    if not s.metrics["score"].informative:
        console.print(
            f"  [yellow]Too few informative questions:[/] fewer than 30 % of the {s.questions} questions score above zero; the intervals are too narrow."
        )
    console.print("\n[bold]Weakest categories[/]  " + " · ".join(f"{escape(c)} {m:.3f}" for c, m, _ in s.categories[:3]))


def _pick(rows: list[dict[str, Any]], question: str | None) -> dict[str, Any]:
    """The asked question, else the one with the most criteria met: it shows both kinds of verdict."""
    if question is None:
        return max(rows, key=lambda row: sum(bool(v["met"]) for v in _graded(row)[0]["verdicts"]))
    found = next((row for row in rows if row["doc"]["id"] == question), None)
    if found is None:
        raise ResultsError(f"no question {question!r} in this run; it has {', '.join(row['doc']['id'] for row in rows[:6])}, …")
    return found


def _print_question(console: Console, row: dict[str, Any]) -> None:
    graded = _graded(row)[0]
    doc = row["doc"]
    console.print(
        f"\n[bold]One question: {escape(doc['id'])}[/] {escape(doc['title'])} [dim](score {row['score']:.2f} over {len(doc['prompts'])} phrasings)[/]"
    )
    console.print(_shorten(doc["prompt"], 600), style="dim", markup=False)
    console.print("\n[bold]Answer[/]")
    console.print(_shorten(graded["graded_text"], 700), markup=False)
    table = Table("", "points", "criterion", "why", box=None, padding=(0, 2, 0, 0), header_style="bold")
    for verdict, criterion in zip(graded["verdicts"], criteria_of(doc), strict=True):
        mark = _mark(verdict["met"], criterion.points)
        name = escape(criterion.text) + (" [bold](critical)[/]" if criterion.critical else "")
        why = verdict["why"] + (f": “{verdict['span'][:80]}”" if verdict["met"] and verdict["span"] else "")
        table.add_row(mark, f"{criterion.points:+d}", name, escape(why))
    console.print()
    console.print(table)


def _mark(met: bool | None, points: int) -> str:
    """A verdict in one word, red where it costs points."""
    if met is None:
        return "[dim]not judged[/]"
    if points > 0:
        return "[green]met[/]" if met else "[red]missed[/]"
    return "[red]harm[/]" if met else "[dim]avoided[/]"


def _graded(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The graded answers of one sample: phrasing by phrasing, draw by draw."""
    return [json.loads(text) for draws in row["filtered_resps"] for text in draws]


def _shorten(text: str, limit: int) -> str:
    text = text.strip()
    return text if len(text) <= limit else text[:limit].rstrip() + " …"
