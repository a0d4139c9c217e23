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

_PINS = {
    "words",
    "words_between",
    "occurs",
    "contains",
    "begins",
    "ends",
    "acrostic",
    "initial",
    "title",
    "echo",
    "json_keys",
    "json_list",
    "json_range",
}
"""The constraints that name a word, key or length drawn from many: no fixed reply, such as "Yes.", keeps more than a few of them."""

_COUNTS = {"sentences", "lines", "bullets", "numbered", "comma_items"}

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
    "contains",
    "begins",
    "ends",
    "quoted",
    "title",
    "echo",
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
    free = menu[0]["name"] in ("sentences", "lines", "acrostic")
    alone = [c for c in menu if c["name"] in HARD & _PINS and "unit" not in c and free]
    if tier == 2 and alone and rng.random() < 0.4:  # one demanding constraint that needs no other one to be understood
        return [rng.choice(alone)]
    ordered = _order(rng, tier, menu)
    size = (_size_of_easiest(rng, ordered[0]), rng.choice([2, 2, 3]), rng.choice([2, 3, 3]), rng.randint(3, 5))[tier - 1]
    chosen: list[Check] = []
    for check in ordered:
        names = {c["name"] for c in chosen}
        clashes = check["name"] in names or any(check["name"] in clash and names & clash for clash in _CLASHES)
        # Of two or three constraints the last one is a pin where no other is; four or five have enough to keep without it.
        unpinned = len(chosen) == size - 1 and size in (2, 3) and not {*names, check["name"]} & _PINS
        if len(chosen) < size and not clashes and not unpinned:
            chosen.append(check)
    case = next((_CASES[c["name"]] for c in chosen if c["name"] in _CASES), str)
    return [{**c, "word": case(c["word"])} if "word" in c else c for c in chosen]


def _size_of_easiest(rng: random.Random, first: Check) -> int:
    """One constraint where few fixed replies keep it, two otherwise; of the numbers from two on, a third stands alone."""
    counts = first["name"] in _COUNTS and first["n"] > 1 and rng.random() < 0.35
    return 1 if counts or first["name"] in _PINS else 2


def _order(rng: random.Random, tier: int, menu: list[Check]) -> list[Check]:
    """The menu in the order in which its constraints are tried, the one that defines the form mostly first."""
    pool = [check for check in menu if check["name"] in _EASY] if tier == 1 else menu
    first = pool[:1] if tier > 1 or rng.random() < 0.4 else []
    # A weighted draw without replacement: Efraimidis and Spirakis, "Weighted random sampling with a reservoir" (2006).
    rest = sorted(pool, key=lambda check: -(rng.random() ** (1 / _WEIGHTS.get(check["name"], 1.0))))
    if tier > 2:  # the demanding constraints come first
        rest.sort(key=lambda check: check["name"] not in HARD and rng.random() < 0.75)
    return [*first, *rest]
