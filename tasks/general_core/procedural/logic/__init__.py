"""Logic and ordering with four choices, from one-step inferences to puzzles with eight clues.

One item (`draw(2, 0)[1]`; the right choice stands first, whoever shows the item shuffles):

    tier      2
    kind      family
    question  Dana is the mother of Omar. Dana's mother is Mia. Priya is a sister of Mia. Nobody in this family has a
              half-brother, a half-sister or a step-parent. What is Priya to Omar?
    choices   great-aunt | cousin | mother-in-law | niece

Every kind computes its key from the puzzle that it made. Several candidates are made per item, and the one is kept after
which no habit of a lazy test-taker (the longest, the largest number, the first one named ...) pays. The wordings are in the
`.yml` files, one for each kind.
"""

from __future__ import annotations

from typing import Any

from equipoise.tasks.general_core.procedural.logic._selection import select

__all__ = ["draw"]


def draw(count: int, seed: int) -> list[dict[str, Any]]:
    """`count` distinct items, tiers 1 to 4 in turn, the right choice first; the same seed gives the same items.

    ValueError above some 3,000 items, where the smallest kind has no new question left.
    """
    return [
        {
            "id": f"logic-{index:03d}",
            "tier": tier,
            "kind": kind,
            "question": puzzle.question,
            "choices": [puzzle.right, *puzzle.wrong],
            "answer": 0,
        }
        for index, (tier, kind, puzzle) in enumerate(select(count, seed), start=1)
    ]
