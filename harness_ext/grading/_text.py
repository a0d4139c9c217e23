"""An answer as the checks see it: its units, and what its words merely copy from the question."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from equipoise.harness_ext.grading._normalise import answer_text, normalise
from equipoise.harness_ext.grading._numbers import values_in
from equipoise.harness_ext.grading._units import Unit, segment

COPIED = 0.75
"""Share of a long sentence's four-word runs that stand in the prompt, from which on it counts as copied."""


_NOT_WORD = re.compile(r"\W+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_INTRODUCTION = re.compile(r"^(?:(?:the|your|this|question|prompt|task|asks?|is|was|here|s|again|you|asked|given|facts?) )+")


class Match(NamedTuple):
    """A pattern's match inside one unit: character offsets into `Answer.flat`."""

    start: int
    end: int
    unit: int


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
    wide: tuple[list[int], list[int]] = field(default=([], [0]), repr=False)
    """What turns a byte offset of `encoded` into a character offset of `flat`."""

    def character_at(self, byte: int) -> int:
        """The character offset in `flat` of a byte offset in `encoded`."""
        ends, ahead = self.wide
        return byte - ahead[bisect.bisect_right(ends, byte)] if ends else byte

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
    return Answer(text, units, flat, tuple(starts), texts, known.values, encoded=flat.encode(), wide=_wide(flat))


def _wide(flat: str) -> tuple[list[int], list[int]]:
    """Where characters of more than one byte end in UTF-8, and by how much bytes are ahead of characters from there on."""
    ends: list[int] = []
    ahead = [0]
    if not flat.isascii():
        for match in _NOT_ASCII.finditer(flat):
            size = len(match[0].encode())
            ends.append(match.start() + ahead[-1] + size)
            ahead.append(ahead[-1] + size - 1)
    return ends, ahead


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
    """Whether a unit is a sentence of the prompt; for a long one, nearly word for word."""
    key = _INTRODUCTION.sub("", _key(text))
    if key in known.sentences:
        return True
    if len(key.split()) < 11:
        return False
    runs = _runs(key)
    return sum(run in known.runs for run in runs) >= COPIED * len(runs)


def _runs(key: str) -> list[str]:
    words = key.split()
    return [" ".join(words[i : i + 4]) for i in range(len(words) - 3)]


def _key(text: str) -> str:
    return _NOT_WORD.sub(" ", text).strip().lower()
