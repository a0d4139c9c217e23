"""Kind `odd_one`: three of four numbers or words keep a rule that is given in the question; which one does not?"""

from __future__ import annotations

import random
from typing import Any, Final

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle
from equipoise.tasks.general_core.procedural.logic._rules import Rule, rules
from equipoise.tasks.general_core.procedural.logic._words import NAMES, listing

_BANK: Final[dict[str, Any]] = bank(__file__, "odd_one")
_VOCABULARY: Final[list[str]] = _BANK["vocabulary"].split()


def odd_one(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """From parity and first letters in tier 1 to sums of squares and sorted letters in tier 4."""
    rule = rng.choice(rules(rng, tier))
    four = _words(rng, rule) if rule.span is None else _numbers(rng, rule, rule.span)
    if four is None:
        return None
    wordings = _BANK["words" if rule.span is None else "numbers"]
    shown = listing(rng.sample(four, 4))
    question = wordings[form % len(wordings)].format(all=shown, are=rule.says, is_not=rule.breaks, p=rng.choice(NAMES))
    return Puzzle(question, four[0], tuple(four[1:]))


def _words(rng: random.Random, rule: Rule) -> list[str]:
    """The odd one, then three that keep the rule."""
    odd = rng.choice([word for word in _VOCABULARY if not rule.keeps(word)])
    return [odd, *rng.sample([word for word in _VOCABULARY if rule.keeps(word)], 3)]


def _numbers(rng: random.Random, rule: Rule, span: range) -> list[str] | None:
    """The odd one, which has a random rank among the four, then three near it that keep the rule."""
    odd = rng.choice([n for n in span if not rule.keeps(n)])
    low, high = [n for n in span if n < odd and rule.keeps(n)], [n for n in span if n > odd and rule.keeps(n)]
    below = rng.randrange(4)
    if len(low) < below or len(high) < 3 - below:
        return None
    return [str(n) for n in (odd, *rng.sample(low[-7:], below), *rng.sample(high[:7], 3 - below))]
