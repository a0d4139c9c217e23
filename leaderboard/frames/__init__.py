"""The numbers of the leaderboard's pages: pure functions on the frames of the index. No widget, no file."""

from equipoise.leaderboard.frames._answers import (
    ANSWERED,
    DIMENSIONS,
    critical_failures,
    dimension_table,
    over_checkpoints,
    question_rows,
)
from equipoise.leaderboard.frames._board import VERDICTS, board, filtered
from equipoise.leaderboard.frames._counted import counted, left_out
from equipoise.leaderboard.frames._curves import Fit, collapse_onset, flattening, marginal_gain, size_fit, training_points
from equipoise.leaderboard.frames._pareto import iso_balance, pareto_front
from equipoise.leaderboard.frames._ranks import rank_bounds, rank_name
from equipoise.leaderboard.frames._sides import abilities, sides

__all__ = [
    "ANSWERED",
    "DIMENSIONS",
    "VERDICTS",
    "Fit",
    "abilities",
    "board",
    "collapse_onset",
    "counted",
    "critical_failures",
    "dimension_table",
    "filtered",
    "flattening",
    "iso_balance",
    "left_out",
    "marginal_gain",
    "over_checkpoints",
    "pareto_front",
    "question_rows",
    "rank_bounds",
    "rank_name",
    "sides",
    "size_fit",
    "training_points",
]
