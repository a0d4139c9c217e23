"""Results files of lighteval: `results["suite|task|shots"]`, in newer releases `results["task|shots"]`.

`suite|mmlu:_average|5` is listed as the group `suite|mmlu`, `all` as a group of no ability. Standard errors are left out: the
bootstrapped ones are √draws too small, and a file does not say which those are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from equipoise.leaderboard.index._content import MOST_SCORES, MOST_TASKS, Content, Notes, Task, UnreadableError, digest, identity
from equipoise.leaderboard.index._groups import ability_of_rows
from equipoise.leaderboard.index._lm_eval import scores_of
from equipoise.leaderboard.index._values import count, finite, mapping, shown, storable, text

FORMAT = "lighteval"
_AVERAGE = ":_average"


def read_lighteval(content: Mapping[str, Any]) -> Content:
    """The content of a results file; `results` must be a mapping. Raises `UnreadableError` for one of absurd size."""
    notes = Notes()
    general = mapping(content.get("config_general"))
    model_config = mapping(general.get("model_config"))
    results = {n: m for n, m in mapping(content.get("results")).items() if isinstance(m, dict)}
    if len(results) > MOST_TASKS or sum(map(len, results.values())) > MOST_SCORES:
        raise UnreadableError(f"has {len(results):,} tasks: no results file")
    names = {key: _task(key) for key in results}
    groups = _groups([name for name, _ in names.values()])
    ability = ability_of_rows({name: None for name, _ in names.values()}, groups)
    limit = text(finite(general.get("max_samples")))
    chat = shown(general["use_chat_template"]) if "use_chat_template" in general else None
    prompt = text(model_config.get("system_prompt")) or text(general.get("system_prompt"))
    tasks = []
    for key, metrics in results.items():
        name, shots = names[key]
        config = _config(content, key)
        version = text(mapping(content.get("versions")).get(key)) or text(config.get("version"))
        scores = list(scores_of(name, metrics, _directions(config), notes))
        for score in scores:
            score.stderr = None
        if scores:
            counted = next((n for k in ("effective_num_docs", "_effective_num_docs") if (n := count(config.get(k)))), None)
            known = identity(version, shots, limit, None, chat, digest(prompt) if prompt else None)
            is_group = name.endswith(_AVERAGE) or name == "all"
            belongs = storable((ability[name] or name).removesuffix(_AVERAGE)) if name != "all" else None
            plain = storable(name.removesuffix(_AVERAGE))
            tasks.append(Task(plain, is_group, belongs, counted, version, None, shots, known, scores))
    name_of = text(general.get("model_name")) or text(model_config.get("model_name"))
    revision = text(model_config.get("revision"))
    model = f"{name_of}@{revision}" if name_of and revision and revision != "main" else name_of
    return Content(FORMAT, model, None, None, None, tasks, notes)


def _task(key: str) -> tuple[str, int | None]:
    """(task, shots) of a key."""
    parts = key.split("|")
    shots = None
    while len(parts) > 1 and parts[-1].isascii() and parts[-1].isdigit():  # once there was a second number after the shots
        shots = count(parts.pop())
    return "|".join(parts), shots


def _groups(names: list[str]) -> dict[str, list[str]]:
    """Averages over subsets, with their subsets: `leaderboard|mmlu:_average` of `leaderboard|mmlu:anatomy` and the like."""
    groups: dict[str, list[str]] = {name: [] for name in names if name.endswith(_AVERAGE)}
    for name in names:
        average = name.rpartition(":")[0] + _AVERAGE
        if name not in groups and average in groups:
            groups[average].append(name)
    return {name: members for name, members in groups.items() if members}


def _config(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Of a task; older releases leave the shots out of its key."""
    configs = mapping(content.get("config_tasks"))
    return mapping(configs.get(key)) or mapping(configs.get(key.rpartition("|")[0]))


def _directions(config: Mapping[str, Any]) -> Mapping[str, Any]:
    listed = config.get("metrics") or config.get("metric")
    entries = [m for m in listed if isinstance(m, dict)] if isinstance(listed, list) else []
    return {m["metric_name"]: m.get("higher_is_better") for m in entries if isinstance(m.get("metric_name"), str)}
