"""python examples/two_mixes/pack.py RESULTS leaderboard/example_results.tar.xz

Packs the results of two_mixes.py for the leaderboard's built-in example: what a reader needs of them, without what they say about
the machine they were made on.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from equipoise.harness_ext.balance import one_filter
from equipoise.harness_ext.chance import measure
from equipoise.harness_ext.results import read_run

KEPT = (
    "results", "group_subtasks", "configs", "versions", "n-shot", "n-samples", "higher_is_better", "date", "model_name",
    "chat_template_sha", "system_instruction_sha", "fewshot_as_multiturn", "lm_eval_version", "task_hashes",
)  # fmt: skip
BASE = "smollm2-135m"


def packed_results(path: Path) -> dict[str, Any]:
    """A results file without paths and machine, with the chance level of each general task."""
    run = read_run(path)
    results = {key: run.results[key] for key in KEPT if key in run.results}
    for config in results["configs"].values():
        config.pop("dataset_kwargs", None)
        config["metadata"] = {k: v for k, v in (config.get("metadata") or {}).items() if k not in ("config_source", "pretrained")}
    arguments = run.results["config"]["model_args"]
    results["config"] = {
        "model": "equipoise",
        "model_args": {"pretrained": BASE, **{k: arguments[k] for k in ("dtype", "engine")}},
        "limit": None,
    }
    ours = {k: run.results["equipoise"][k] for k in ("version", "key", "task")}
    ours["identity"] = {"weights": run.results["equipoise"]["identity"]["weights"]}
    ours["measures"] = {}
    for task in results["n-samples"]:
        rows = one_filter(run.samples(task))
        if rows[0]["filter"] != "rubric" and (found := measure(task, rows, results["configs"][task])):
            ours["measures"][task] = {"metric": found.metric, "chance": found.chance}
    return results | {"equipoise": ours}


def main() -> None:
    """Write the archive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("archive", type=Path)
    options = parser.parse_args()
    with tarfile.open(options.archive, "w:xz", preset=9) as archive:
        for path in sorted(options.results.rglob("*")):
            if path.name == "checkpoint.json":
                manifest = json.loads(path.read_text("utf-8"))
                text = json.dumps(manifest | ({"base": BASE} if "base" in manifest else {}), indent=1)
            elif path.suffix == ".jsonl" or path.name == "series.json":
                text = path.read_text("utf-8")
            elif path.name.startswith("results_"):
                text = json.dumps(packed_results(path))
            else:
                continue
            entry = tarfile.TarInfo(path.relative_to(options.results).as_posix())
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))


if __name__ == "__main__":
    main()
