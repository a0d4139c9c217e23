"""The numbers of the leaderboard's pages: pure functions on the frames of the index. No widget, no file."""

from equipoise.leaderboard.frames._against import against_base
from equipoise.leaderboard.frames._answers import (
    ANSWERED,
    DIMENSIONS,
    critical_failures,
    dimension_table,
    over_checkpoints,
    question_rows,
    rubric_runs,
)
from equipoise.leaderboard.frames._board import VERDICTS, board, filtered, with_bases
from equipoise.leaderboard.frames._counted import counted, left_out, measured, passed_over
from equipoise.leaderboard.frames._curves import (
    Fit,
    best_lines,
    collapse_onset,
    flattening,
    marginal_gain,
    size_fit,
    training_points,
)
from equipoise.leaderboard.frames._pareto import iso_balance, pareto_front
from equipoise.leaderboard.frames._ranks import rank_bounds
from equipoise.leaderboard.frames._sides import abilities, sides

__all__ = [
    "ANSWERED",
    "DIMENSIONS",
    "VERDICTS",
    "Fit",
    "abilities",
    "against_base",
    "best_lines",
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
    "measured",
    "over_checkpoints",
    "pareto_front",
    "passed_over",
    "question_rows",
    "rank_bounds",
    "rubric_runs",
    "sides",
    "size_fit",
    "training_points",
    "with_bases",
]
