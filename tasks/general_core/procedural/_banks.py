"""Wording banks: the `.yml` files beside a generator (`.yml`, because lm-eval reads every `.yaml` at start-up)."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@functools.cache
def bank(package: str, name: str) -> Any:
    """The parsed `name`.yml beside `package` (a module's `__file__`). It is shared: callers do not change it."""
    return yaml.load((Path(package).parent / f"{name}.yml").read_text(encoding="utf-8"), Loader=_LOADER)
