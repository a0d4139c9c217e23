"""The program templates of each tier, read from the `tier*.yml` files."""

from __future__ import annotations

import functools
from typing import NamedTuple

from equipoise.tasks.general_core.procedural._banks import bank

_FILES = {1: ["tier1"], 2: ["tier2"], 3: ["tier3"], 4: ["tier4_functions", "tier4_loops"]}


class Program(NamedTuple):
    """A kind of program."""

    code: str
    """A `string.Template`, without a newline at its end."""
    slots: dict[str, str | list[str | int]]
    """How each slot of the template is filled, in the order of drawing; see `_slots.fill`."""
    misreadings: list[tuple[str, str]]
    """A part of the template, and what it is mistaken for."""


@functools.cache
def programs(tier: int) -> dict[str, Program]:
    """The kinds of program of a tier by name. The dictionary is shared: callers do not change it."""
    entries = {kind: entry for file in _FILES[tier] for kind, entry in bank(__file__, file).items()}
    return {
        kind: Program(
            entry["code"].rstrip("\n"),
            entry["slots"],
            [pair for misreading in entry["misreadings"] for pair in misreading.items()],
        )
        for kind, entry in entries.items()
    }
