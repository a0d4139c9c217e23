"""Values from files that anybody may have written: never trusted to have the type they should have."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

LARGEST = 2**63 - 1
"""What a column of whole numbers can hold."""


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def number(value: object) -> float | None:
    """A number, also where it was written as text; it may be infinite or NaN. None for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and len(value) > 40:
        return None
    if not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf


def finite(value: object) -> float | None:
    """A finite number, else None."""
    found = number(value)
    return found if found is not None and math.isfinite(found) else None


def count(value: object) -> int | None:
    """A whole number from 0 that a column can hold, else None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value <= LARGEST else None
    found = finite(value)
    return int(found) if found is not None and found.is_integer() and 0 <= found < LARGEST else None


def text(value: object) -> str | None:
    """Text, or a number as text; None where it is neither, or empty."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = repr(value) if isinstance(value, float) or abs(value) < 10**100 else None
    return storable(value) if isinstance(value, str) and value else None


def first_text(values: Iterable[object]) -> str | None:
    """The first that `text` takes."""
    return next((found for value in values if (found := text(value))), None)


def storable(value: str) -> str:
    """The text as UTF-8 can hold it: JSON and file names can carry half a character."""
    if value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()


def shown(value: object, limit: int = 80) -> str:
    """A text from a file within a one-line message."""
    line = storable("".join(c if c.isprintable() else " " for c in str(value)[: 2 * limit])).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"
