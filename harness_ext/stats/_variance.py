"""Where the spread of scores comes from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Components(NamedTuple):
    """Variances of one answer's score; their sum is its variance. Unclipped: an estimate can be below zero."""

    question: float
    phrasing: float
    """Of phrasings within a question; with one draw per phrasing, phrasing and sampling together."""
    sampling: float | None
    """Of draws within a phrasing; None with one draw."""


def variance_components(scores: ArrayLike) -> Components:
    """Split the variance of `scores` (questions, phrasings, draws) by nested analysis of variance.

    Expected mean squares of the balanced nested design; at least two questions and two phrasings. Raises `ValueError` otherwise.
    """
    x = np.asarray(scores, dtype=float)
    if x.ndim != 3 or x.shape[0] < 2 or x.shape[1] < 2 or np.isnan(x).any():
        raise ValueError("scores must be (questions, phrasings, draws), at least 2 × 2 × 1, without NaN")
    questions, phrasings, draws = x.shape
    by_phrasing = x.mean(axis=2)
    by_question = by_phrasing.mean(axis=1)
    between_questions = phrasings * draws * by_question.var(ddof=1)
    within = draws * ((by_phrasing - by_question[:, None]) ** 2).sum() / (questions * (phrasings - 1))
    question = float(between_questions - within) / (phrasings * draws)
    if draws == 1:
        return Components(question, float(within), None)
    error = ((x - by_phrasing[..., None]) ** 2).sum() / (questions * phrasings * (draws - 1))
    return Components(question, float(within - error) / draws, float(error))
