"""What a check found."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """Whether a criterion is met, and what decided it."""

    met: bool | None
    """None: not judged."""
    why: str
    span: str = ""
    """The words of the answer that decided."""


def pattern_name(entry: str | list[str]) -> str:
    """A pattern as a reason names it, shortened."""
    text = entry if isinstance(entry, str) else " + ".join(entry)
    return repr(text if len(text) <= 60 else text[:57] + "…")
