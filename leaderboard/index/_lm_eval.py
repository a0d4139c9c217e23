"""Results files of lm-eval 0.4, in all the shapes its releases have written, and of forks that keep its layout."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from equipoise.leaderboard.index._content import (
    MOST_SCORES,
    MOST_TASKS,
    Content,
    Notes,
    Score,
    Task,
    UnreadableError,
    digest,
    identity,
)
from equipoise.leaderboard.index._groups import ability_of_rows, groups_of
from equipoise.leaderboard.index._values import count, finite, first_text, mapping, number, storable, text

FORMAT = "lm-eval 0.4"
DIRECTIONS = dict.fromkeys(
    ("acc", "acc_norm", "acc_mutual_info", "acc_all", "exact_match", "em", "f1", "mcc", "bleu"), True
) | dict.fromkeys(("ppl", "perplexity", "word_perplexity", "byte_perplexity", "bits_per_byte", "brier_score"), False)
"""Whether higher is better, of metrics that older files do not say it of."""

_NOT_METRICS = {"alias", "name", "samples", "sample_len", "sample_count"}
_ERRORS = ("_stderr", "_std_err")
_MODEL_ARGUMENTS = ("pretrained", "model", "path", "engine")
_ADAPTER_ARGUMENTS = ("peft", "delta", "lora_local_path")
_PARTS_OF_A_MODEL = ("subfolder", "gguf_file")
_NUMERICS = ("dtype", "engine", "quantization", "load_in_4bit", "load_in_8bit")
"""Arguments of a model that change its numbers."""


def read_lm_eval(content: Mapping[str, Any], format: str = FORMAT) -> Content:
    """The content of a results file; `results` must be a mapping. Raises `UnreadableError` for one of absurd size."""
    notes = Notes()
    rows = _rows(content, notes)
    groups = groups_of(content, notes)
    ability = ability_of_rows(rows, groups)
    config = mapping(content.get("config"))
    settings = _Settings(content, config)
    tasks = []
    written = 0
    for name, metrics in rows.items():
        scores = list(scores_of(name, metrics, settings.directions(name), notes))
        written += len(scores)
        if written > MOST_SCORES:
            raise UnreadableError(f"has more than {MOST_SCORES:,} scores: no results file")
        if scores:
            belongs = ability[name]
            is_group = name in groups or name in mapping(content.get("groups"))
            task = settings.task(name, is_group, belongs and storable(belongs), scores, metrics)
            tasks.append(task)
    return Content(
        format=format,
        model=_model(content, config),
        base=_base(config),
        parameters=count(config.get("model_num_parameters")),
        date=finite(content.get("date")),
        tasks=tasks,
        notes=notes,
    )


def _rows(content: Mapping[str, Any], notes: Notes) -> dict[str, Mapping[str, Any]]:
    """Metrics by task and group: some releases write groups twice, some in one of the two places only."""
    found: dict[str, Mapping[str, Any]] = {}
    for part in ("results", "groups"):
        for name, metrics in mapping(content.get(part)).items():
            if not isinstance(metrics, dict):
                notes.add("is not a mapping of metrics: left out", part, name)
            else:
                found[name] = {**metrics, **found.get(name, {})}
    if len(found) > MOST_TASKS:
        raise UnreadableError(f"has {len(found):,} tasks: no results file")
    return found


def scores_of(task: str, metrics: Mapping[str, Any], directions: Mapping[str, Any], notes: Notes) -> Iterator[Score]:
    """The metrics of one task. Keys are `metric,filter`, or the metric alone; text, lists and mappings are not metrics."""
    for key, value in metrics.items():
        metric, comma, name = key.partition(",")
        if key in _NOT_METRICS or metric.endswith(_ERRORS) or (not comma and metric.startswith("num_")):
            continue
        found = number(value)
        if found is None and value is not None:
            if isinstance(value, str) and (metric in directions or metric in DIRECTIONS):
                notes.add("is not a number: left out", task, key, "=", value)
            continue
        if found is None or not math.isfinite(found):
            notes.add("is not a number: shown as unknown", task, key, "=", value)
            found = None
        direction = directions.get(metric, DIRECTIONS.get(metric))
        higher = direction if isinstance(direction, bool) else None
        yield Score(storable(metric), storable(name) or "none", found, _error(metrics, metric, comma + name), higher)


def _error(metrics: Mapping[str, Any], metric: str, rest: str) -> float | None:
    names = (metric, metric.removesuffix("_avg"))  # Evalchemy: accuracy_avg beside accuracy_std_err
    for key in (f"{name}{suffix}{rest}" for name in names for suffix in _ERRORS):
        if key in metrics:
            found = finite(metrics[key])
            return found if found is not None and found >= 0 else None
    return None


class _Settings:
    """What a file says of its tasks outside their metrics."""

    def __init__(self, content: Mapping[str, Any], config: Mapping[str, Any]):
        ours = mapping(content.get("equipoise"))
        self.key = text(ours.get("key"))
        self.measures = mapping(ours.get("measures"))
        self.configs = mapping(content.get("configs"))
        self.higher = mapping(content.get("higher_is_better"))
        self.versions = mapping(content.get("versions"))
        self.shots = mapping(content.get("n-shot"))
        self.any_shots = count(config.get("num_fewshot"))
        self.samples = mapping(content.get("n-samples"))
        self.limit = text(finite(config.get("limit")))
        self.chat = _hash(content, "chat_template")
        self.system = _hash(content, "system_instruction")
        arguments = _arguments(config)
        self.run = _written(
            [config.get("model"), config.get("model_dtype"), config.get("gen_kwargs"), content.get("fewshot_as_multiturn")]
            + [arguments.get(name) for name in _NUMERICS]
        )

    def directions(self, name: str) -> Mapping[str, Any]:
        """Whether higher is better, by metric."""
        if name in self.higher:
            return mapping(self.higher[name])
        listed = mapping(self.configs.get(name)).get("metric_list")
        entries = [m for m in listed if isinstance(m, dict)] if isinstance(listed, list) else []
        return {m["metric"]: m.get("higher_is_better") for m in entries if isinstance(m.get("metric"), str)}

    def task(self, name: str, is_group: bool, ability: str | None, scores: list[Score], metrics: Mapping[str, Any]) -> Task:
        """The task with its scores and settings."""
        config = mapping(self.configs.get(name))
        metadata = mapping(config.get("metadata"))
        version, grader = text(self.versions.get(name)), text(metadata.get("grader"))
        is_rubric = any(s.metric == "score" and s.filter == "rubric" for s in scores)
        seed = None if is_rubric else text(metadata.get("seed"))  # --metadata stands in the config of every task
        version = (
            "".join([version or "", f" (grader {grader})" if grader else "", f" (seed {seed})" if seed not in (None, "0") else ""])
            or None
        )
        form = (count(metadata.get("form")) or 0) if is_rubric else None
        shots = next(
            (n for v in (self.shots.get(name), config.get("num_fewshot"), self.any_shots) if (n := count(v)) is not None), None
        )
        documents = count(mapping(self.samples.get(name)).get("effective"))
        if documents is None:
            documents = next((n for k in ("sample_len", "samples") if (n := count(metrics.get(k))) is not None), None)
        known = self.key or identity(
            version, shots, self.limit, form, self.chat, self.system, self.run,
            _written([config.get("generation_kwargs"), config.get("repeats")]),
        )  # fmt: skip
        told = (mapping(self.measures.get(name)).get("chance"), metadata.get("chance"))
        chance = next((c for value in told if (c := finite(value)) is not None and 0 <= c < 1), None)
        return Task(storable(name), is_group, ability, documents, version, form, shots, known, scores, chance)


def _hash(content: Mapping[str, Any], name: str) -> str | None:
    """Of a text that newer releases give the hash of."""
    written = content.get(name)
    return text(content.get(f"{name}_sha")) or (digest(storable(written)) if isinstance(written, str) and written else None)


def _model(content: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
    """An adapter by its own name, not by that of its base, which is what some releases call it."""
    arguments = _arguments(config)
    adapter = first_text(arguments.get(a) for a in _ADAPTER_ARGUMENTS)
    name = adapter or first_text((content.get("model_name"), *(arguments.get(a) for a in _MODEL_ARGUMENTS)))
    return _revised(name if adapter else _with_parts(name, arguments), arguments, config)


def _with_parts(name: str | None, arguments: Mapping[str, Any]) -> str | None:
    return "/".join([name, *(part for a in _PARTS_OF_A_MODEL if (part := text(arguments.get(a))))]) if name else None


def _revised(name: str | None, arguments: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
    revision = text(arguments.get("revision")) or text(config.get("model_revision"))
    return f"{name}@{revision}" if name and revision and revision != "main" else name


def _base(config: Mapping[str, Any]) -> str | None:
    """The model under an adapter."""
    arguments = _arguments(config)
    if not first_text(arguments.get(a) for a in _ADAPTER_ARGUMENTS):
        return None
    return _revised(_with_parts(first_text(arguments.get(a) for a in _MODEL_ARGUMENTS), arguments), arguments, config)


def _written(values: list[Any]) -> str:
    """Settings as text, equal where they are."""
    return "" if not any(values) else json.dumps(values, sort_keys=True, default=str)


def _arguments(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The model's arguments: a mapping, or `a=1,b=2` in older files."""
    arguments = config.get("model_args")
    if isinstance(arguments, dict):
        return arguments
    parts = (part.partition("=") for part in arguments.split(",")) if isinstance(arguments, str) else ()
    return {key.strip(): value for key, _, value in parts}
