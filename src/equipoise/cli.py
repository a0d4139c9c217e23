"""The `equipoise` command. A verb's module is imported only when that verb runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from equipoise import __version__
from equipoise.harness_ext.errors import EquipoiseError

app = typer.Typer(
    help="Adapt an open language model to your business, and see what it costs elsewhere.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
rubric = typer.Typer(help="Question sets with scoring guidelines: ours and yours.", no_args_is_help=True)
app.add_typer(rubric, name="rubric")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"equipoise {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Adapt an open language model to your business, and see what it costs elsewhere."""


@rubric.command("check")
def rubric_check(
    folder: Annotated[str, typer.Argument(help="A bundled set (monetization45), or a folder or file of questions.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Also list what the rules saw in each disagreement.")] = False,
) -> None:
    """Lint a question set: schema, forms, references, hand-marked answers, answers that say nothing."""
    from equipoise.harness_ext.rubric_report import run_check

    raise typer.Exit(run_check(folder, as_json=as_json, verbose=verbose))


@app.command("model")
def model(
    name: Annotated[str, typer.Argument(help="A bundled model, e.g. smollm2-135m.")],
) -> None:
    """Print the folder of a bundled model, converting it on first use."""
    from equipoise.harness_ext.models import bundled_model

    print(bundled_model(name))


@app.command("summary")
def summary(
    results: Annotated[Path, typer.Argument(help="A result folder or results_*.json file of lm-eval.")],
    question: Annotated[str | None, typer.Option(help="Show this question instead of the most telling one.")] = None,
) -> None:
    """Print one run of a rubric task as a table: scores with intervals, weakest categories, one graded answer."""
    from equipoise.harness_ext.summary import print_summary

    print_summary(results, question)


def main() -> None:
    """Run the command; a mistake in the input is one line on standard error and exit code 2."""
    try:
        app()
    except EquipoiseError as error:
        print(f"equipoise: {error}", file=sys.stderr)
        sys.exit(2)
