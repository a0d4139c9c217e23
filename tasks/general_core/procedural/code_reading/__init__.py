"""Reading short Python programs: "What does this program print?", multiple choice.

A program is a template with drawn numbers, words and identifiers; it is executed once, at draw time, to get the truth. The wrong
choices are what the same program prints after a typical misreading (a bound off by one, another branch, no mutation, another
order). Item 46 of 400 with seed 1:

    {"id": "code-reading-046", "tier": 2, "kind": "while_halving",
     "code": "weight = 55\\nsteps = 0\\nwhile weight > 2:\\n    weight = weight // 3\\n    steps += 1\\nprint(steps, weight)",
     "question": "What does this program print?", "choices": ["3 2", "4 0", "4 3", "3 0"], "answer": 0}

All programs use only built-ins that behave alike since Python 3.8 and print one line below 40 characters.
"""

from __future__ import annotations

import ast
import random
from collections import defaultdict
from string import Template
from typing import Any

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.code_reading._choices import pick_wrong
from equipoise.tasks.general_core.procedural.code_reading._misreadings import misread_outputs
from equipoise.tasks.general_core.procedural.code_reading._programs import Program, programs
from equipoise.tasks.general_core.procedural.code_reading._run import output
from equipoise.tasks.general_core.procedural.code_reading._slots import fill

__all__ = ["draw"]

_TRIES = 1000  # of one kind in a row; a program is drawn anew where it fails, or leaves fewer than three wrong outputs


def draw(count: int, seed: int) -> list[dict[str, Any]]:
    """`count` distinct items, tiers 1-4 interleaved, the kinds of a tier in turn; the same seed gives the same items.

    The right choice comes first (`answer` is 0). Raises ValueError where a kind has no new program left.
    """
    rng = random.Random(f"code_reading|{seed}|items")
    questions: list[str] = bank(__file__, "words")["questions"]
    kinds = {tier: sorted(programs(tier)) for tier in (1, 2, 3, 4)}
    surplus: dict[int, dict[str, float]] = {tier: defaultdict(float) for tier in kinds}
    items: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number in range(count):
        tier, turn = number % 4 + 1, number // 4
        kind = kinds[tier][(turn + seed) % len(kinds[tier])]
        code, choices = _new_program(rng, kind, programs(tier)[kind], seen, surplus[tier])
        seen.add(code)
        items.append(
            {
                "id": f"code-reading-{number + 1:03d}",
                "tier": tier,
                "kind": kind,
                "code": code,
                "question": rng.choice(questions),
                "choices": choices,
                "answer": 0,
            }
        )
    return items


def _new_program(
    rng: random.Random, kind: str, program: Program, seen: set[str], surplus: dict[str, float]
) -> tuple[str, list[str]]:
    """A program that is not in `seen`, and its four choices, the right one first."""
    for _ in range(_TRIES):
        values = fill(rng, program.slots)
        code = Template(program.code).substitute(values)
        truth = None if code in seen else output(ast.parse(code))
        if truth is None:
            continue
        wrong = pick_wrong(rng, truth, misread_outputs(rng, program, values, truth), surplus)
        if wrong is not None:
            return code, [truth, *wrong]
    raise ValueError(f"no new program of the kind {kind} in {_TRIES} tries; {len(seen)} items are drawn")
