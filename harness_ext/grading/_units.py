"""Cut normalised text into units: sentences, list items, table rows.

Patterns are searched inside one unit; numbers are tied to names of their unit or of its context, the headings and lead-in
lines above it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from equipoise.harness_ext.grading._normalise import plain

MAX_UNIT = 1_500
"""Characters of one unit."""

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
