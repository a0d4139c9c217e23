"""A comparison for a program."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from equipoise.harness_ext.compare import Checkpoint, Comparison
from equipoise.leaderboard.reports._words import encodable, paragraph


def as_json(comparison: Comparison) -> str:
    """Everything in the report; bounds that are infinite and numbers that are unknown are null."""
    plain = _plain(comparison)
    for compared, found in zip(comparison.compared, plain["compared"], strict=True):
        found["verdict"] = paragraph(comparison, compared)
    return encodable(json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Checkpoint):
        return {"name": value.name, "folder": str(value.folder), "manifest": _plain(value.manifest.dump())}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        derived = [name for name, member in vars(type(value)).items() if isinstance(member, property)]
        return {name: _plain(getattr(value, name)) for name in [*(f.name for f in dataclasses.fields(value)), *derived]}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {k: _plain(v) for k, v in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
