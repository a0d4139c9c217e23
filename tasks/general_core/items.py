"""The items of each ability as documents of an lm-eval task.

Stored items lie in `items/<ability>.jsonl`, the right choice first; the others are drawn by `procedural/`. One document:

    {"id": "knowledge-001", "tier": 1, "kind": "biology",
     "question": "Which part of a plant takes in most of its water from the soil?",
     "choices": ["petals", "leaves", "roots", "flowers"], "answer": 2}
"""

from __future__ import annotations

import importlib
import json
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

Item = dict[str, Any]

FOLDER = Path(__file__).parent / "items"
DRAWN = {"word_problems": 300, "logic": 300, "instructions": 240, "code_reading": 300, "recall": 240}
"""Procedural ability → items."""
LONG_RECALL = 80
"""Of the recall items so many have a text of 1,000 words or more; all of them would take as long as all other abilities."""


def documents(ability: str, seed: int = 0) -> list[Item]:
    """All items of an ability, tiers alternating so that `--limit` takes some of each.

    `seed` redraws the procedural abilities; the stored ones are the same under every seed. Right answers stand equally
    often in each position. Raises `ValueError` for an unknown ability.
    """
    if ability in DRAWN:
        items = _drawn(ability, seed)
    elif ability in _STORED:
        lines = (FOLDER / f"{ability}.jsonl").read_text("utf-8").strip().split("\n")
        items = [item for line in lines for item in _STORED[ability](json.loads(line))]
    else:
        raise ValueError(f"unknown ability {ability!r}: there are {', '.join([*_STORED, *DRAWN])}")
    by_tier = [[item for item in items if item["tier"] == tier] for tier in (1, 2, 3, 4)]
    items = [item for row in zip_longest(*by_tier) for item in row if item]
    return list(_placed(items, random.Random(f"positions|{ability}|{seed}")))


def _drawn(ability: str, seed: int) -> list[Item]:
    draw: Callable[[int, int], list[Item]] = importlib.import_module(f"equipoise.tasks.general_core.procedural.{ability}").draw
    count = DRAWN[ability]
    if ability == "instructions":
        return [_instruction(item) for item in draw(count, seed)]
    if ability != "recall":
        return draw(count, seed)
    # tiers 3 and 4 are the long ones: draw as many items as give enough short ones, keep a part of the long
    items = draw(2 * (count - LONG_RECALL), seed)
    short = [item for item in items if item["tier"] <= 2]
    return short + [item for item in items if item["tier"] > 2][:LONG_RECALL]


def _instruction(item: Item) -> Item:
    """With its checks as JSON: a dataset would give all of them the same fields."""
    return {**item, "messages": [{"role": "user", "content": item["instruction"]}], "checks": json.dumps(item["checks"])}


def _question(row: Item) -> Iterator[Item]:
    yield _kind(row)


def _passage(row: Item) -> Iterator[Item]:
    for number, question in enumerate(row["questions"], start=1):
        yield {"id": f"{row['id']}-{number}", "cluster": row["id"], "kind": row["topic"], "passage": row["passage"], **question}


def _pair(row: Item) -> Iterator[Item]:
    choices = [row.pop("good"), row.pop("bad")]
    yield _kind({**row, "choices": choices})


def _request(row: Item) -> Iterator[Item]:
    replies = [row.pop("comply"), row.pop("decline")]
    messages = [{"role": "user", "content": row.pop("request")}]
    part = "harmful" if row["harmful"] else "harmless"
    yield _kind({**row, "part": part, "messages": messages, "choices": replies[::-1] if row["harmful"] else replies})


_STORED: dict[str, Callable[[Item], Iterator[Item]]] = {
    "knowledge": _question,
    "endings": _question,
    "reading": _passage,
    "acceptability": _pair,
    "refusal": _request,
}


def _kind(row: Item) -> Item:
    """Drawn items call it kind, stored ones topic."""
    row["kind"] = row.pop("topic")
    return row


def _placed(items: Iterable[Item], rng: random.Random) -> Iterator[Item]:
    """The items with their choices in another order and `answer`, the position of the right one."""
    positions: dict[int, list[int]] = {}
    for item in items:
        choices = item.get("choices")
        if not choices:
            yield item
            continue
        waiting = positions.setdefault(len(choices), [])
        if not waiting:
            waiting += rng.sample(range(len(choices)), len(choices))
        answer = waiting.pop()
        wrong = rng.sample(choices[1:], len(choices) - 1)
        yield {**item, "choices": [*wrong[:answer], choices[0], *wrong[answer:]], "answer": answer}
