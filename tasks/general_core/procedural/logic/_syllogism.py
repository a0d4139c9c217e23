"""Kind `syllogism`: premises along a chain of terms, and a conclusion that needs all of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise, permutations, product
from typing import Any, Final

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.logic._puzzle import Puzzle

_BANK: Final[dict[str, Any]] = bank(__file__, "syllogisms")
_STATEMENTS: Final[dict[str, str]] = _BANK["statements"]
NONE_FOLLOWS: Final[str] = _BANK["none"]

_Statement = tuple[str, str, str]
"""(quantifier, first term, second term)"""


def syllogism(rng: random.Random, tier: int, form: int) -> Puzzle | None:
    """Two premises in tiers 2 and 3, three or four in tier 4; above tier 2 the right choice may be that none follows."""
    chain_length = rng.choice((3, 4))
    real, invented = _BANK["terms"]["real"], _BANK["terms"]["invented"]
    pool = real if form % 4 == 0 else rng.choice((real, invented))
    terms = rng.sample(pool, (chain_length if tier == 4 else 2) + 1)
    facts = _premises(rng, terms, ("all", "all", "no") if tier == 2 else ("all", "all", "no", "some", "some not"))
    existential = sum(name.startswith("some") for name, _, _ in facts)
    if existential > 1 or (tier == 3 and not existential):
        return None
    chosen = _conclusions(rng, facts, terms, tier)
    if chosen is None:
        return None
    right, wrong = chosen
    premises = " ".join(_say(fact) + "." for fact in rng.sample(facts, len(facts)))
    return Puzzle(_BANK["openings"][form % len(_BANK["openings"])].format(facts=premises), right, tuple(wrong))


def _premises(rng: random.Random, terms: Sequence[str], quantifiers: Sequence[str]) -> list[_Statement]:
    """One statement on each pair of neighbours, the terms in either order."""
    facts = []
    for pair in pairwise(terms):
        a, b = pair if rng.random() < 0.6 else pair[::-1]
        facts.append((rng.choice(quantifiers), a, b))
    return facts


def _conclusions(rng: random.Random, facts: list[_Statement], terms: Sequence[str], tier: int) -> tuple[str, list[str]] | None:
    """The right choice and three wrong ones.

    A right conclusion holds even if some terms are empty, and with no premise left out; a wrong one does not follow even if
    no term is empty. So the answer does not depend on whether "all" implies "some".
    """
    claims = [(name, a, b) for name in _STATEMENTS for a, b in permutations(terms, 2) if (name, a, b) not in facts]
    about_ends = [c for c in claims if {c[1], c[2]} == {terms[0], terms[-1]}]
    false = [c for c in claims if not _follows(facts, c, terms, peopled=True)]
    offer_none = tier > 2 and rng.random() < 0.4
    if offer_none and rng.random() < 0.4:
        return None if set(about_ends) - set(false) else (NONE_FOLLOWS, [_say(c) for c in rng.sample(about_ends, 3)])
    fewer = [[fact for fact in facts if fact != other] for other in facts]
    true = [
        c
        for c in about_ends
        if _follows(facts, c, terms, peopled=False) and not any(_follows(part, c, terms, peopled=False) for part in fewer)
    ]
    close = [c for c in false if c in about_ends]
    if not true or len(close) < 2:
        return None
    wrong = rng.sample(close, min(len(close), 2 if offer_none else rng.choice((2, 3))))
    wrong += rng.sample([c for c in false if c not in about_ends], 3 - offer_none - len(wrong))
    return _say(rng.choice(true)), [*map(_say, wrong), *([NONE_FOLLOWS] if offer_none else [])]


def _say(statement: _Statement) -> str:
    name, a, b = statement
    return _STATEMENTS[name].format(a=a, b=b)


def _follows(facts: Sequence[_Statement], claim: _Statement, terms: Sequence[str], *, peopled: bool) -> bool:
    """Whether the claim holds in all models of the facts; `peopled` means that no term is empty.

    A Venn diagram: a region is the set of terms that its members fall under. Universal facts empty regions, an existential
    fact has its witness in one of the others.
    """
    regions = [{t for t, bit in zip(terms, bits, strict=True) if bit} for bits in product((0, 1), repeat=len(terms))]

    def concerned(statement: _Statement) -> set[int]:
        """The regions that a universal statement empties, or in one of which an existential one has its witness."""
        name, a, b = statement
        return {i for i, region in enumerate(regions) if a in region and (b in region) == (name in ("no", "some"))}

    emptied = set[int]().union(*(concerned(f) for f in facts if f[0] in ("all", "no")))
    allowed = set(range(len(regions))) - emptied
    witnesses = [concerned(f) & allowed for f in facts if f[0] in ("some", "some not")]
    if peopled:
        witnesses += [{i for i in allowed if t in regions[i]} for t in terms]
    hit = concerned(claim) & allowed
    return not hit if claim[0] in ("all", "no") else any(witness <= hit for witness in witnesses)
