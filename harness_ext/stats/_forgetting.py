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
    forgotten: tuple[float, float] | None
    """Share of documents known before and not now, with guessing removed: (least, most). None where the chance level is unknown."""
    learned: tuple[float, float] | None


def forgetting(before: ArrayLike, after: ArrayLike, chance: ArrayLike | None = None) -> Forgetting:
    """Counts over documents (n,) of right (above 0.5) and wrong, and the shares behind them; `chance` (n,) or one number.

    A guesser changes from right to wrong now and then without having forgotten anything. Of the documents unknown both times,
    independent guesses at chance c leave (1 − c)² wrong twice and move c(1 − c) each way; so with independent guesses
    forgotten = mean of lost/(1 − c) − c·missed/(1 − c)². Two checkpoints that guess alike move none of these, and it is
    lost/(1 − c). How alike they guess is not known: the two are the bounds, the first not below 0. (The idea of a chance-adjusted,
    sample-wise count: arXiv:2510.17776.)
    """
    x, y = np.asarray(before, dtype=float) > 0.5, np.asarray(after, dtype=float) > 0.5
    if x.shape != y.shape or x.size == 0:
        raise ValueError("two non-empty arrays of one length are needed")
    kept, lost, won, missed = x & y, x & ~y, ~x & y, ~x & ~y
    whole = Forgetting(int(kept.sum()), int(lost.sum()), int(won.sum()), int(missed.sum()), None, None)
    if chance is None:
        return whole
    c = np.asarray(chance, dtype=float)
    guessed = c * missed / (1 - c) ** 2
    forgotten, learned = ((max(0.0, float(np.mean(m / (1 - c) - guessed))), float(np.mean(m / (1 - c)))) for m in (lost, won))
    return whole._replace(forgotten=forgotten, learned=learned)


def pass_hat_k(successes: int, draws: int, k: int) -> float:
    """Chance that k answers drawn from `draws` without replacement are all right: C(successes, k) / C(draws, k).

    The unbiased estimate of pass^k. Raises `ValueError` for k outside 1 … draws.
    """
    if not 1 <= k <= draws or not 0 <= successes <= draws:
        raise ValueError(f"pass^{k} of {successes} successes in {draws} draws")
    return comb(successes, k) / comb(draws, k)
