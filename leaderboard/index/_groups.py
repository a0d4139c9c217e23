"""Which ability every row of a results file belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from equipoise.harness_ext.balance import COLLECTIONS, abilities
from equipoise.leaderboard.index._content import Notes
from equipoise.leaderboard.index._values import mapping

_DEEPEST = 20
_MOST = 50_000


def groups_of(content: Mapping[str, Any], notes: Notes) -> dict[str, list[str]]:
    """Groups with their members. Empty, with a note, where they go in circles or name far too many tasks."""
    groups = {
        name: [m for m in members if isinstance(m, str)]
        for name, members in mapping(content.get("group_subtasks")).items()
        if isinstance(members, list) and members
    }
    sizes: dict[str, int] = {}

    def size(name: str, above: tuple[str, ...]) -> int:
        if name not in groups:
            return 1
        if name not in sizes:
            if name in above or len(above) > _DEEPEST:
                raise RecursionError
            sizes[name] = sum(size(member, (*above, name)) for member in groups[name])
            if sum(sizes.values()) > _MOST:
                raise RecursionError
        return sizes[name]

    try:
        for name in groups:
            size(name, ())
    except RecursionError:
        notes.add("cannot be followed: groups are left out", "group_subtasks")
        return {}
    return groups


def ability_of_rows(rows: Mapping[str, object], groups: Mapping[str, Sequence[str]]) -> dict[str, str | None]:
    """The ability of every task and group in `rows`; None for a collection of several abilities."""
    found = abilities({"results": rows, "group_subtasks": groups})
    by_task = {task: ability for ability, tasks in found.items() for task in tasks}
    for name in groups:  # a group within an ability: that of the first task below it
        below = name
        while below in groups and below not in found:
            below = groups[below][0] if groups[below] else ""
        if name not in found and name not in COLLECTIONS:
            by_task[name] = below if below in found else by_task.get(below, name)
    own: dict[str, str | None] = {name: None for name in COLLECTIONS if name in groups} | {name: name for name in found}
    return {name: own.get(name, by_task.get(name, name)) for name in rows}
