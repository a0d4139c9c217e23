"""Following instructions with constraints that a program can verify.

A text, list or record is drawn first and the constraints are read off it, so an answer that keeps all of them exists (`good`);
`bad` is a fluent neighbour that misses exactly one. Item 16 of seed 1:

    {"id": "instructions-016", "tier": 4, "kind": "sentences",
     "instruction": "Please write a little text about riding a bicycle for my newsletter. Use exactly 17 words. Write exactly
                     three sentences. Each sentence may be at most 7 words long.",
     "checks": [{"name": "sentences", "n": 3}, {"name": "sentence_length", "n": 7}, {"name": "words", "n": 17}],
     "good": "Ring the bell when you pass people. Oil the chain once a month. Who is faster downhill?",
     "bad": "My old bicycle still runs well. Oil the chain once a month. Who is faster downhill?"}

`satisfied(text, checks)` is all that a grader needs.
"""

from __future__ import annotations

import random
from typing import Any

from equipoise.tasks.general_core.procedural.instructions._grade import satisfied
from equipoise.tasks.general_core.procedural.instructions._item import draw_item

__all__ = ["draw", "satisfied"]

_KINDS = ("sentences", "lines", "bullets", "commas", "json", "numbered")


def draw(count: int, seed: int) -> list[dict[str, Any]]:
    """`count` distinct items, tiers 1-4 interleaved, kinds in turn; the same seed gives the same items."""
    rng = random.Random(f"instructions|{seed}|items")
    items: list[dict[str, Any]] = []
    seen: set[str] = set()
    while len(items) < count:
        tier, turn = len(items) % 4 + 1, len(items) // 4
        kind = _KINDS[turn % len(_KINDS)] if rng.random() < 0.7 else "sentences"  # free text takes the most constraints
        item = draw_item(rng, kind, tier)
        if item and item["instruction"] not in seen:
            seen.add(item["instruction"])
            items.append({"id": f"instructions-{len(items) + 1:03d}", **item})
    return items
