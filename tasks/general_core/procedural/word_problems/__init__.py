"""Grade-school word problems whose answer is a whole number, in four tiers from one step to eight.

One item (seed 0):

    id        word_problems-034
    tier      2
    kind      change_back
    question  Nora buys 6 notebooks at 8 dollars each and pays with 80 dollars. How many dollars does she get back?
    answer    32
    solution  The price is 6 x 8 = 48. That leaves 80 - 48 = 32. The answer is 32.

A kind of problem is a block of wordings above the plan that draws its numbers, solves it and writes its solution; they stand in
`_tier1.py` to `_tier4_*.py`. To add a wording, add a paragraph with the same placeholders.
"""

from __future__ import annotations

from typing import Any

from equipoise.tasks.general_core.procedural.word_problems._kinds import problems


def draw(count: int, seed: int) -> list[dict[str, Any]]:
    """`count` distinct items, tiers 1 to 4 in turn; the same seed gives the same items."""
    return [
        {
            "id": f"word_problems-{index:03d}",
            "tier": tier,
            "kind": problem.kind,
            "question": problem.question,
            "answer": str(problem.solved.answer),
            "solution": " ".join((*problem.solved.steps, f"The answer is {problem.solved.answer}.")),
        }
        for index, (tier, problem) in enumerate(problems(count, seed), start=1)
    ]
