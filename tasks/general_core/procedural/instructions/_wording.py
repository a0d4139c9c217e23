"""Putting a request and its constraints into plain words."""

from __future__ import annotations

import random

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.instructions._content import Content
from equipoise.tasks.general_core.procedural.instructions._grade import Check

_NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_UNIT_NAMES = {  # what the entries of a list are called, one and several
    "bullets": ("entry", "entries"),
    "numbered": ("entry", "entries"),
    "commas": ("word", "words"),
    "lines": ("line", "lines"),
    "list": ('string in the list "{key}"', 'strings in the list "{key}"'),
}
_INTRODUCTIONS = ("Please keep to these rules:", "There are some conditions:", "Mind the following:")


class _Count:
    """A number in a template: `{n}` is the number alone, `{n:line}` comes with its noun, `{n:time}` is "once" or "three times"."""

    def __init__(self, n: int, written: str) -> None:
        self._n, self._written = n, written

    def __format__(self, noun: str) -> str:
        if noun == "time" and self._n < 3:
            return ("once", "twice")[self._n - 1]
        return f"{self._written} {noun}{'s' * (self._n != 1)}" if noun else self._written


def request(rng: random.Random, content: Content) -> str:
    """The request without its constraints."""
    openers: list[str] = bank(__file__, "openers")[content.kind]
    return rng.choice(openers).format(topic=content.topic)


def instruction(rng: random.Random, tier: int, opener: str, checks: list[Check]) -> str:
    """The request with its constraints: in any order behind it, or, in the higher tiers, sometimes as a numbered list."""
    rules = [phrase(rng, check) for check in checks]
    if tier > 2 and rng.random() < 0.3:
        return "\n".join([f"{opener} {rng.choice(_INTRODUCTIONS)}", *(f"{i}. {rule}" for i, rule in enumerate(rules, 1))])
    return " ".join([opener, *rng.sample(rules, len(rules))])


def phrase(rng: random.Random, check: Check) -> str:
    """The constraint in plain words."""
    wordings: list[str] = bank(__file__, "phrases")[check["name"]]
    wording = rng.choice(wordings)
    entry, entries = (name.format(**check) for name in _UNIT_NAMES[check["unit"]]) if "unit" in check else ("", "")
    values = {**check, "entry": entry, "entries": entries}
    if "keys" in check:
        values["keys"] = _listing(check["keys"])
    if "n" in check:
        n = check["n"]
        spelled = n < len(_NUMBER_WORDS) and rng.random() < 0.6
        values |= {"n": _Count(n, _NUMBER_WORDS[n] if spelled else str(n)), "digits": n}
    return wording.format(**values)


def _listing(keys: list[str]) -> str:
    *others, last = (f'"{key}"' for key in keys)
    return f"{', '.join(others)} and {last}"
