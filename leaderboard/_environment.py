"""How `equipoise leaderboard` tells the page what to show: environment variables."""

FOLDER = "EQUIPOISE_LEADERBOARD"
"""The result folder or URL."""
EXAMPLE = "EQUIPOISE_LEADERBOARD_EXAMPLE"
"""`1` where that is the built-in example."""
LOGIN = "EQUIPOISE_LEADERBOARD_LOGIN"
"""`1` where readers must log in."""
