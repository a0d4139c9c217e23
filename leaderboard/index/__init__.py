"""The index of a result folder: what every results file says, as two tables, kept up to date cheaply.

    with Index.open("results") as index:
        index.refresh()
        index.checkpoints()
        index.scores(tasks=["monetization45"], metrics=["score"])

Read are lm-eval 0.4 and 0.3, lighteval, and our `checkpoint.json`, `series.json` and `series.yaml`. The files are the truth and
are never written; samples are never read. What is in a file is data: names are never taken for paths.
"""

from equipoise.leaderboard.index._index import Index
from equipoise.leaderboard.index._refresh import Refreshed
from equipoise.leaderboard.index._scan import open_folder

__all__ = ["Index", "Refreshed", "open_folder"]
