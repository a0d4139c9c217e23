"""python bench/kill_resume.py [--engine vllm] [--model FOLDER] [--checkpoints 6] [--kills 3] [--limit 3] [--seed 0]

Kill -9 a series run at random moments, resume it, and compare rows and scores with an undisturbed run. Prints what was
computed twice; the last line is JSON with `equal`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _arms import QUIET, checkpoints

FINISHED = re.compile(r"^\d+/\d+ (\S+) · (\S+) · ", re.M)


def main() -> None:
    """Undisturbed run, killed run, comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="vllm")
    parser.add_argument("--model", type=Path, default=None)
    parser.add_argument("--checkpoints", type=int, default=6)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--limit", type=int, default=3)
    parser.add_argument("--tasks", default="monetization45")
    parser.add_argument("--include-path", default=None)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.update(QUIET)
    if options.model is None:
        from equipoise.harness_ext.models import bundled_model

        options.model = bundled_model("smollm2-135m")
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="equipoise-kill-") as name:
        work = Path(name)
        series = checkpoints(work / "series", options.checkpoints, options.model)
        start = time.monotonic()
        finished = run(series, work / "calm", options, kill_after=None)
        seconds = time.monotonic() - start
        pairs = len(finished)
        print(f"undisturbed: {pairs} scores in {seconds:.0f} s")
        done: list[tuple[str, str]] = []
        for i in range(options.kills):
            moment = rng.uniform(0.3, 0.9) * seconds if i == 0 else rng.uniform(0.35, 0.75) * seconds
            before = len(done)
            done += run(series, work / "killed", options, kill_after=moment)
            print(f"kill {i + 1} after {moment:.1f} s: {len(done) - before} scores finished in this run")
            if len(done) >= pairs:
                print("  (it had finished)")
        done += run(series, work / "killed", options, kill_after=None)
        calm, killed = read(work / "calm"), read(work / "killed")
        repeated = len(done) - len(set(done))
        leftovers = [p.name for p in (work / "killed").rglob(".*") if p.is_file() and p.name != ".lock"]
        print(f"after resuming: {len(killed)} scores, {repeated} finished scores computed again, at most one per kill begun again")
        print(f"rows and scores equal: {calm == killed}; leftovers: {leftovers or 'none'}")
        result = {
            "name": "kill_resume",
            "equal": calm == killed and not leftovers,
            "scores": len(killed),
            "computed_again": repeated,
        }
        print(json.dumps(result))
        sys.exit(0 if result["equal"] and not repeated else 1)


def run(series: list[Path], results: Path, options: argparse.Namespace, kill_after: float | None) -> list[tuple[str, str]]:
    """Score the series; kill the process after some seconds. Returns the (checkpoint, task) pairs it finished."""
    line = [sys.executable, "-m", "equipoise", "score", *map(str, series), "--results", str(results), "--engine", options.engine]
    line += ["--tasks", options.tasks, "--limit", str(options.limit), "--gen-kwargs", "max_gen_toks=48", "--max-model-len", "2048"]
    line += ["--include-path", options.include_path] if options.include_path else []
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)
        try:
            code = process.wait(kill_after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            code = process.wait()
        log.seek(0)
        said = log.read()
    if code not in (0, -signal.SIGKILL):
        sys.exit(said)
    return FINISHED.findall(said)


def read(results: Path) -> dict[str, Any]:
    """Rows and scores by checkpoint and task, without the fields that tell the time."""
    found: dict[str, Any] = {}
    for path in results.rglob("results_*.json"):
        content = json.loads(path.read_text())
        stamp = path.stem.removeprefix("results_")
        for task, numbers in content["results"].items():
            rows = (path.parent / f"samples_{task}_{stamp}.jsonl").read_text()
            key = f"{path.parent.name}/{task}"
            if key in found:
                sys.exit(f"{key} was written twice")
            found[key] = {"numbers": numbers, "rows": rows, "key": content["equipoise"]["key"], "hash": content["task_hashes"]}
    return found


if __name__ == "__main__":
    main()
