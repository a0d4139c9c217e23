"""From a model's raw answer to plain characters: thinking cut off, Unicode, Markdown, LaTeX and HTML reduced."""

from __future__ import annotations

import re
import unicodedata

MAX_CHARS = 40_000
"""Only this much of an answer is graded: no human reads on, and a verdict must not take seconds."""

_THINK_END = re.compile(r"</(?:think|thinking|reasoning)>", re.I)
_THINK_START = re.compile(r"<(?:think|thinking|reasoning)>", re.I)

_QUOTES = str.maketrans(
    {
        "‘": "'", "’": "'", "ʼ": "'", "´": "'", "′": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "−": "-", "—": " - ", "―": " - ", "⁄": "/", "∕": "/",
        "•": "-", "◦": "-", "▪": "-", "·": "-", "∶": ":", "×": "×", "✕": "×", "✖": "×", "⋅": "×", "∗": "*",
        "→": " -> ", "⇒": " -> ", "➜": " -> ", "➔": " -> ",
    }
)  # fmt: skip
_LATEX = [
    (re.compile(r"\\(?:d|t)?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}"), r"\1 / \2"),
    (re.compile(r"\\(?:text|mathrm|mathbf|textbf|boxed|operatorname)\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"\\(?:times|cdot)\b"), "×"),
    (re.compile(r"\\(?:approx|simeq)\b"), "≈"),
    (re.compile(r"\\(?:to|rightarrow|Rightarrow|implies)\b"), "->"),
    (re.compile(r"\\(?:leq?|geq?)\b"), ""),
    (re.compile(r"\\div\b"), "/"),
    (re.compile(r"\\[,;!:]|\\[()\[\]]|\\quad\b|\$\$"), " "),
    (re.compile(r"\\([%$#&_{}*|~-])"), r"\1"),
]
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\([^()\s]{0,500}\)")
_BREAK = re.compile(r"<br\s*/?>", re.I)
_TAG = re.compile(r"</?(?:p|div|ul|ol|li|b|i|em|strong|span|h[1-6]|table|tr|td|th|tbody|thead)\b[^<>]{0,200}>", re.I)
_EMPHASIS = re.compile(r"\*\*+|__+|~~+|`+")
_MARKS = frozenset("*_~`")
_SINGLE_STAR = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,200}?)(?<=[^\s*])\*(?![\w*])")
_THIN_THOUSANDS = re.compile(r"(?<=\d)[\u00a0\u202f\u2009](?=\d{3}(?!\d))")
_UNUSUAL = re.compile(r"[^\n\t\x20-\x7e]")


def answer_text(raw: str) -> str:
    """The part of `raw` that is graded: what follows the model's thinking, at most `MAX_CHARS` characters.

    A thinking block that never ends means the answer was never given: the result is empty.
    """
    ends = list(_THINK_END.finditer(raw))
    if ends:
        raw = raw[ends[-1].end() :]
    start = _THINK_START.search(raw)
    if start:
        raw = raw[: start.start()]
    return raw[:MAX_CHARS]


def normalise(text: str) -> str:
    """NFKC, plain quotes and dashes, no control characters, LaTeX and HTML reduced; line breaks and Markdown kept."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = _THIN_THOUSANDS.sub(",", text)
        text = unicodedata.normalize("NFKC", text.translate(_QUOTES)).translate(_QUOTES)
    if "\\" in text:
        for pattern, replacement in _LATEX:
            text = pattern.sub(replacement, text)
    if "<" in text:
        text = _TAG.sub(" ", _BREAK.sub("; ", text))
    text = _LINK.sub(r"\1", text)
    return _UNUSUAL.sub(_printable, text)


def _printable(match: re.Match[str]) -> str:
    """A character beyond ASCII as it is; a format character as nothing, any other control character as a space."""
    category = unicodedata.category(match[0])
    return match[0] if category[0] != "C" else "" if category == "Cf" else " "


def plain(text: str) -> str:
    """One line of normalised text without Markdown marks, white space collapsed."""
    if _MARKS & set(text):
        text = _EMPHASIS.sub("", _SINGLE_STAR.sub(r"\1", text))
    return " ".join(text.split())
