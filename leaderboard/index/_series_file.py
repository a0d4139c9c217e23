"""`series.yaml` in a result folder: what nobody wrote down elsewhere, said by a person.

checkpoints:                     # name patterns; where several match, later lines win
  "pythia-1.4b*": {size: 1.4b, series: pythia-1.4b, base: pythia-1.4b@step0}
  "*@step0": {step: 0, tokens: 0}
  "mix20-*": {mix: {domain: 0.2, general: 0.8}}
roles:                           # patterns of tasks or abilities; where several match, later lines win
  "our_*": domain
  "crows_pairs_*": ignore
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from equipoise.leaderboard.index._content import UnreadableError
from equipoise.leaderboard.index._names import amount
from equipoise.leaderboard.index._values import LARGEST, shown, storable

Role = Literal["domain", "general", "ignore"]


def _amount(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    found = amount(value)
    if found is None:
        raise ValueError(f"{shown(value)!r} is no number like 1400000000 or 1.4b")
    return found


def _as_text(value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value


Amount = Annotated[int, BeforeValidator(_amount), Field(ge=0, le=LARGEST)]
"""A whole number, or `1.4b`, `300k`."""
Text = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]
Share = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Said(BaseModel):
    """What is said of the checkpoints that match a pattern; None: nothing."""

    model_config = ConfigDict(extra="forbid", strict=True)

    size: Amount | None = None
    """Parameters."""
    step: Amount | None = None
    tokens: Amount | None = None
    """Trained tokens in all."""
    series: Text | None = None
    base: Text | None = None
    """Name of the base."""
    mix: dict[Text, Share] | None = None
    """Share of trained tokens per source."""


class SeriesFile(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    checkpoints: dict[str, Said] = {}
    roles: dict[str, Role] = {}

    def said_of(self, names: Iterator[str] | tuple[str, ...]) -> Said:
        """What is said of a checkpoint under any of its names."""
        all_names = tuple(names)
        found: dict[str, Any] = {}
        for pattern, said in self.checkpoints.items():
            if any(_compiled(pattern).match(name) for name in all_names):
                found |= {field: value for field, value in said if value is not None}
        return Said.model_construct(**found)

    def role_of(self, task: str, ability: str | None) -> Role | None:
        """The role of a task, by its own name or its ability's."""
        found = None
        for pattern, role in self.roles.items():
            if any(name and _compiled(pattern).match(name) for name in (task, ability)):
                found = role
        return found


class _Loader(yaml.SafeLoader):
    """Without merge keys (`<<`), with which a few lines can grow without end."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Leave the mapping as it is."""


def read_series_file(data: bytes) -> SeriesFile:
    """Parse it; an empty file says nothing. Raises `UnreadableError` with one line that names the field."""
    try:
        content = yaml.load(data.decode("utf-8-sig"), Loader=_Loader)
        return SeriesFile.model_validate({} if content is None else content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ": ".join(shown(part, 40) for part in first["loc"] if part != "[key]")
        what = "unknown key" if first["type"] == "extra_forbidden" else shown(first["msg"].removeprefix("Value error, "), 120)
        raise UnreadableError(f"{field or 'file'}: {what}; nothing of this file is used") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UnreadableError(
            f"not valid YAML ({shown(' '.join(str(error).split()), 160)}); nothing of this file is used"
        ) from error


@lru_cache(maxsize=10_000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(storable(pattern)))
