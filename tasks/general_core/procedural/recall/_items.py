"""The items: tiers interleaved, the kinds of a tier in turn, choices without shortcuts."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from typing import Any

from equipoise.tasks.general_core.procedural.recall._conversation import conversation, conversation_kinds
from equipoise.tasks.general_core.procedural.recall._pasted import pasted_text
from equipoise.tasks.general_core.procedural.recall._shortcuts import CHANCE, Shares, fairest
from equipoise.tasks.general_core.procedural.recall._world import WORLD_NAMES

WORDS = {1: (20, 119), 2: (60, 349), 3: (900, 1300), 4: (1800, 2600)}
"""Tier -> the smallest and the largest number of words in all messages of an item."""


def draw(count: int, seed: int) -> list[dict[str, Any]]:
    """`count` distinct items, tiers 1-4 interleaved, the kinds of a tier in turn; the same seed gives the same items."""
    rng = random.Random(f"recall|{seed}|items")
    kinds = {tier: _kinds(tier) for tier in WORDS}
    surpluses: defaultdict[tuple[int, str], Shares] = defaultdict(lambda: defaultdict(float))
    items: list[dict[str, Any]] = []
    seen: set[str] = set()
    for _ in range(20 * count + 100):
        if len(items) == count:
            return items
        turn, tier = len(items) // 4, len(items) % 4 + 1
        kind, name = kinds[tier][(turn + seed) % len(kinds[tier])]
        contents, questions = pasted_text(rng, tier, kind, name) if name else conversation(rng, tier, kind)
        if not questions:
            continue
        label = f"{kind}-{name}" if name else kind
        groups = [surpluses[tier, ""], surpluses[tier, label]]
        question, choices, shares = fairest(rng, "\n".join(contents), questions, groups)
        contents = [*contents, question.text]
        words = sum(len(content.split()) for content in contents)
        smallest, largest = WORDS[tier]
        if not smallest <= words <= largest or "\n".join(contents) in seen:
            continue
        seen.add("\n".join(contents))
        for group, (strategy, share) in itertools.product(groups, shares.items()):
            group[strategy] += share - CHANCE
        items.append(
            {
                "id": f"recall-{len(items) + 1:03d}",
                "tier": tier,
                "kind": label,
                "messages": [{"role": ("user", "assistant")[i % 2], "content": content} for i, content in enumerate(contents)],
                "choices": choices,
                "answer": 0,
                "words": words,
            }
        )
    raise RuntimeError(f"only {len(items)} of {count} items keep to the numbers of words in WORDS")


def _kinds(tier: int) -> list[tuple[str, str]]:
    """Kinds in the order of their turns, each with the world that a pasted text is from, "" for a conversation."""
    if tier < 3:
        return [(kind, "") for kind in (*conversation_kinds(), *(["change"] * 2 if tier == 2 else []))]
    return list(itertools.product(("lookup", "next", "lookup") if tier == 3 else ("correction", "count", "hops"), WORLD_NAMES))
