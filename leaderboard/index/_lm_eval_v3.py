"""Results files of lm-eval 0.3 and before: no filters, no groups, the settings in `config`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from equipoise.leaderboard.index._content import Content
from equipoise.leaderboard.index._lm_eval import read_lm_eval
from equipoise.leaderboard.index._values import mapping

FORMAT = "lm-eval 0.3"
_FAMILIES = ("hendrycksTest-",)
"""Tasks that are one ability in many parts: the 57 subjects of MMLU, which 0.4 puts into a group."""


def read_lm_eval_v3(content: Mapping[str, Any]) -> Content:
    """The content of a results file; `results` must be a mapping. Raises `UnreadableError` for one of absurd size."""
    names = mapping(content.get("results"))
    groups = {prefix.rstrip("-"): [n for n in names if n.startswith(prefix)] for prefix in _FAMILIES}
    return read_lm_eval({**content, "group_subtasks": groups}, FORMAT)
