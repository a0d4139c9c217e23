"""Kind `membership`: things are sorted by rules, and the first rule that fits decides; what belongs to a given group?"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle
from equipoise.tasks.general_core.procedural.logic._words import NAMES

_BANK: Final[dict[str, Any]] = bank(__file__, "membership")
_TRAITS: Final = tuple(_BANK["traits"].values())

_Thing = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    text: str
    fits: Callable[[Collection[str]], bool]


def membership(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """One rule in tier 1, then two, four and six, and a rule for what is left."""
    noun, person = rng.choice(_BANK["nouns"]), rng.choice(NAMES)
    traits = _TRAITS if tier > 1 else (rng.choice(_TRAITS[:2]), rng.choice(_TRAITS[2:]))
    rules = [_rule(rng, traits, tier) for _ in range((1, 2, 4, 6)[tier - 1])]
    groups = list("ABC"[: tier + 1]) if tier < 3 else [*(rng.choice("ABC") for _ in rules), rng.choice("ABCD")]
    things: list[_Thing] = list(product(*traits))
    decided = {thing: next((i for i, rule in enumerate(rules) if rule.fits(thing)), len(rules)) for thing in things}
    at_work = len(rules) + 1 if tier == 3 else len(rules) - 1
    if tier > 2 and (len(set(decided.values())) < at_work or len(set(groups[:-1])) < 3):
        return None
    goal = rng.choice(sorted(set(groups)))
    inside = [thing for thing in things if groups[decided[thing]] == goal]
    outside = [thing for thing in things if groups[decided[thing]] != goal]
    if not inside or len(outside) < 3:
        return None
    right = rng.choice(inside)
    near = [thing for thing in outside if len(set(thing) & set(right)) >= len(traits) - 2]
    if len(near) < 3:
        return None
    wrong = rng.sample(near, 3)
    setting = _BANK["settings"][form % len(_BANK["settings"])]
    story, ask = (setting[key].format(p=person, noun=noun, box=f"{setting['box']} {goal}") for key in ("story", "ask"))
    question = " ".join((story, *_rules_in_words(rng, rules, groups, setting["box"]), ask))
    return Puzzle(question, _label(right, noun), tuple(_label(thing, noun) for thing in wrong))


def _rule(rng: random.Random, traits: Sequence[Sequence[str]], tier: int) -> _Rule:
    one, two = rng.sample(range(len(traits)), 2)
    a, b = rng.choice(traits[one]), rng.choice(traits[two])
    kind = rng.choice(("and", "or", "not", "single")) if tier > 2 else rng.choice(("and", "not"))
    if kind == "and":
        return _Rule(f"{a} and {b}", lambda thing: a in thing and b in thing)
    if kind == "or":
        return _Rule(f"{a} or {b}", lambda thing: a in thing or b in thing)
    if kind == "not":
        return _Rule(f"{a} and not {b}", lambda thing: a in thing and b not in thing)
    return _Rule(a, lambda thing: a in thing)


def _rules_in_words(rng: random.Random, rules: list[_Rule], groups: Sequence[str], box: str) -> list[str]:
    if len(rules) == 1:
        return [rng.choice(_BANK["single"]).format(rule=rules[0].text, box=box)]
    lines = [_BANK["each"].format(i=i, rule=r.text, box=box, home=groups[i - 1]) for i, r in enumerate(rules, start=1)]
    return [_BANK["first"], *lines, _BANK["rest"].format(i=len(rules) + 1, box=box, home=groups[-1])]


def _label(thing: _Thing, noun: str) -> str:
    return f"{'an' if thing[0] == 'old' else 'a'} {' '.join(thing)} {noun}"
