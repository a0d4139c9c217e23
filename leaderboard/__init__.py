"""The leaderboard and the comparison reports."""
