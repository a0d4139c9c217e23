"""One item: content, constraints that it keeps, their wording, a good and a bad answer."""

from __future__ import annotations

import random
from typing import Any

from equipoise.tasks.general_core.procedural.instructions._choose import HARD, choose
from equipoise.tasks.general_core.procedural.instructions._content import Content, draw_content
from equipoise.tasks.general_core.procedural.instructions._grade import Check, satisfied
from equipoise.tasks.general_core.procedural.instructions._menu import menu
from equipoise.tasks.general_core.procedural.instructions._neighbours import neighbours
from equipoise.tasks.general_core.procedural.instructions._render import render
from equipoise.tasks.general_core.procedural.instructions._text import words
from equipoise.tasks.general_core.procedural.instructions._wording import instruction, request

_LONGEST = 60  # words in an answer: small models have little room to generate in


def draw_item(rng: random.Random, kind: str, tier: int) -> dict[str, Any] | None:
    """An item without its id, or None where the draw is not fit: too easy, passed by an echo, nothing to miss, or too long."""
    content = draw_content(rng, kind, tier)
    opener = request(rng, content)
    checks = choose(rng, tier, menu(rng, tier, content, opener))
    hard = sum(check["name"] in HARD for check in checks)
    if len(checks) < (1, 1, 2, 3)[tier - 1] or hard < (0, 0, 1, 2)[tier - 1]:
        return None
    good = render(content, checks)
    text = instruction(rng, tier, opener, checks)
    if not all(satisfied(good, checks)) or all(satisfied(text, checks)) or len(words(good)) > _LONGEST:
        return None
    bad = _near_miss(rng, content, checks)
    return {"tier": tier, "kind": kind, "instruction": text, "checks": checks, "good": good, "bad": bad} if bad else None


def _near_miss(rng: random.Random, content: Content, checks: list[Check]) -> str | None:
    """An answer that misses one constraint, each of them as often as the others; None where none is found."""
    misses: dict[int, str] = {}
    for text in neighbours(rng, content, checks):
        verdict = satisfied(text, checks)
        if verdict.count(False) == 1:
            misses.setdefault(verdict.index(False), text)
        if len(misses) == len(checks):
            break
    return misses[rng.choice(sorted(misses))] if misses else None
