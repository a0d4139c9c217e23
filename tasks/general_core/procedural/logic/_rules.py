"""The rules of kind `odd_one`, about numbers and about words, by tier."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """`says` ("are even") fits after "numbers that"; `breaks` ("is not") says the contrary of one; a word rule has no `span`."""

    says: str
    breaks: str
    keeps: Callable[[Any], bool]
    span: range | None = None


def rules(rng: random.Random, tier: int) -> list[Rule]:
    """The rules of a tier, with numbers and letters drawn for them."""
    letter, length, vowels = rng.choice("sbmcpt"), rng.choice((4, 5, 6)), rng.choice((2, 3))
    m, q, k, digit_sum, bound = rng.randint(5, 9), rng.choice((5, 7)), rng.randint(1, 4), rng.randint(7, 13), rng.randint(3, 8) * 10
    factor = rng.choice((3, 4, 6, 7, 8, 9))
    near = range(bound - 25, bound + 26)
    if tier == 1:
        return [
            Rule("are even", "is not", lambda n: n % 2 == 0, range(2, 60)),
            Rule("are odd", "is not", lambda n: n % 2 == 1, range(3, 60)),
            Rule(f"are greater than {bound}", "is not", lambda n: n > bound, near),
            Rule(f"begin with the letter {letter}", "does not", lambda word: word[0] == letter),
            Rule(f"are smaller than {bound}", "is not", lambda n: n < bound, near),
            Rule("are multiples of 10", "is not", lambda n: n % 10 == 0, range(10, 130)),
        ]
    if tier == 2:
        double = "contain a double letter (the same letter twice in a row)"
        return [
            Rule(f"are multiples of {factor}", "is not", lambda n: n % factor == 0, range(factor, 90)),
            Rule(f"have exactly {length} letters", "does not", lambda word: len(word) == length),
            Rule(double, "does not", lambda word: any(x == y for x, y in pairwise(word))),
            Rule("are square numbers", "is not", lambda n: round(n**0.5) ** 2 == n, range(4, 150)),
            Rule("have two equal digits", "does not", lambda n: n % 11 == 0, range(11, 100)),
        ]
    if tier == 3:
        some_vowels = f"contain exactly {vowels} vowels (a, e, i, o or u, each counted as often as it occurs)"
        return [
            Rule("are prime numbers", "is not", lambda n: _factors(n) == [n], range(11, 130)),
            Rule(f"leave the remainder {k} when divided by {m}", "does not", lambda n: n % m == k, range(10, 100)),
            Rule(
                f"have digits that add up to {digit_sum}",
                "does not",
                lambda n: sum(map(int, str(n))) == digit_sum,
                range(20, 400),
            ),
            Rule("begin and end with the same letter", "does not", lambda word: word[0] == word[-1]),
            Rule(some_vowels, "does not", lambda word: len(re.findall("[aeiou]", word)) == vowels),
        ]
    neighbours = "are products of two whole numbers that follow each other (such as 3 x 4)"
    remainders = f"leave the remainder 2 when divided by 3 and the remainder {k} when divided by {q}"
    sorted_letters = "have their letters in alphabetical order from left to right (equal letters may stand side by side)"
    squares = "can be written as the sum of two square numbers greater than 0 (such as 4 + 9)"
    return [
        Rule(neighbours, "is not", lambda n: any(i * (i + 1) == n for i in range(n)), range(20, 400)),
        Rule("are products of exactly two different prime numbers (such as 3 x 7)", "is not", _semiprime, range(20, 160)),
        Rule(remainders, "does not", lambda n: n % 3 == 2 and n % q == k, range(10, 400)),
        Rule(sorted_letters, "does not", lambda word: list(word) == sorted(word)),
        Rule(
            squares,
            "cannot",
            lambda n: any(round((n - i * i) ** 0.5) ** 2 == n - i * i for i in range(1, n) if i * i < n),
            range(20, 150),
        ),
    ]


def _semiprime(n: int) -> bool:
    factors = _factors(n)
    return len(factors) == 2 and factors[0] != factors[1]


def _factors(n: int) -> list[int]:
    """The prime factors of n > 1 in rising order."""
    for d in range(2, n + 1):
        if n % d == 0:
            return [d, *(_factors(n // d) if n > d else [])]
    raise ValueError(n)
