"""Item by item: what was lost, what was won, what is reliably right."""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Forgetting(NamedTuple):
    """How right and wrong moved between two checkpoints on the same documents."""

    kept: int
    lost: int
    """Right before, wrong now."""
    won: int
    """Wrong before, right now."""
    missed: int
    forgotten: float | None
    """Share of documents known before and not now, guessing removed; None where the chance level is unknown."""
    learned: float | None


def forgetting(before: ArrayLike, after: ArrayLike, chance: float | None = None) -> Forgetting:
    """Counts over documents (n,) of right (above 0.5) and wrong, and the shares behind them.

    A guesser changes from right to wrong now and then without having forgotten anything. With chance level c and independent
    guesses, of the documents unknown both times (1 − c)² are wrong twice and c(1 − c) change each way; so
    forgotten = lost/(n(1 − c)) − c·missed/(n(1 − c)²), learned likewise from won. Unclipped: where two checkpoints guess alike,
    these can fall below zero. (The idea of a chance-adjusted, sample-wise count: arXiv:2510.17776.)
    """
    x, y = np.asarray(before, dtype=float) > 0.5, np.asarray(after, dtype=float) > 0.5
    if x.shape != y.shape or x.size == 0:
        raise ValueError("two non-empty arrays of one length are needed")
    kept, lost, won, missed = (int(n.sum()) for n in (x & y, x & ~y, ~x & y, ~x & ~y))
    if chance is None or not 0 <= chance < 1:
        return Forgetting(kept, lost, won, missed, None, None)
    guessed = chance * missed / (1 - chance) ** 2
    forgotten, learned = ((changed / (1 - chance) - guessed) / x.size for changed in (lost, won))
    return Forgetting(kept, lost, won, missed, forgotten, learned)


def pass_hat_k(successes: int, draws: int, k: int) -> float:
    """Chance that k answers drawn from `draws` without replacement are all right: C(successes, k) / C(draws, k).

    The unbiased estimate of pass^k. Raises `ValueError` for k outside 1 … draws.
    """
    if not 1 <= k <= draws or not 0 <= successes <= draws:
        raise ValueError(f"pass^{k} of {successes} successes in {draws} draws")
    return comb(successes, k) / comb(draws, k)
