"""The figures of the leaderboard: plotly figures from frames. Pure; colours are safe for colour-blind readers."""

from equipoise.leaderboard.figures._balance import balance_figure
from equipoise.leaderboard.figures._forest import forest_figure
from equipoise.leaderboard.figures._heat import heat_figure
from equipoise.leaderboard.figures._lines import AXES, TITLES, size_figure, training_figure
from equipoise.leaderboard.figures._style import mix_name, size_name

__all__ = [
    "AXES",
    "TITLES",
    "balance_figure",
    "forest_figure",
    "heat_figure",
    "mix_name",
    "size_figure",
    "size_name",
    "training_figure",
]
