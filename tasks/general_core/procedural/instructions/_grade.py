"""Deciding whether a text keeps its constraints.

A constraint is a `Check`, such as {"name": "words", "n": 17}. A repeated request, a title line and enclosing quotes are peeled off
before the other constraints are decided, as the instructions say. A Markdown fence around JSON, `#`, `*` or quotes around a title,
curly quotes and invisible characters are forgiven.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from equipoise.tasks.general_core.procedural.instructions._text import (
    entries,
    initials,
    letter_counts,
    numbers,
    occurrences,
    record,
    sentences,
    strings,
    words,
)

Check = dict[str, Any]
WRAPPERS = ("echo", "title", "quoted")

_STRAIGHT = str.maketrans("“”’‘", "\"\"''")
# Direction marks, zero-width characters and soft hyphens: nobody sees them, so they neither hide a word nor are one.
_INVISIBLE = dict.fromkeys([0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF])


def satisfied(text: str, checks: list[Check]) -> list[bool]:
    """Whether the text keeps each constraint, in the order of `checks`; a text without a word keeps none.

    Takes time linear in the text and raises nothing, whatever the text; raises KeyError for an unknown constraint.
    """
    body = text.translate(_INVISIBLE).strip()
    body = body if record(body) else body.translate(_STRAIGHT)  # curly quotes inside JSON strings stay
    peeled: dict[str, bool] = {}
    for check in checks:
        if check["name"] in WRAPPERS:
            inside = _peel(body, check)
            peeled[check["name"]] = inside is not None and bool(words(inside))
            body = body if inside is None else inside
    if not words(body):
        return [False] * len(checks)
    return [peeled[c["name"]] if c["name"] in WRAPPERS else DECIDE[c["name"]](body, c) for c in checks]


def _peel(text: str, check: Check) -> str | None:
    """What is left of the text inside the wrapper, or None where the wrapper is missing."""
    if check["name"] == "quoted":
        inside = text[1:-1]
        return inside if len(text) > 2 and text[0] == text[-1] == '"' and '"' not in inside else None
    if check["name"] == "title":
        first, _, rest = text.partition("\n")
        return rest.strip() if first.strip(' \t\r#*_"') == check["title"] else None
    request = r"\s+".join(re.escape(token) for token in check["request"].split())
    match = re.match(rf"[\"*>\s]*{request}[\"*]*", text)
    return text[match.end() :].strip() if match else None


def _listed(text: str, check: Check) -> list[str]:
    return entries(text, check["unit"], check.get("key", ""))


def _short_entries(text: str, n: int) -> bool:
    found = entries(text, "commas")
    return len(found) == n and all(1 <= len(words(entry)) <= 3 for entry in found)


def _in_range(value: object, low: int, high: int) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _alphabetical(found: list[str]) -> bool:
    keys = [" ".join(words(entry)).casefold() for entry in found]
    return len(keys) > 1 and keys == sorted(keys)


def _ascending(lengths: list[int]) -> bool:
    return len(lengths) > 1 and lengths == sorted(lengths)


def _list_of_strings(value: Any, n: int) -> bool:
    return strings(value) and len(value) == n


# A set comparison with {n} fails for an empty list, as it should: no entry is no list.
DECIDE: dict[str, Callable[[str, Check], bool]] = {
    "words": lambda text, c: len(words(text)) == c["n"],
    "words_between": lambda text, c: c["low"] <= len(words(text)) <= c["high"],
    "words_at_most": lambda text, c: len(words(text)) <= c["n"],
    "sentences": lambda text, c: len(sentences(text)) == c["n"],
    "sentence_length": lambda text, c: all(len(words(part)) <= c["n"] for part in sentences(text)),
    "lines": lambda text, c: len(entries(text, "lines")) == c["n"],
    "bullets": lambda text, c: len(entries(text, "bullets")) == c["n"],
    "numbered": lambda text, c: numbers(text) == [str(i) for i in range(1, c["n"] + 1)],
    "comma_items": lambda text, c: _short_entries(text, c["n"]),
    "entry_words": lambda text, c: {len(words(entry)) for entry in _listed(text, c)} == {c["n"]},
    "entry_letters": lambda text, c: set(letter_counts(_listed(text, c))) == {c["n"]},
    "by_length": lambda text, c: _ascending(letter_counts(_listed(text, c))),
    "contains": lambda text, c: occurrences(text, c["word"]) > 0,
    "avoids": lambda text, c: occurrences(text, c["word"]) == 0,
    "occurs": lambda text, c: occurrences(text, c["word"]) == c["n"],
    "begins": lambda text, c: words(text)[0].casefold() == c["word"].casefold(),
    "ends": lambda text, c: words(text)[-1].casefold() == c["word"].casefold(),
    "lower": lambda text, c: text == text.lower(),
    "upper": lambda text, c: text.isupper(),
    "no_letter": lambda text, c: c["letter"] not in text.casefold(),
    "no_digits": lambda text, c: not re.search(r"\d", text),
    "no_commas": lambda text, c: "," not in text,
    "question": lambda text, c: text.rstrip(" \"'*").endswith("?"),
    "exclaims": lambda text, c: all(part.rstrip("\"'*) ").endswith("!") for part in sentences(text)),
    "alphabetical": lambda text, c: _alphabetical(_listed(text, c)),
    "initial": lambda text, c: set(initials(_listed(text, c))) == {c["letter"]},
    "acrostic": lambda text, c: initials(entries(text, "lines")) == c["word"].casefold(),
    "json_keys": lambda text, c: sorted(record(text)) == sorted(c["keys"]),
    "json_range": lambda text, c: _in_range(record(text).get(c["key"]), c["low"], c["high"]),
    "json_list": lambda text, c: _list_of_strings(record(text).get(c["key"]), c["n"]),
}
