"""Filling the slots of a template: numbers, identifiers, words, and lists of them as Python source."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from equipoise.tasks.general_core.procedural._banks import bank


def fill(rng: random.Random, slots: dict[str, str | list[str | int]]) -> dict[str, str]:
    """The text that stands for each slot.

    A list, or `from` and a list of words.yml, gives an entry that no earlier slot holds, so that the identifiers of a program
    differ. Any other text is a name in `_DRAWN` with its arguments. A key of two names ("d e") takes the two words of an entry.
    """
    values: dict[str, str] = {}
    for names, spec in slots.items():
        if isinstance(spec, list):
            text = _unused(rng, [str(option) for option in spec], values)
        else:
            what, *arguments = spec.split()
            text = _unused(rng, _words(arguments[0]), values) if what == "from" else _DRAWN[what](rng, *map(int, arguments))
        values.update(zip(names.split(), text.split() if " " in names else [text], strict=True))
    return values


def _unused(rng: random.Random, options: list[str], values: dict[str, str]) -> str:
    return rng.choice([option for option in options if option not in values.values()])


def _words(name: str) -> list[str]:
    words: list[str] = bank(__file__, "words")[name]
    return words


def _int(rng: random.Random, low: int, high: int) -> str:
    """A number from `low` to `high`."""
    return str(rng.randint(low, high))


def _ints(rng: random.Random, size: int, low: int, high: int) -> str:
    """A list of different numbers."""
    return str(rng.sample(range(low, high + 1), size))


def _repeating_ints(rng: random.Random, size: int, low: int, high: int) -> str:
    """A list of numbers that may repeat."""
    return str(rng.choices(range(low, high + 1), k=size))


def _names(rng: random.Random, size: int) -> str:
    """A list of first names."""
    return json.dumps(rng.sample(_words("names"), size))


def _nouns(rng: random.Random, size: int) -> str:
    """A list of words, some of the same length."""
    return json.dumps(rng.sample(_words("nouns"), size))


def _nouns_by_length(rng: random.Random, size: int) -> str:
    """A list of words of different lengths; `size` is at most 4."""
    lengths = rng.sample([3, 4, 5, 6], size)
    return json.dumps([rng.choice([word for word in _words("nouns") if len(word) == length]) for length in lengths])


def _phrase(rng: random.Random, size: int) -> str:
    """Words of six letters with spaces between them."""
    return " ".join(rng.sample(_words("six_letters"), size))


def _points(rng: random.Random, size: int) -> str:
    """A list of pairs of a name and its points; two have the same points, so that sorting has a tie to break."""
    points = rng.choices(range(1, 10), k=size - 1)
    names = rng.sample(_words("names"), size)
    return str(list(zip(names, [*points, rng.choice(points)], strict=True))).replace("'", '"')


def _texts(rng: random.Random, size: int) -> str:
    """A list of numerals, two or three of them replaced by what `int` refuses."""
    return _spoil(rng, _numerals(rng, size), rng.randint(2, 3), ["x", "3.5", "two", "", "7a"])


def _divisors(rng: random.Random, size: int) -> str:
    """A list of numerals, two of them replaced by a zero or by what `int` refuses."""
    return _spoil(rng, _numerals(rng, size), 2, ["0", "x", "", "zero"])


def _numerals(rng: random.Random, size: int) -> list[str]:
    return [str(number) for number in rng.sample(range(2, 20), size)]


def _spoil(rng: random.Random, numerals: list[str], count: int, odd: list[str]) -> str:
    for place in rng.sample(range(len(numerals)), count):
        numerals[place] = rng.choice(odd)
    return json.dumps(numerals)


def _runs(rng: random.Random, size: int) -> str:
    """Letters, each repeated up to four times."""
    return "".join(char * rng.randint(1, 4) for char in rng.sample("abcdkmst", size))


def _script(rng: random.Random, size: int) -> str:
    """Letters with many b and c, which the state machine reacts to."""
    return "".join(rng.choice("abbccdef") for _ in range(size))


def _postfix(rng: random.Random) -> str:
    """Four numbers and three operators in reverse Polish notation."""
    numbers = rng.sample(range(2, 12), 4)
    forms = ["{} {} - {} * {} +", "{} {} {} - {} * +", "{} {} * {} - {} -", "{} {} + {} {} - *", "{} {} {} * - {} -"]
    return rng.choice(forms).format(*numbers)


_DRAWN: dict[str, Callable[..., str]] = {
    "int": _int,
    "ints": _ints,
    "repeating_ints": _repeating_ints,
    "names": _names,
    "nouns": _nouns,
    "nouns_by_length": _nouns_by_length,
    "phrase": _phrase,
    "points": _points,
    "texts": _texts,
    "divisors": _divisors,
    "runs": _runs,
    "script": _script,
    "postfix": _postfix,
}
