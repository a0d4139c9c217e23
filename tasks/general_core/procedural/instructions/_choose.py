"""Choosing the constraints of an item: as many as its tier asks for, none of which clashes with another."""

from __future__ import annotations

import random

from equipoise.tasks.general_core.procedural.instructions._grade import WRAPPERS, Check

HARD = {
    "words",
    "words_between",
    "occurs",
    "ends",
    "no_letter",
    "entry_words",
    "initial",
    "acrostic",
    "alphabetical",
    "json_list",
    "json_range",
    "sentence_length",
    "entry_letters",
    "by_length",
}
"""The constraints that ask for counting or planning ahead."""

_EASY = {
    "sentences",
    "lines",
    "bullets",
    "numbered",
    "comma_items",
    "json_keys",
    "words_at_most",
    "avoids",
    "lower",
    "upper",
    "begins",
    "ends",
    "quoted",
    "title",
    "no_letter",
    "no_digits",
    "exclaims",
    "question",
}
_WEIGHTS = {  # 1 where not named: how readily a constraint is taken, against how often it is on offer
    "avoids": 0.3,
    "no_letter": 0.4,
    "lower": 0.5,
    "upper": 0.5,
    "no_digits": 0.5,
    "sentence_length": 0.6,
    "words_between": 1.5,
    "ends": 1.5,
    "quoted": 1.5,
    "occurs": 2.0,
    "begins": 2.0,
    "words": 2.0,
    "exclaims": 2.0,
    "title": 2.0,
    "no_commas": 2.0,
    "alphabetical": 2.0,
    "entry_words": 2.0,
    "echo": 2.5,
    "question": 4.0,
    "by_length": 4.0,
    "initial": 5.0,
    "acrostic": 5.0,
    "entry_letters": 6.0,
}
_CASES = {"lower": str.lower, "upper": str.upper}
_HEADS = {"title", "echo"}
# Is the head meant too, when everything is to be in lower case?
_UNCLEAR_WITH_HEAD = {"begins", "lower", "upper", "no_letter", "avoids", "no_digits", "no_commas", "occurs", "contains", "quoted"}
_CLASHES: list[set[str]] = [  # of each, an item has one at most: the others would follow from it, contradict it or add nothing
    {"words", "words_between", "words_at_most"},
    {"lower", "upper"},
    {"question", "exclaims", "ends"},
    set(WRAPPERS),
    {"occurs", "contains"},
    {"acrostic", "lines", "initial"},
    {"acrostic", "alphabetical"},
    {"initial", "contains"},
    {"initial", "no_letter"},
    {"initial", "avoids"},
    {"alphabetical", "by_length"},
    {"entry_letters", "by_length"},
    {"entry_letters", "avoids"},
    {"entry_words", "words"},
    {"entry_words", "words_between"},
    *({head, rule} for head in sorted(_HEADS) for rule in sorted(_UNCLEAR_WITH_HEAD)),
]


def choose(rng: random.Random, tier: int, menu: list[Check]) -> list[Check]:
    """Constraints from the menu, with the words they name in the case that the answer must have."""
    size = (1, rng.randint(1, 2), rng.randint(2, 3), rng.randint(3, 5))[tier - 1]
    alone = [c for c in menu if c["name"] in HARD and "unit" not in c and menu[0]["name"] in ("sentences", "lines", "acrostic")]
    if tier == 2 and size == 1 and alone:  # one demanding constraint that needs no other one to be understood
        return [rng.choice(alone)]
    chosen: list[Check] = []
    for check in _order(rng, tier, menu):
        names = {c["name"] for c in chosen}
        clashes = check["name"] in names or any(check["name"] in clash and names & clash for clash in _CLASHES)
        if len(chosen) < max(size, min(tier, 2)) and not clashes:
            chosen.append(check)
    case = next((_CASES[c["name"]] for c in chosen if c["name"] in _CASES), str)
    return [{**c, "word": case(c["word"])} if "word" in c else c for c in chosen]


def _order(rng: random.Random, tier: int, menu: list[Check]) -> list[Check]:
    """The menu in the order in which its constraints are tried, the one that defines the form mostly first."""
    pool = [check for check in menu if check["name"] in _EASY] if tier == 1 else menu
    first = pool[:1] if tier > 1 or rng.random() < 0.4 else []
    # A weighted draw without replacement: Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006).
    rest = sorted(pool, key=lambda check: -(rng.random() ** (1 / _WEIGHTS.get(check["name"], 1.0))))
    if tier > 2:  # the demanding constraints come first
        rest.sort(key=lambda check: check["name"] not in HARD and rng.random() < 0.75)
    return [*first, *rest]
