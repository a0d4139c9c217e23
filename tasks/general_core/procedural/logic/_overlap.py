"""Kind `overlap`: two or three overlapping sets; how many are in exactly one, in both, in none of them?"""

from __future__ import annotations

import random
import re
from itertools import product
from typing import Any, Final

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle, wrong_numbers

_GROUPS: Final[list[dict[str, Any]]] = bank(__file__, "overlaps")

_Parts = dict[tuple[int, ...], int]
"""How many members have just these traits (1) and not those (0)."""


def overlap(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """Tier 2 gives how many have both traits, tier 3 how many have neither; tier 4 has three traits."""
    group = _GROUPS[form % len(_GROUPS)]
    size = 3 if tier == 4 else 2
    parts: _Parts = {bits: rng.randint(3, 24) for bits in product((0, 1), repeat=size)}
    total = sum(parts.values())
    singles = [sum(many for bits, many in parts.items() if bits[i]) for i in range(size)]
    if len({*singles, total}) < size + 1:
        return None
    claims = [f"{many} {trait}" for many, trait in zip(singles, group["traits"], strict=False)]
    if size == 2:
        facts, answers, mistakes = _two_sets(parts, total, singles, claims, tier)
    else:
        facts, answers, mistakes = _three_sets(parts, total, singles, claims)
    asked = rng.choice(list(answers))
    right = answers[asked]
    if right == total or str(right) in re.findall(r"\d+", facts):
        return None
    wrong = wrong_numbers(rng, right, [m for m in mistakes if 0 < m < total])
    if wrong is None:
        return None
    question = f"{group['intro'].format(n=total)} {facts} For how many of the {group['noun']} {asked} true?"
    return Puzzle(question, str(right), tuple(map(str, wrong)))


def _two_sets(parts: _Parts, total: int, singles: list[int], claims: list[str], tier: int) -> tuple[str, dict[str, int], list[int]]:
    """The facts, the answer to each question that may be asked, and mistakes."""
    none, both, first, second = parts[0, 0], parts[1, 1], parts[1, 0], parts[0, 1]
    if tier == 2:
        known = f"for {both} of them both are true"
        answers = {"is neither": none, "is at least one of the two": total - none, "is only the first of the two": first}
    else:
        known = f"for {none} of them neither is true"
        answers = {"are both": both, "is exactly one of the two": first + second, "is the second, but not the first,": second}
    a, b = singles
    mistakes = [both, none, first + second, total - none, first, second, a + b, a - none, abs(a - b), total - a, total - b]
    return f"{' and '.join(claims)}; {known}.", answers, [*mistakes, abs(total - a - b)]


def _three_sets(parts: _Parts, total: int, singles: list[int], claims: list[str]) -> tuple[str, dict[str, int], list[int]]:
    """The facts, the answer to each question that may be asked, and mistakes."""
    abc = parts[1, 1, 1]
    ab, ac, bc = (parts[bits] + abc for bits in ((1, 1, 0), (1, 0, 1), (0, 1, 1)))
    exactly = [sum(many for bits, many in parts.items() if sum(bits) == k) for k in range(4)]
    answers = {
        "is none of the three": exactly[0],
        "is exactly one of the three": exactly[1],
        "are exactly two of the three": exactly[2],
        "is only the first of the three": parts[1, 0, 0],
    }
    pairs = ab + ac + bc
    mistakes = [*exactly, pairs, total - sum(singles) + pairs, total - exactly[0], exactly[2] + abc]
    facts = (
        f"{claims[0]}, {claims[1]} and {claims[2]}. The first and the second are true for {ab} of them, the first and the third "
        f"for {ac}, the second and the third for {bc}; each of these three numbers includes the {abc} for which all three are true."
    )
    return facts, answers, [*mistakes, singles[0] - ab - ac, singles[0] - ab]
