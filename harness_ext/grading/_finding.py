"""What a check found."""

from __future__ import annotations

import re
from typing import NamedTuple


class Finding(NamedTuple):
    """Whether a criterion is met, and what decided it."""

    met: bool | None
    """None: not judged."""
    why: str
    span: str = ""
    """The words of the answer that decided."""


def pattern_name(entry: str | list[str]) -> str:
    """A pattern as a reason names it: as it is where it reads as words, else not at all."""
    text = entry if isinstance(entry, str) else " + ".join(entry)
    return repr(text) if re.fullmatch(r"[\w %$€£'+/-]{1,60}", text) else "the quantity"
