"""Grade an answer against criteria: pure functions, no model, no files.

>>> from equipoise.harness_ext.rubric import Criterion
>>> ctr = Criterion(id="ctr", text="CTR is 2%", points=2, dimension="reliability",
...                 check={"number": "2", "canonical": 2, "unit": "percent", "of": ["CTR"]})
>>> grade_answer("The CTR is 40 / 2,000 = 2.0%.", [ctr])[0].met
True
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from equipoise.harness_ext.grading._checks import run_check
from equipoise.harness_ext.grading._normalise import answer_text
from equipoise.harness_ext.grading._number_check import number_bounds
from equipoise.harness_ext.grading._patterns import asserted, compile_pattern
from equipoise.harness_ext.grading._text import Answer, parse
from equipoise.harness_ext.rubric._schema import Criterion

GRADER_VERSION = "1"
"""Part of a score's identity: a change that can move a verdict changes it."""

__all__ = [
    "GRADER_VERSION",
    "Answer",
    "Verdict",
    "answer_text",
    "asserted",
    "compile_pattern",
    "grade_answer",
    "number_bounds",
    "parse",
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One criterion's outcome for one answer."""

    id: str
    met: bool | None
    """None: not judged."""
    why: str
    span: str = ""
    """The words of the answer that decided."""


def grade_answer(answer: str | Answer, criteria: Sequence[Criterion], prompts: Iterable[str] = ()) -> list[Verdict]:
    """One verdict per criterion, in their order.

    Sentences that repeat one of `prompts` word for word are not graded. Takes a raw answer of any length and content;
    the first 40,000 characters after a model's thinking are read.
    """
    parsed = parse(answer, prompts) if isinstance(answer, str) else answer
    return [Verdict(c.id, *run_check(c.check, parsed)) for c in criteria]
