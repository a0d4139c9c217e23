"""Which files look like results, and which tool wrote them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Literal

from equipoise.harness_ext.manifest import FILE as MANIFEST
from equipoise.leaderboard.index._content import Content, UnreadableError
from equipoise.leaderboard.index._lighteval import read_lighteval
from equipoise.leaderboard.index._lm_eval import read_lm_eval
from equipoise.leaderboard.index._lm_eval_v3 import read_lm_eval_v3
from equipoise.leaderboard.index._values import mapping

Kind = Literal["results", "maybe", "manifest", "bases", "settings"]
BASES = "series.json"
"""Written by `equipoise score`: the bases of a result folder."""
SETTINGS = "series.yaml"
"""Written by people, in the result folder itself."""
LIMITS: dict[Kind, int] = {"results": 16 << 20, "maybe": 8 << 20, "manifest": 1 << 20, "bases": 1 << 20, "settings": 256 << 10}
"""Largest size in bytes that is read."""

_OTHERS = re.compile(
    r"(tokenizer|tokenizer_config|vocab|config|generation_config|adapter_config|preprocessor_config|special_tokens_map|added_tokens"
    r"|trainer_state|all_results|train_results|eval_results|package|(samples|details)_.*|.*_write_out_info|.*\.index)\.json"
)
"""Never opened: samples, and what lies beside models."""
_LM_EVAL_4 = ("configs", "n-shot", "group_subtasks", "lm_eval_version")
_STARTS_LIKE_RESULTS = re.compile(rb'\s*\{\s*"results"\s*:')


def kind_of(path: str) -> Kind | None:
    """What a file may be, by its path in the result folder; None for one that is never opened."""
    name = PurePosixPath(path).name
    if path == SETTINGS:
        return "settings"
    if not name.endswith(".json"):
        return None
    if name in (MANIFEST, BASES):
        return "manifest" if name == MANIFEST else "bases"
    if name.startswith("results"):
        return "results"
    return None if _OTHERS.fullmatch(name) else "maybe"


def read_results(data: bytes, kind: Kind) -> Content | None:
    """The content of a results file; None for a JSON file that is something else.

    Raises `UnreadableError` with one line for a file that should be results and cannot be used.
    """
    if kind == "maybe" and b'"results"' not in data:
        return None
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        if kind == "maybe" and not _STARTS_LIKE_RESULTS.match(data):
            return None
        raise UnreadableError(not_json(error)) from error
    if kind == "maybe" and not _has_settings(content):
        return None
    if not isinstance(content, dict):
        raise UnreadableError(f"holds a {type(content).__name__}, not the mapping that a results file is")
    if not isinstance(content.get("results"), dict):
        raise UnreadableError("is no results file: the mapping 'results' is missing")
    found = _read(content)
    if not found.tasks:
        raise UnreadableError("has no scores in it")
    return found


def not_json(error: ValueError | RecursionError) -> str:
    """What to show for a file that cannot be parsed."""
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"is not text ({error.reason} at byte {error.start})"
    return f"not valid JSON, the file may be cut off ({str(error)[:100]})"


def _has_settings(content: object) -> bool:
    found = mapping(content)
    return isinstance(found.get("results"), dict) and any(k in found for k in ("versions", "config", "configs", "config_general"))


def _read(content: Mapping[str, Any]) -> Content:
    if "config_general" in content:
        return read_lighteval(content)
    if any(k in content for k in _LM_EVAL_4) or any("," in key for m in content["results"].values() for key in mapping(m)):
        return read_lm_eval(content)
    return read_lm_eval_v3(content)
