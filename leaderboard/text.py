"""Text of files in a page: shown as it is, never read as Markdown, LaTeX or HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

import pandas as pd

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$~:^=&])")
_READ_LATER = re.compile(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)|(?<=-)(?=>)|(?<=<)(?=[-=])|(?<=[>~])(?==)|(?<= -)(?=- )", re.IGNORECASE)
"""Where links, mail addresses, emoji and arrows are found after escapes are gone."""
_JOINER = "\u2060"
"""Has no width, and breaks what it stands in."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
LONGEST = 20_000
"""Characters of one text that a page shows."""


def whole(text: str) -> str:
    """The text with a question mark for each half of a surrogate pair, which cannot be sent."""
    return text.encode("utf-8", "replace").decode("utf-8")


def escaped(text: object, longest: int = 200) -> str:
    """For Streamlit's Markdown: every mark is escaped, lines are joined, long texts end in an ellipsis."""
    plain = " ".join(whole(str(text)).split())
    plain = plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
    return _MARKS.sub(r"\\\1", _READ_LATER.sub(_JOINER, plain))


def counted_as(number: int, one: str, many: str) -> str:
    """Such as `1 run`, `2 runs`."""
    return f"{number:,} {one if number == 1 else many}"


def cut(text: str) -> str:
    """The text, or its beginning and how much is left."""
    left = len(text) - LONGEST
    return whole(text) if left <= 0 else f"{whole(text[:LONGEST])}\n… {left:,} more characters in the samples file"


def highlighted(text: str, spans: Iterable[str]) -> str:
    """HTML of an answer with the words that decided marked where they first stand as words of their own; everything is escaped."""
    shown = cut(text)
    wanted = sorted({whole(s).strip() for s in spans if len(s.strip()) > 1}, key=len, reverse=True)[:20]
    places = [
        found.span()
        for s in wanted
        if (found := re.search(rf"(?<![0-9A-Za-z_])(?<!\d[.,]){re.escape(s)}(?![0-9A-Za-z_]|[.,]\d)", shown))
    ]
    places = [(a, b) for i, (a, b) in enumerate(places) if all(b <= c or d <= a for c, d in places[:i])]
    parts, at = [], 0
    for start, end in sorted(places):
        parts += [html.escape(shown[at:start]), "<mark>", html.escape(shown[start:end]), "</mark>"]
        at = end
    body = "".join([*parts, html.escape(shown[at:])])
    return f'<div dir="auto" style="white-space:pre-wrap;overflow-wrap:anywhere">{body}</div>'


def as_csv(rows: pd.DataFrame) -> bytes:
    """For a spreadsheet: no cell begins as a formula does."""
    texts = rows.select_dtypes(include=["object", "string", "category"]).columns
    safe = {name: rows[name].astype(object).map(_cell) for name in texts}
    return rows.assign(**safe).to_csv(index=False).encode("utf-8", "replace")


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
