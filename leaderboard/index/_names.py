"""What the names of checkpoints tell: `EleutherAI/pythia-1.4b@step63000`, `runs/mix20/checkpoint-300`, `smollm2-135m`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from equipoise.leaderboard.index._values import LARGEST

UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}

_AMOUNT = re.compile(r"(\d{1,20}(?:\.\d{1,20})?)([kmbt]?)", re.IGNORECASE)
_SIZE = re.compile(r"(?<![a-z0-9.])(\d{1,6}(?:\.\d{1,6})?)([mb])(?![a-z0-9])(?![\s_-]*tok)", re.IGNORECASE)
_STEP = re.compile(
    r"(?<![a-z])(?:global[_-]?)?(?:steps?|checkpoint|ckpt|iter(?:ation)?)[\s_=-]{0,3}(\d{1,18})(k|m)?(?![a-z0-9.])", re.IGNORECASE
)
_TOKENS = re.compile(
    r"(?<![a-z])tokens?[\s_=-]{0,3}(\d{1,6}(?:\.\d{1,6})?)([mbt])(?![a-z0-9])"
    r"|(?<![a-z0-9.])(\d{1,6}(?:\.\d{1,6})?)([mbt])[\s_-]?tok(?:ens?)?(?![a-z])",
    re.IGNORECASE,
)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d)[-:](\d\d)[-:](\d\d(?:\.\d{1,6})?)")
_PARTS = re.compile(r"[/@\\]")
_LONGEST = 2_000
"""Names are looked through up to here."""


def amount(written: str) -> int | None:
    """`1.4b` → 1,400,000,000; `300` → 300; None for anything else."""
    found = _AMOUNT.fullmatch(written.strip())
    return _times(found[1], found[2]) if found else None


def parameters_in(name: str) -> int | None:
    """Model size: the first in the last part that has one. None where it is not told, as in `8x7B`."""
    for part in _parts(name):
        if found := _SIZE.search(part):
            return _times(found[1], found[2])
    return None


def step_in(name: str) -> int | None:
    """Training step: the last one named."""
    for part in _parts(name):
        if all_found := _STEP.findall(part):
            return _times(*all_found[-1])
    return None


def tokens_in(name: str) -> int | None:
    """Trained tokens: `tokens5B`, `300B-tokens`."""
    for part in _parts(name):
        if found := _TOKENS.search(part):
            return _times(found[1] or found[3], found[2] or found[4])
    return None


def time_in(name: str) -> float | None:
    """Seconds since 1970 of the time in a file's name. Tools write their local time, and not which; it is taken for UTC."""
    found = _TIME.search(name)
    try:
        return datetime.fromisoformat(f"{found[1]}:{found[2]}:{found[3]}+00:00").timestamp() if found else None
    except ValueError:  # the 45th of May
        return None


def series_in(name: str) -> str:
    """The name without its step: what the checkpoints of one run share. Empty where nothing else is left."""
    name = name[:_LONGEST]
    found = list(_STEP.finditer(name))
    if not found:
        return name
    last = found[-1]
    before, after = name[: last.start()].rstrip("/@_-=. "), name[last.end() :]
    return before + after if before else after.lstrip("/@_-=. ")


def _parts(name: str) -> Iterator[str]:
    """The parts of a path, last first."""
    return reversed(_PARTS.split(name[-_LONGEST:]))


def _times(digits: str, unit: str) -> int | None:
    whole, _, fraction = digits.partition(".")
    found = int(whole + fraction) * UNITS[unit.lower()] // 10 ** len(fraction)
    return found if found <= LARGEST else None
