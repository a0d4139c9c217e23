"""Checkpoints against their base: paired, item by item, with a verdict on both sides of the balance."""

from equipoise.harness_ext.compare._difference import Difference
from equipoise.harness_ext.compare._domain import Answer, Domain, Question, Verdict, graded_answers
from equipoise.harness_ext.compare._general import Ability, Flipped, General
from equipoise.harness_ext.compare._read import Checkpoint
from equipoise.harness_ext.compare._recipes import Recipe
from equipoise.harness_ext.compare._verdict import Compared, Comparison, compare

__all__ = [
    "Ability",
    "Answer",
    "Checkpoint",
    "Compared",
    "Comparison",
    "Difference",
    "Domain",
    "Flipped",
    "General",
    "Question",
    "Recipe",
    "Verdict",
    "compare",
    "graded_answers",
]
