"""Text of files in a page: shown as it is, never read as Markdown, LaTeX or HTML."""

from __future__ import annotations

import html
import re

_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$~:^=&])")
LONGEST = 20_000
"""Characters of one text that a page shows."""


def escaped(text: object, longest: int = 200) -> str:
    """For Streamlit's Markdown: every mark is escaped, lines are joined, long texts end in an ellipsis."""
    plain = " ".join(str(text).split())
    plain = plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
    return _MARKS.sub(r"\\\1", plain)


def cut(text: str) -> str:
    """The text, or its beginning and how much is left."""
    left = len(text) - LONGEST
    return text if left <= 0 else f"{text[:LONGEST]}\n… {left:,} more characters in the samples file"


def highlighted(text: str, spans: list[str]) -> str:
    """HTML of an answer with the words that decided marked; everything is escaped."""
    shown = html.escape(cut(text))
    for span in sorted({html.escape(s.strip()) for s in spans if len(s.strip()) > 1}, key=len, reverse=True)[:20]:
        at = shown.find(span)
        if at >= 0 and "<mark>" not in shown[at : at + len(span)]:
            shown = f"{shown[:at]}<mark>{span}</mark>{shown[at + len(span) :]}"
    return f'<div dir="auto" style="white-space:pre-wrap;overflow-wrap:anywhere">{shown}</div>'
