"""One task on one checkpoint: lm-eval does the work, its result file is completed as `lm_eval` would."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from lm_eval import evaluate
from lm_eval.loggers.utils import add_env_info, add_tokenizer_info
from lm_eval.utils import hash_string

from equipoise import __version__
from equipoise.harness_ext.balance import one_filter
from equipoise.harness_ext.chance import measure
from equipoise.harness_ext.checkpoint import Checkpoint
from equipoise.harness_ext.grading import GRADER_VERSION
from equipoise.harness_ext.lm import EquipoiseLM
from equipoise.harness_ext.series._options import ScoreOptions
from equipoise.harness_ext.series._store import KEY, identity_key
from equipoise.harness_ext.series._tasks import NamedTask


def identity_of(
    checkpoint: Checkpoint, task: NamedTask, options: ScoreOptions, engine: str, template: str | None, tokenizer: str
) -> dict[str, Any]:
    """Everything a score depends on: with the same identity it need not be computed again."""
    return {
        "weights": checkpoint.weights_hash,
        "base": checkpoint.base_hash,
        **task.identity,
        "chat_template": hash_string(template) if template else None,
        "system_instruction": options.system_instruction,
        "fewshot_as_multiturn": options.multiturn(template),
        "tokenizer": tokenizer,
        "thinking": [options.enable_thinking, options.think_end_token],
        "engine": engine,
        "engine_options": dict(sorted(options.engine_config.options.items())),
        "adapters": options.adapters if checkpoint.base else None,
        "dtype": options.engine_config.dtype,
        "max_model_len": options.engine_config.max_model_len,
        "seed": options.engine_config.seed,
        "grader": GRADER_VERSION,
        "judge": None,
    }


def score_task(
    lm: EquipoiseLM,
    task: NamedTask,
    checkpoint: Checkpoint,
    options: ScoreOptions,
    identity: dict[str, Any],
    template: str | None,
) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """(results, samples by task) as `lm_eval` writes them, plus our identity."""
    began, date = time.perf_counter(), time.time()
    results: dict[str, Any] = evaluate(
        lm=lm,
        task_dict=task.loaded,
        limit=options.limit,
        log_samples=True,
        system_instruction=options.system_instruction,
        apply_chat_template=template is not None,
        fewshot_as_multiturn=options.multiturn(template),
        confirm_run_unsafe_code=options.confirm_run_unsafe_code,
    )
    samples = results.pop("samples")
    arguments: dict[str, Any] = {
        "pretrained": str(checkpoint.model_folder),
        "dtype": options.engine_config.dtype,
        "engine": lm.engine.name,
    }
    if checkpoint.base:
        arguments["peft"] = str(checkpoint.folder)
    results["config"] = {
        "model": "equipoise",
        "model_args": arguments,
        "batch_size": "auto",
        "batch_sizes": [],
        "device": None,
        "use_cache": None,
        "limit": options.limit,
        "bootstrap_iters": 100000,
        "gen_kwargs": dict(options.gen_kwargs) or None,
        "random_seed": 0,
        "numpy_seed": 1234,
        "torch_seed": 1234,
        "fewshot_seed": 1234,
    }
    results |= {"date": date} | _environment()
    add_tokenizer_info(results, lm)
    system = options.system_instruction
    results |= {
        "model_source": "equipoise",
        "model_name": checkpoint.name,
        "model_name_sanitized": checkpoint.name,
        "system_instruction": system,
        "system_instruction_sha": hash_string(system) if system else None,
        "fewshot_as_multiturn": options.multiturn(template),
        "chat_template": template,
        "chat_template_sha": hash_string(template) if template else None,
        "start_time": began,
        "end_time": time.perf_counter(),
        "total_evaluation_time_seconds": str(time.perf_counter() - began),
        KEY: {
            "version": __version__,
            "engine_version": lm.engine.version,
            "checkpoint": checkpoint.name,
            "task": task.name,
            "key": identity_key(identity),
            "identity": identity,
            "measures": _measures(samples, results.get("configs") or {}),
        },
    }
    return results, samples


def _measures(samples: Mapping[str, Sequence[Mapping[str, Any]]], configs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Metric and chance level of each general task, for readers that do not open the samples."""
    found = {}
    for task, rows in samples.items():
        rows = one_filter(rows)
        if rows and rows[0].get("filter") != "rubric" and (how := measure(task, rows, configs.get(task) or {})):
            found[task] = {"metric": how.metric, "filter": rows[0].get("filter"), "chance": how.chance}
    return found


@lru_cache(maxsize=1)
def _environment() -> dict[str, Any]:
    """lm-eval's description of the machine; it takes seconds, so it is made once."""
    git = shutil.which("git")
    commit = subprocess.run([git, "describe", "--always"], capture_output=True, text=True).stdout.strip() if git else ""
    found: dict[str, Any] = {"git_hash": commit or None}
    add_env_info(found)
    return found
