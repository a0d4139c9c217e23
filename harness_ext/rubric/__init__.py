"""Questions with scoring guidelines: their file format, their forms, and the linter for a set of them."""

from equipoise.harness_ext.rubric._load import QuestionSet, fingerprint, load_questions, render_form
from equipoise.harness_ext.rubric._render import CANONICAL, render, render_values
from equipoise.harness_ext.rubric._schema import Check, Criterion, Question, RenderedQuestion, check_kind

__all__ = [
    "CANONICAL",
    "Check",
    "Criterion",
    "Question",
    "QuestionSet",
    "RenderedQuestion",
    "check_kind",
    "fingerprint",
    "load_questions",
    "render",
    "render_form",
    "render_values",
]
