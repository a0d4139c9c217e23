"""What a text consists of: words, sentences, the entries of a list, a JSON object. All take time linear in the text."""

from __future__ import annotations

import itertools
import json
import re
import string
from collections.abc import Iterator
from typing import Any, TypeGuard

_PUNCTUATION = string.punctuation + "–—…«»•"
_ABBREVIATIONS = {"mr", "mrs", "ms", "dr", "st", "vs", "e.g", "i.e"}
_MARKED = {"bullets": re.compile(r"[-*•]\s+(?P<entry>.+)"), "numbered": re.compile(r"(?P<number>\d+)[.)]\s+(?P<entry>.+)")}


def words(text: str) -> list[str]:
    """The words of a text, without punctuation around them; list marks are not words."""
    return [token.strip(_PUNCTUATION) for token in _bare(text).split() if any(char.isalnum() for char in token)]


def sentences(text: str) -> list[str]:
    """The sentences of a text: they end in `.`, `!` or `?` before a space, at a blank line, or at the end."""
    return [part for paragraph in re.split(r"\n\s*\n", _bare(text)) for part in _sentences(paragraph) if words(part)]


def entries(text: str, unit: str, key: str = "") -> list[str]:
    """The entries of a list in the given form: `bullets`, `numbered`, `commas` (on one line), `lines`, or `list`.

    A `list` is that of the JSON object under `key`, or its first one where the key is missing (keys are another constraint's affair).
    """
    if unit == "list":
        values = record(text)
        found = values.get(key) if key in values else next((value for value in values.values() if isinstance(value, list)), None)
        return found if strings(found) else []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if unit == "commas":
        return [part.strip() for part in text.strip().rstrip(".").split(",")] if len(lines) == 1 else []
    if unit in _MARKED:
        return [match["entry"].strip() for line in lines if (match := _MARKED[unit].match(line))]
    return lines


def numbers(text: str) -> list[str]:
    """The numbers of a numbered list as they are written, in the order of the text."""
    matches = (_MARKED["numbered"].match(line.strip()) for line in text.splitlines())
    return [match["number"] for match in matches if match]


def record(text: str) -> dict[str, Any]:
    """The JSON object that the text is, with or without a Markdown fence; empty where it is none."""
    inner = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        value = json.loads(inner)
    except (ValueError, RecursionError):  # not JSON, or nested without end: an ordinary wrong answer
        return {}
    return value if isinstance(value, dict) else {}


def strings(value: object) -> TypeGuard[list[str]]:
    """Whether the value is a list of strings."""
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def occurrences(text: str, word: str) -> int:
    """How often the word occurs on its own, in upper or lower case."""
    return len(re.findall(rf"(?<!\w){re.escape(word)}(?!\w)", text, flags=re.I))


def initials(found: list[str]) -> str:
    """The first letters of the entries in lower case, `?` for an entry without one."""
    return "".join(next((char for char in entry if char.isalpha()), "?") for entry in found).casefold()


def letter_counts(found: list[str]) -> list[int]:
    """The number of letters in each entry."""
    return [sum(char.isalpha() for char in entry) for entry in found]


def _bare(text: str) -> str:
    """The text without list marks such as `-` or `2.` at the start of its lines."""
    return re.sub(r"^[^\S\n]*(?:[-*•]|\d+[.)])\s+", "", text, flags=re.M)


def _sentences(paragraph: str) -> Iterator[str]:
    tokens = list(re.finditer(r"\S+", paragraph))
    has_capitals = paragraph != paragraph.lower()
    start = 0
    for token, following in itertools.zip_longest(tokens, tokens[1:]):
        stem = token[0].rstrip("\"')]*").rstrip(".!?")
        end = token[0][len(stem) :]
        if not set(end) & set(".!?") or (end == "." and stem.lstrip("(\"'").lower() in _ABBREVIATIONS):
            continue
        spoken_or_paused = end.startswith("..") or '"' in end  # '"Stop!" he said', 'well... no'
        if spoken_or_paused and has_capitals and following and following[0][0].islower():
            continue
        yield paragraph[start : token.end()].strip()
        start = token.end()
    yield paragraph[start:].strip()
