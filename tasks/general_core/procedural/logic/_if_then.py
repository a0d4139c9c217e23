"""Kind `if_then`: a chain of conditionals, hidden among others, that leads to exactly one of the four choices."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise, product
from typing import Any, Final

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle
from equipoise.tasks.general_core.procedural.logic._words import NAMES, capital

_BANK: Final[dict[str, Any]] = bank(__file__, "if_then")

_Literal = tuple[str, bool]
"""(thing, whether it is in the first of its two states)"""

_Clause = tuple[str, tuple[_Literal, ...]]
"""(type, literals)"""

_MEANING: Final[dict[str, Callable[[Sequence[bool]], bool]]] = {
    "fact": lambda values: values[0],
    "if": lambda values: not values[0] or values[1],
    "or": lambda values: any(values),
    "xor": lambda values: values[0] != values[1],
    "iff": lambda values: values[0] == values[1],
    "and": lambda values: not (values[0] and values[1]) or values[2],
}


def if_then(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """Two to six steps from a fact to the conclusion, and two conditionals more, whose things stay open."""
    setting = _BANK["settings"][form % len(_BANK["settings"])]
    depth = (2, 3, 4, 6)[tier - 1]
    things = rng.sample(setting.get("things", NAMES), depth + 1 + 2)
    literals = [(v, rng.random() < 0.5) for v in things]
    chain, loose = literals[: depth + 1], literals[depth + 1 :]
    clauses = _clauses(rng, chain, loose, tier)
    worlds = [dict(zip(things, values, strict=True)) for values in product((True, False), repeat=len(things))]
    worlds = [world for world in worlds if all(_true(clause, world) for clause in clauses)]
    either = [(v, value) for v in things for value in (True, False)]
    certain = {(v, value) for v, value in either if all(world[v] == value for world in worlds)}
    if not worlds or chain[-1] not in certain:
        return None
    uncertain = [literal for literal in either if literal not in certain and literal[0] != chain[0][0]]
    wrong = rng.sample(uncertain, min(3, len(uncertain)))
    if len(wrong) < 3 or (tier > 1 and len({v for v, _ in wrong}) < 2):
        return None

    def say(literal: _Literal) -> str:
        return str(setting["holds" if literal[1] else "fails"].format(v=literal[0]))

    sentences = [capital(_BANK["clauses"][kind].format(*map(say, parts))) + "." for kind, parts in clauses]
    if tier > 1:
        sentences = rng.sample(sentences, len(sentences))
    # The settings take turns with period 4 too, so the questions move on by one in each round.
    ask = _BANK["questions"][(form + form // 4) % len(_BANK["questions"])]
    return Puzzle(
        " ".join((setting["intro"], *sentences, ask)), capital(say(chain[-1])), tuple(capital(say(literal)) for literal in wrong)
    )


def _clauses(rng: random.Random, chain: list[_Literal], loose: list[_Literal], tier: int) -> list[_Clause]:
    """The links of the chain and of the loose ends in a random order, then the fact that starts the chain."""
    clauses = [_link(rng, a, b, tier) for a, b in pairwise(chain)]
    if tier == 4:
        cut = rng.randrange(2, len(chain) - 1)
        clauses[cut] = ("and", (*rng.sample([chain[cut - 1], chain[cut]], 2), chain[cut + 1]))
    for literal in loose:
        inner = rng.choice(chain[1:])
        clauses.append(("if", rng.choice(((literal, inner), (_not(inner), literal)))))
    return [*rng.sample(clauses, len(clauses)), ("fact", (chain[0],))]


def _link(rng: random.Random, a: _Literal, b: _Literal, tier: int) -> _Clause:
    """A clause by which b follows from a; `back` says it by contraposition."""
    kind = rng.choice((("if",), ("if", "if", "back"), ("if", "back", "back", "or", "xor", "iff"))[min(tier, 3) - 1])
    if kind == "back":
        return "if", (_not(b), _not(a))
    if kind == "if":
        return "if", (a, b)
    return kind, tuple(rng.sample([a if kind == "iff" else _not(a), b], 2))


def _not(literal: _Literal) -> _Literal:
    return literal[0], not literal[1]


def _true(clause: _Clause, world: dict[str, bool]) -> bool:
    return _MEANING[clause[0]]([world[v] == value for v, value in clause[1]])
