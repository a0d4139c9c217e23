"""Pattern matches inside units, and whether the sentence negates them.

Patterns run on RE2, whose time is linear in the text: nobody's question set can hang a run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import re2

from equipoise.harness_ext.errors import RubricError
from equipoise.harness_ext.grading._text import Answer, Match

_CLAUSE_END = re.compile(
    r"[;:,.!?]\s|\s-\s|\s(?:but|however|although|though|because|whereas|while|so|yet|and (?:the|it|we|this|that|i|our|then))\s|[-=]>|\(",
    re.I,
)
_NEGATION = re.compile(
    r"\b(?:no|not|never|without|cannot|neither|nor|none|nobody|nothing|avoid(?:s|ed|ing)?|instead of|rather than|refus\w+|declin(?:e|es|ed|ing) to"
    r"|refrain\w* from|unable|impossible|hardly|false|myth|wrong(?:ly)? to|mistake to|misleading to|premature to|stop(?:s|ped)?"
    r"|fail(?:s|ed)? to|far from|lacks?|lacking)\b(?!-)|n't\b",
    re.I,
)
_NOT_NEGATION = re.compile(
    r"\b(?:not (?:only|just|merely|simply|until|least)|no (?:doubt|later than|more than|less than|fewer than|matter|longer than|earlier than)|not? \d)\b|\bno\.\s?\d",
    re.I,
)
_NEGATED_AFTER = re.compile(
    r"^[\"')]?(?:\s+(?!(?:not|and|or|but|while|whereas|although|though|because|as|when|if|so|since)\b)\w[\w%'-]*){0,2}?\s+(?:is|are|was|were|be|can|could|should|must|will|would|does|do|did|has|have)?\s?"
    r"(?:not|n't|never|cannot|impossible)\b(?!\s+(?:optional|only|just|merely|enough|until|yet clear))",
    re.I,
)


@lru_cache(maxsize=16384)
def compile_pattern(pattern: str) -> Any:
    """A case-insensitive RE2 pattern. Raises `RubricError` where RE2 does not accept it."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.never_capture = True
    try:
        # (?m): `^` and `$` mean the ends of a unit, also where the whole text is searched first
        return re2.compile(f"(?m){pattern}", options)
    except re2.error as error:
        detail = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        raise RubricError(f"pattern {pattern!r}: {detail}") from error


@lru_cache(maxsize=4096)
def _joined(patterns: tuple[str, ...]) -> Any:
    for pattern in patterns:
        compile_pattern(pattern)
    return compile_pattern("|".join(f"(?:{p})" for p in patterns))


def find(answer: Answer, patterns: Sequence[str]) -> list[Match]:
    """All matches of any of the patterns, in the order of the text; a match never crosses units."""
    if not patterns or not answer.flat:
        return []
    key = tuple(patterns)
    if key not in answer.found:
        answer.found[key] = _search(answer, _joined(key))
    return answer.found[key]


def _occurs(answer: Answer, pattern: str) -> bool:
    """Whether a pattern matches at all: cheaper than to find every match of a pattern whose partner is missing."""
    key = (pattern,)
    if key not in answer.found:
        if compile_pattern(pattern).search(answer.encoded):
            return True
        answer.found[key] = []
    return bool(answer.found[key])


def _search(answer: Answer, compiled: Any) -> list[Match]:
    at = answer.character_at
    spans = [(at(start), at(end)) for start, end in (m.span() for m in compiled.finditer(answer.encoded))]
    if any(answer.flat.find("\n", start, end) >= 0 for start, end in spans):
        # a pattern such as `[^.]*` ran on into the next unit and may have hidden a match of its own: unit by unit
        spans = [
            (base + m.start(), base + m.end())
            for base, text in zip(answer.starts, answer.texts, strict=True)
            for m in compiled.finditer(text)
        ]
    return [Match(start, end, answer.unit_at(start)) for start, end in spans if end > start]


def negated(answer: Answer, match: Match) -> bool:
    """Whether the clause around a match denies it."""
    base = answer.starts[match.unit]
    text = answer.texts[match.unit]
    start, end = match.start - base, match.end - base
    before = text[max(0, start - 70) : start]
    clause = before
    for boundary in _CLAUSE_END.finditer(before):
        clause = before[boundary.end() :]
    clause = _NOT_NEGATION.sub(" ", clause)
    if _NEGATION.search(clause):
        return True
    return bool(_NEGATED_AFTER.match(text[end : end + 50]))


def asserted(answer: Answer, patterns: Sequence[str], *, guard: bool = True) -> list[Match]:
    """Matches that count: all of them, or with `guard` those that their clause does not negate."""
    return [m for m in find(answer, patterns) if not (guard and negated(answer, m))]


def first_of(answer: Answer, entries: Sequence[str | list[str]], *, guard: bool) -> Match | None:
    """Where any entry of a pattern check holds; None where none does."""
    single = tuple(e for e in entries if isinstance(e, str))
    together = find(answer, single)
    counted = next((m for m in together if not (guard and negated(answer, m))), None)
    if counted:
        return counted
    # where all matches are negated, one pattern's match may have covered another's
    rest = entries if together else [e for e in entries if not isinstance(e, str)]
    return next((m for e in rest if (m := first_entry(answer, e, guard=guard))), None)


def first_entry(answer: Answer, entry: str | list[str], *, guard: bool) -> Match | None:
    """Where an entry of a pattern check holds: one pattern, or several in the same unit."""
    patterns = [entry] if isinstance(entry, str) else entry
    if not all(_occurs(answer, pattern) for pattern in patterns):
        return None
    leading: dict[int, list[Match]] = {}
    for match in find(answer, patterns[:1]):
        leading.setdefault(match.unit, []).append(match)
    for unit, matches in leading.items():
        inside = [matches, *(_in_unit(answer, pattern, unit) for pattern in patterns[1:])]
        counted = [[m for m in per_pattern if not (guard and negated(answer, m))] for per_pattern in inside if per_pattern]
        if len(counted) == len(patterns) and all(counted):
            return Match(min(m[0].start for m in counted), max(m[0].end for m in counted), unit)
    return None


def _in_unit(answer: Answer, pattern: str, unit: int) -> list[Match]:
    base = answer.starts[unit]
    return [Match(base + m.start(), base + m.end(), unit) for m in compile_pattern(pattern).finditer(answer.texts[unit])]
