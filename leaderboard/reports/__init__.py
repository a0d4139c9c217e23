"""A comparison as a report: one self-contained HTML file, Markdown for a pull request, JSON for a program."""

from __future__ import annotations

from pathlib import Path

from equipoise.harness_ext.compare import Comparison
from equipoise.harness_ext.errors import ResultsError
from equipoise.harness_ext.files import write_atomically
from equipoise.leaderboard.reports._json import as_json
from equipoise.leaderboard.reports._render import as_html, as_markdown
from equipoise.leaderboard.reports._words import paragraph

FORMATS = {".html": as_html, ".md": as_markdown, ".json": as_json}

__all__ = ["FORMATS", "as_html", "as_json", "as_markdown", "check_output", "paragraph", "write_report"]


def check_output(path: Path) -> None:
    """Raise `ResultsError` for a report that could not be written; to be called before long work."""
    if path.suffix.lower() not in FORMATS:
        raise ResultsError(f"--output {path}: ends in {path.suffix or 'nothing'}; use {', '.join(FORMATS)}")
    if path.is_dir():
        raise ResultsError(f"--output {path}: is a folder")


def write_report(comparison: Comparison, path: Path) -> None:
    """Write a report in the format of its name. Raises `ResultsError` where it cannot be written."""
    check_output(path)
    try:
        write_atomically(path, FORMATS[path.suffix.lower()](comparison))
    except OSError as error:
        raise ResultsError(f"--output {path}: cannot be written ({error.strerror or error})") from error
