"""From a model's raw answer to graded text: normalised characters, cut into units.

A *unit* is one sentence, list item or table row. Patterns are searched inside one unit, numbers are tied to labels
of their unit or of its context: the headings and lead-in lines above it.
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from equipoise.harness_ext.grading._numbers import values_in

MAX_CHARS = 40_000
"""Only this much of an answer is graded: no human reads on, and a verdict must not take seconds."""

MAX_UNIT = 1_500
"""Characters of one unit."""

COPIED = 0.75
"""Share of a long sentence's four-word runs that stand in the prompt, from which on it counts as copied."""

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
_SINGLE_STAR = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,200}?)(?<=[^\s*])\*(?![\w*])")
_THIN_THOUSANDS = re.compile(r"(?<=\d)[\u00a0\u202f\u2009](?=\d{3}(?!\d))")
_UNUSUAL = re.compile(r"[^\n\t\x20-\x7e]")
_FENCE = re.compile(r"^\s*(```|~~~)")
_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(.*)$")
_ITEM = re.compile(r"^(\s*)(?:[-*+]|(?:\*\*|__)?\(?(\d{1,3}|[a-zA-Z])[.)])\s+(.*)$")
_LABELLED = re.compile(r"^\s*(?:[\w'%/&-]+ ?){1,4}:\s")
_BOLD_LINE = re.compile(r"^\s*(?:\*\*|__)([^*_]{1,80})(?:\*\*|__)\s*:?\s*$")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|approx|etc|incl|excl|no|inc|ltd|co|corp|dept|est|fig|min|max|avg|resp|cf|st|dr|mr|mrs|ms)"
    r"|\b[A-Z]\.[A-Z])\.$",
    re.I,
)
_SENTENCE_END = re.compile(r"([.!?][\"')\]]*)\s+(?=[\"'(\[]?[A-Z0-9$€£¥<>~≈+-])")


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
    text = _THIN_THOUSANDS.sub(",", text.replace("\r\n", "\n").replace("\r", "\n"))
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
    text = _EMPHASIS.sub("", _SINGLE_STAR.sub(r"\1", text))
    return " ".join(text.split())


class Match(NamedTuple):
    """A pattern's match inside one unit: character offsets into `Answer.flat`."""

    start: int
    end: int
    unit: int


@dataclass(frozen=True, slots=True)
class Unit:
    """One sentence, list item or table row."""

    text: str
    context: str = ""
    """Headings and lead-in lines above it, outermost first, joined by " > "."""
    kind: str = "sentence"
    """`sentence`, `heading` (also a lead-in line) or `row`."""
    number: int | None = None
    """The marker of a numbered list item."""
    block: int = 0
    """The paragraph, list item or table it stands in."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A normalised answer. `flat` is its units, one per line; offsets into it are what pattern matches report."""

    raw: str
    units: tuple[Unit, ...]
    flat: str
    starts: tuple[int, ...] = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)
    givens: frozenset[float] = frozenset()
    """Values that the question itself prints."""
    found: dict[tuple[str, ...], list[Match]] = field(default_factory=dict, repr=False, compare=False)
    """Matches already searched for: criteria of one question share labels."""
    encoded: bytes = b""
    """`flat` in UTF-8, which is what RE2 searches."""
    characters: tuple[int, ...] | None = field(default=None, repr=False)
    """Index of the character that each byte of `encoded` belongs to; None where the text is plain ASCII."""

    def unit_at(self, offset: int) -> int:
        """Index of the unit that holds character `offset` of `flat`."""
        return bisect.bisect_right(self.starts, offset) - 1


def parse(raw: str, ignore: Iterable[str] = ()) -> Answer:
    """Normalise a raw answer and cut it into units.

    Sentences of six or more words that are copied, word for word or nearly, from one of the `ignore` texts (the prompts)
    are dropped: repeating the question earns nothing.
    """
    text = answer_text(raw)
    known = _known_from(tuple(ignore))
    units = tuple(u for u in segment(normalise(text)) if not _copies(u.text, known))
    starts, at = [], 0
    for unit in units:
        starts.append(at)
        at += len(unit.text) + 1
    texts = tuple(u.text for u in units)
    flat = "\n".join(texts)
    encoded = flat.encode()
    characters = None if flat.isascii() else (*(i for i, c in enumerate(flat) for _ in range(len(c.encode()))), len(flat))
    return Answer(text, units, flat, tuple(starts), texts, known.values, encoded=encoded, characters=characters)


class _Prompts(NamedTuple):
    """What is known from the question itself."""

    sentences: frozenset[str]
    """Its sentences of six or more words."""
    runs: frozenset[str]
    """Its runs of four words."""
    values: frozenset[float]


@lru_cache(maxsize=1024)
def _known_from(prompts: tuple[str, ...]) -> _Prompts:
    texts = [normalise(p) for p in prompts]
    keys = [_key(u.text) for t in texts for u in segment(t)]
    return _Prompts(
        frozenset(k for k in keys if len(k.split()) >= 6),
        frozenset(run for k in keys for run in _runs(k)),
        frozenset().union(*(values_in(t) for t in texts)),
    )


def _copies(text: str, known: _Prompts) -> bool:
    """Whether a unit is a sentence of the prompt, give or take a few words; for a long one, nearly word for word."""
    key = _key(text)
    if any(k in key and len(key) - len(k) <= 24 for k in known.sentences):
        return True
    runs = _runs(key)
    return len(runs) >= 8 and sum(run in known.runs for run in runs) >= COPIED * len(runs)


def _runs(key: str) -> list[str]:
    words = key.split()
    return [" ".join(words[i : i + 4]) for i in range(len(words) - 3)]


def _key(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()


def segment(text: str) -> list[Unit]:
    """Cut normalised text into units, each with the headings and lead-ins it stands under."""
    units: list[Unit] = []
    stack: list[tuple[int, str]] = []  # (rank, text): heading ranks 1-6, lead-in 10, list items 20 + indent
    lines = text.split("\n")
    i = 0
    after_blank = True
    while i < len(lines):
        line = lines[i]
        if not line.strip() or _FENCE.match(line):
            after_blank = True
            i += 1
            continue
        table = _table(lines, i)
        if table:
            rows, i = table
            context = _context(stack)
            units += [Unit(row, context, "row", block=i) for row in rows]
            continue
        heading = _HEADING.match(line)
        bold = _BOLD_LINE.match(line)
        if heading or bold:
            body = plain(heading[2].rstrip("# ") if heading else line)
            rank = len(heading[1]) if heading else 7
            context = _push(stack, rank, body)
            units += [Unit(sentence, context, "heading", block=i) for sentence in split_sentences(body)]
            i += 1
            continue
        item = _ITEM.match(line)
        body, i = _join_wrapped(lines, i)
        number: int | None = None
        if item:
            indent = len(item[1].expandtabs(4))
            number = int(item[2]) if item[2] and item[2].isdigit() else None
            body = plain(body[item.start(3) :])
            rank = 20 + min(indent, 40)
        else:
            body = plain(body)
            rank = 10
            if after_blank:
                _pop(stack, 10)
        after_blank = False
        _pop(stack, rank)
        sentences = split_sentences(body)
        for position, sentence in enumerate(sentences):
            lead = sentence.endswith(":")
            units.append(Unit(sentence, _context(stack), "heading" if lead else "sentence", None if position else number, i))
        if item or (sentences and sentences[-1].endswith(":")):
            stack.append((rank, sentences[-1] if sentences and sentences[-1].endswith(":") else body[:200]))
    return [u for u in units if u.text]


def split_sentences(text: str) -> list[str]:
    """Sentences of one line of plain text; abbreviations and decimals do not end one."""
    parts, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        if _ABBREVIATION.search(text[max(start, match.start() - 12) : match.start() + 1]):
            continue
        parts.append(text[start : match.end(1)].strip())
        start = match.end()
    parts.append(text[start:].strip())
    return [piece for part in parts if part for piece in _pieces(part)]


def _pieces(sentence: str) -> list[str]:
    """A "sentence" of absurd length in pieces, so that no unit costs more than a unit should."""
    pieces = []
    while len(sentence) > MAX_UNIT:
        cut = sentence.rfind(" ", MAX_UNIT // 2, MAX_UNIT)
        cut = cut if cut > 0 else MAX_UNIT
        pieces.append(sentence[:cut])
        sentence = sentence[cut:].lstrip()
    return [*pieces, sentence] if sentence else pieces


def _pop(stack: list[tuple[int, str]], rank: int) -> None:
    while stack and stack[-1][0] >= rank:
        stack.pop()


def _push(stack: list[tuple[int, str]], rank: int, text: str) -> str:
    _pop(stack, rank)
    context = _context(stack)
    stack.append((rank, text))
    return context


def _context(stack: list[tuple[int, str]]) -> str:
    return " > ".join(text for _, text in stack)


def _join_wrapped(lines: list[str], i: int) -> tuple[str, int]:
    """Lines of one paragraph or list item that a writer wrapped at a fixed width."""
    body = lines[i]
    i += 1
    while i < len(lines):
        last, line = lines[i - 1].rstrip(), lines[i]
        wrapped = len(last) >= 60 and not last.endswith((":", "|"))
        if not line.strip() or not wrapped or _ITEM.match(line) or _HEADING.match(line) or _FENCE.match(line):
            break
        if line.count("|") >= 2 or _LABELLED.match(line) or ("=" in last and "=" in line):
            break  # a table, "draft: 17.94k - …", one calculation per line
        body += " " + line.strip()
        i += 1
    return body, i


def _is_table_rule(line: str) -> bool:
    return "|" in line and "-" in line and set(line) <= set(" \t|:+-")


def _cells(line: str) -> list[str]:
    return [plain(c) for c in line.strip().strip("|").split("|")]


def _table(lines: list[str], i: int) -> tuple[list[str], int] | None:
    """A Markdown table at line `i`: its rows as "row header; column header: cell; …", and the line after it."""
    if "|" not in lines[i] or i + 1 >= len(lines) or not _is_table_rule(lines[i + 1]):
        return None
    header = _cells(lines[i])
    rows: list[str] = []
    i += 2
    while i < len(lines) and "|" in lines[i]:
        cells = _cells(lines[i])
        parts = cells[:1] + [
            f"{header[k]}: {cell}" if k < len(header) and header[k] else cell for k, cell in enumerate(cells[1:], start=1) if cell
        ]
        rows.append("; ".join(p for p in parts if p))
        i += 1
    return [" - ".join(h for h in header if h), *rows], i
