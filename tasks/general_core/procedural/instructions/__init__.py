"""Following instructions with constraints that a program can verify.

A text, list or record is drawn first and the constraints are read off it, so an answer that keeps all of them exists (`good`);
`bad` is a fluent neighbour that misses exactly one. The constraints are drawn so that no fixed reply, such as "Yes." or a list of
three bullets, keeps all those of more than a few items. Item 24 of seed 1:

    {"id": "instructions-024", "tier": 4, "kind": "numbered",
     "instruction": "Please write down some jobs. Please keep to these rules:\\n1. Use a numbered list, one entry on each line, that
                     ends with number 4.\\n2. The entries must be in alphabetical order.\\n3. No entry may begin with a letter
                     other than \\"p\\".",
     "checks": [{"name": "numbered", "n": 4}, {"name": "alphabetical", "unit": "numbered"},
                {"name": "initial", "letter": "p", "unit": "numbered"}],
     "good": "1. painter\\n2. pilot\\n3. plumber\\n4. potter", "bad": "1. pilot\\n2. potter\\n3. plumber\\n4. painter"}

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
