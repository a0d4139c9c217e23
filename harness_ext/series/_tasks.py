"""Tasks, loaded and turned into requests once for a whole series."""

from __future__ import annotations

import difflib
import hashlib
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.harness_ext.errors import EquipoiseError, first_line
from equipoise.harness_ext.series._options import ScoreOptions

OUR_TASKS = Path(__file__).resolve().parents[2] / "tasks"
_FEWSHOT_SEED = 1234
"""lm-eval's default."""
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_RUN_FIELDS = ("config_source", "pretrained", "engine")
"""Metadata that says where and with what a task was run, not what it asks."""


@dataclass(frozen=True, slots=True)
class NamedTask:
    """A task or group as it was asked for: what is scored, kept and resumed as one."""

    name: str
    loaded: dict[str, Any]
    """lm-eval's {"tasks", "groups", "group_map"}."""
    versions: dict[str, str]
    """Version of each task in it."""
    identity: dict[str, Any]
    """What its scores depend on besides model and prompt format."""

    @property
    def kinds(self) -> set[str]:
        """Output types of its tasks."""
        return {str(task.OUTPUT_TYPE) for task in self.loaded["tasks"].values()}


def load_tasks(options: ScoreOptions) -> list[NamedTask]:
    """Load every named task with the overrides of the command line.

    lm-eval's own 13,000 task files are read only where a name is not ours or in `include_path`. Raises `EquipoiseError`
    for an unknown name (near matches listed), a task that cannot be loaded, or code that was not allowed to run.
    """
    import numpy as np
    from lm_eval.tasks import TaskManager

    random.seed(0)  # as `lm_eval` does: some tasks shuffle with the global generators
    np.random.seed(1234)
    paths = [str(OUR_TASKS), *([options.include_path] if options.include_path else [])]
    if options.include_path and not Path(options.include_path).is_dir():
        raise EquipoiseError(f"--include-path {options.include_path}: no such folder")
    manager = TaskManager(include_path=paths, include_defaults=False, metadata=dict(options.metadata))
    if any(name not in manager.all_tasks for name in options.tasks):
        manager = TaskManager(include_path=paths, include_defaults=True, metadata=dict(options.metadata))
    return [_load(manager, name, options) for name in dict.fromkeys(options.tasks)]


def _load(manager: Any, name: str, options: ScoreOptions) -> NamedTask:
    if name not in manager.all_tasks:
        near = difflib.get_close_matches(name, manager.all_tasks, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "lm_eval ls tasks lists them"
        raise EquipoiseError(f"unknown task {name!r}: {hint}")
    try:
        loaded: dict[str, Any] = manager.load([name])
    except EquipoiseError:
        raise
    except Exception as error:
        raise EquipoiseError(f"task {name}: it cannot be loaded, its data may be out of reach ({first_line(error)})") from error
    for task_name, task in loaded["tasks"].items():
        _override(task_name, task, options)
        _build_once(task)
    versions = {n: str(task.VERSION if task.VERSION is not None else "") for n, task in loaded["tasks"].items()}
    identity = {
        "task": name,
        "versions": versions,
        "configs": {n: _config_digest(task) for n, task in loaded["tasks"].items()},
        "limit": options.limit,
    }
    return NamedTask(name, loaded, versions, identity)


def _override(name: str, task: Any, options: ScoreOptions) -> None:
    """What `lm_eval` does with its own flags."""
    if getattr(task, "UNSAFE_CODE", False) and not options.confirm_run_unsafe_code:
        raise EquipoiseError(f"task {name} runs code that the model writes: add --confirm-run-unsafe-code if you accept that")
    if getattr(task, "MULTIMODAL", False):
        raise EquipoiseError(f"task {name} needs images or sound, which no engine here takes")
    if options.gen_kwargs and task.get_config("output_type") == "generate_until":
        task.set_config(key="generation_kwargs", value=dict(options.gen_kwargs), update=True)
    if options.num_fewshot is not None and task.get_config("num_fewshot") != 0:
        task.set_config(key="num_fewshot", value=options.num_fewshot)
    elif task.get_config("num_fewshot") is None:
        task.set_config(key="num_fewshot", value=0)
    task.set_fewshot_seed(seed=_FEWSHOT_SEED)


def _build_once(task: Any) -> None:
    """Let a task keep its requests: for the next checkpoint only their answers are taken away."""
    build: Callable[..., None] = task.build_all_requests
    built = False

    def build_all_requests(**options: Any) -> None:
        nonlocal built
        if not built:
            build(**options)
            built = True
        for instance in task.instances:
            instance.resps = []
            instance.filtered_resps = {}

    task.build_all_requests = build_all_requests


def _config_digest(task: Any) -> str:
    config = task.dump_config()
    metadata = {k: v for k, v in (config.get("metadata") or {}).items() if k not in _RUN_FIELDS}
    text = json.dumps(config | {"metadata": metadata}, sort_keys=True, default=str)
    return hashlib.sha256(_ADDRESS.sub("", text).encode()).hexdigest()[:16]
