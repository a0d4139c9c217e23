"""`checkpoint.json`: what is known about a checkpoint, written by the trainer beside the weights and copied with its scores.

    {"name": "mix20-1b/step-600", "kind": "full", "base": "…", "step": 600, "tokens": {"domain": 480000, "general": 120000}, …}

Every field may be missing, which means unknown; fields that are not listed here are kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from equipoise.harness_ext.errors import CheckpointError

FILE = "checkpoint.json"


class Manifest(BaseModel):
    """The fields of `checkpoint.json`."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    name: str | None = None
    """Unique within its series."""
    kind: Literal["full", "adapter", "merged"] | None = None
    base: str | None = None
    """The model it was trained from: a folder or hub name."""
    base_hash: str | None = None
    """Weights hash of that base."""
    weights_hash: str | None = None
    parameters: int | None = None
    """Of the whole model, the base of an adapter included."""
    trained_parameters: int | None = None
    step: int | None = None
    """Optimizer steps so far."""
    tokens: dict[str, int] | None = None
    """Trained tokens so far, per source."""
    mix: dict[str, float] | None = None
    """Share of trained tokens per source, as asked for."""
    stage: str | None = None
    learning_rate: float | None = None
    seed: int | None = None
    data_hashes: dict[str, str] | None = None
    config_hash: str | None = None
    parent: str | None = None
    """The checkpoint it was made from, where that is not the base."""
    final: bool | None = None
    """The last checkpoint of its run: watching stops here."""
    created: str | None = None
    """ISO time."""

    def dump(self) -> dict[str, Any]:
        """Without what is unknown, as it goes to disk."""
        return self.model_dump(exclude_none=True)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder; an empty one where it has none. Raises `CheckpointError` for a broken file."""
    path = folder / FILE
    if not path.is_file():
        return Manifest()
    try:
        return Manifest.model_validate(json.loads(path.read_text("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "file"
        raise CheckpointError(f"{path}: {field}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: not valid JSON ({error})") from error
