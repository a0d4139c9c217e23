"""Templates and what they need: HTML is escaped by jinja, unknown names are errors."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from equipoise import __version__
from equipoise.harness_ext.compare import Compared, Comparison, Flipped
from equipoise.leaderboard.reports._figures import changes, scatter
from equipoise.leaderboard.reports._provenance import provenance
from equipoise.leaderboard.reports._words import DOMAIN_TITLES, GENERAL_TITLES, encodable, overview, p_value, paragraph, signed

_HERE = Path(__file__).parent

LONGEST = 6_000
"""Characters of one answer that a report shows; the whole is in the samples file."""
MOST_FLIPPED = 60
"""Lost items that a report lists per ability."""


def as_html(comparison: Comparison) -> str:
    """One file with everything in it: opens offline, prints, follows the reader's dark or light."""
    return encodable(_environment(html=True).get_template("report.html.j2").render(_context(comparison)))


def as_markdown(comparison: Comparison) -> str:
    """For a pull request: verdicts, tables, no answers."""
    return encodable(_environment(html=False).get_template("report.md.j2").render(_context(comparison)))


def _environment(*, html: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=html,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": _number,
        "signed": _signed,
        "shortened": _shortened,
        "p": p_value,
        "cell": _cell,
        "summary": _summary,
        "prompt_end": _prompt_end,
    }
    environment.filters |= {"zip": zip, "reach": _reach, "span": _span}
    environment.globals["css"] = Markup((_HERE / "report.css").read_text("utf-8"))
    return environment


def _context(comparison: Comparison) -> dict[str, Any]:
    return {
        "comparison": comparison,
        "version": __version__,
        "created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "overview": overview(comparison),
        "paragraph": lambda compared: paragraph(comparison, compared),
        "domain_titles": DOMAIN_TITLES,
        "general_titles": GENERAL_TITLES,
        "scatter": scatter(comparison),
        "changes": changes,
        "provenance": provenance(comparison),
        "critical": _critical,
        "flipped_by_ability": _flipped,
    }


def _critical(compared: Compared) -> list[Any]:
    """Questions that fail a critical criterion now and did not before."""
    return [q for q in compared.domain.questions if q.critical and not q.base_critical] if compared.domain else []


def _flipped(compared: Compared) -> list[tuple[str, list[Flipped], int]]:
    """(ability, lost items shown, all lost) where any were lost."""
    abilities = compared.general.abilities if compared.general else []
    return [(a.difference.name, list(a.lost[:MOST_FLIPPED]), len(a.lost)) for a in abilities if a.lost]


def _reach(value: float) -> str:
    """A detectable effect; infinite where so few questions could show nothing."""
    return _number(value) if math.isfinite(value) else "none"


def _span(bounds: tuple[float, float] | None) -> str:
    return "unknown" if bounds is None else f"{bounds[0]:.3f}–{bounds[1]:.3f}"


def _number(value: float | None, places: int = 3) -> str:
    return "unknown" if value is None or not math.isfinite(value) else f"{value:.{places}f}"


def _signed(value: float | None, places: int = 3) -> str:
    return "unknown" if value is None or not math.isfinite(value) else signed(value, places)


def _shortened(text: str) -> str:
    left = len(text) - LONGEST
    return text if left <= 0 else f"{text[:LONGEST]}\n… {left:,} more characters in the samples file"


def _prompt_end(text: str) -> str:
    """The end of a prompt, where its question is."""
    return text if len(text) <= 1_500 else "… " + text[-1_500:]


def _cell(text: object) -> str:
    """Text that cannot leave its Markdown cell."""
    plain = " ".join(str(text).split())
    for mark in "\\`*_{}[]<>|$~#&":
        plain = plain.replace(mark, "\\" + mark)
    return plain


def _summary(text: object) -> Markup:
    """Text inside an HTML tag of the Markdown, where a backslash escapes nothing."""
    return escape(" ".join(str(text).split()))
