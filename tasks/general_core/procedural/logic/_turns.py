"""Kind `turns`: turns on the spot, walks along the compass, walks with left and right turns."""

from __future__ import annotations

import random
from typing import Final

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle
from equipoise.tasks.general_core.procedural.logic._words import NAMES

_FACING: Final[list[str]] = bank(__file__, "turns")["facing"]
_WALKS: Final[list[str]] = bank(__file__, "turns")["walks"]
_COMPASS: Final = ("north", "east", "south", "west")
_QUARTERS: Final = {"left": -1, "right": 1, "around": 2}
_SIDES: Final = ("left", "right")


def turns(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """Tiers 1 and 2: turns on the spot; 3: legs along the compass; 4: legs after left and right turns."""
    person = rng.choice(NAMES)
    return _on_the_spot(rng, tier, form, person) if tier < 3 else _walk(rng, tier, form, person)


def _on_the_spot(rng: random.Random, tier: int, form: int, person: str) -> Puzzle:
    start = rng.randrange(4)
    kinds = _SIDES if tier == 1 else (*_SIDES, *_SIDES, "around")
    made = [rng.choice(kinds) for _ in range(rng.choice((1, 2) if tier == 1 else (3, 4, 5)))]
    text = ", then ".join(f"turns {_direction(turn)}" for turn in made)
    question = _FACING[form % len(_FACING)].format(p=person, d=_COMPASS[start], turns=text)
    right = _COMPASS[(start + sum(_QUARTERS[turn] for turn in made)) % 4]
    return Puzzle(question, right, tuple(d for d in _COMPASS if d != right))


def _walk(rng: random.Random, tier: int, form: int, person: str) -> Puzzle | None:
    """The end as metres north or south and east or west; wrong ends have a side mirrored or a length that is off."""
    count = rng.choice((4, 5)) if tier == 3 else rng.choice((6, 7, 8))
    face = rng.randrange(4)
    legs = [] if tier == 3 else [f"facing {_COMPASS[face]} at first"]
    east = north = 0
    for i in range(count):
        metres = 5 * rng.randint(1, 12)
        if tier == 3:
            face = (face + rng.choice((1, 1, -1, -1, 2))) % 4
            legs.append(f"{metres} metres {_COMPASS[face]}")
        else:
            turn = rng.choice((*_SIDES, *_SIDES, "around"))
            face = face if i == 0 else (face + _QUARTERS[turn]) % 4
            legs.append(("" if i == 0 else f"a turn {_direction(turn)} and ") + f"{metres} metres straight on")
        north += metres * (1, 0, -1, 0)[face]
        east += metres * (0, 1, 0, -1)[face]
    if not north or not east or abs(north) == abs(east):
        return None
    other_east, other_north = _other(rng, east), _other(rng, north)
    question = _WALKS[form % len(_WALKS)].format(p=person, legs=", then ".join(legs))
    wrong = _place(other_north, east), _place(north, other_east), _place(other_north, other_east)
    return Puzzle(question, _place(north, east), wrong)


def _direction(turn: str) -> str:
    return turn if turn == "around" else f"to the {turn}"


def _other(rng: random.Random, metres: int) -> int:
    near = (metres + shift for shift in (-20, -15, -10, -5, 5, 10, 15, 20))
    return rng.choice((-metres, *(n for n in near if n * metres > 0)))


def _place(north: int, east: int) -> str:
    return f"{abs(north)} metres {'north' if north > 0 else 'south'} and {abs(east)} metres {'east' if east > 0 else 'west'}"
