"""Words that several kinds share: names, numerals, days, and how a list is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from equipoise.tasks.general_core.procedural._banks import bank

_NAMES: Final[dict[str, list[str]]] = bank(__file__, "names")
BOYS: Final = tuple(_NAMES["boys"])
NAMES: Final = (*_NAMES["girls"], *BOYS)
ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def listing(words: Sequence[str], link: str = "and") -> str:
    """`a, b and c`, or another word in the place of `and`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {link} {words[-1]}"


def capital(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[0].upper() + text[1:]
