"""python examples/two_mixes/two_mixes.py

Two adapters of SmolLM2-135M with the same number of trained tokens: one on advertising arithmetic alone, one on half of that and
half general data. Then the base and all checkpoints are scored by `equipoise score`. Results: runs/two_mixes. About a quarter of
an hour on 2 cores; run it again to see the table at once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
MIXES = {"domain only": {"domain": 1.0}, "blend": {"domain": 0.5, "general": 0.5}}
TASKS = {"ads_sums": "exact_match", "quiz": "acc_norm", "monetization45": "score"}


def main() -> None:
    """Write the data, train twice, score once, print the table."""
    work = Path("runs/two_mixes")
    work.mkdir(parents=True, exist_ok=True)
    data = (work / "domain.jsonl").resolve()
    drawn = subprocess.run([sys.executable, HERE / "domain.py", "--count", "900", "--seed", "0"], check=True, capture_output=True)
    data.write_bytes(drawn.stdout)
    runs = {}
    for name, mix in MIXES.items():
        runs[name] = work / name.replace(" ", "_")
        settings = [f"output={runs[name]}", f"mix={json.dumps(mix)}", f"sources.domain.data={data}"]
        done = (runs[name] / "run.json").is_file()
        call(
            "train",
            HERE / "run.yaml",
            *[part for setting in settings for part in ("--set", setting)],
            *(["--resume"] if done else []),
        )
    results = work / "results"
    options = ["--include-path", HERE / "tasks", "--gen-kwargs", "max_gen_toks=128", "--max-model-len", "2048"]
    call("score", *runs.values(), "--tasks", ",".join(TASKS), "--results", results, *options)
    show(runs, results)


def call(verb: str, *arguments: object) -> None:
    """One `equipoise` command; its mistakes are ours."""
    done = subprocess.run([sys.executable, "-m", "equipoise", verb, *map(str, arguments)])
    if done.returncode:
        sys.exit(done.returncode)


def show(runs: dict[str, Path], results: Path) -> None:
    """One row per checkpoint: validation losses from the trainer, scores from the scorer."""
    table = Table("mix", "step", "tokens", "loss domain", "general", "KL to base", *TASKS, box=None, pad_edge=False)
    for column in table.columns:
        column.no_wrap = True
    scores = {folder.name: read_scores(folder) for folder in results.iterdir() if folder.is_dir()}
    for number, (name, run) in enumerate(runs.items()):
        for row in map(json.loads, (run / "signals.jsonl").read_text("utf-8").splitlines()):
            if "validation" not in row or (row["step"] == 0 and number):
                continue
            checkpoint = f"{run.name}-step-{row['step']}" if row["step"] else "smollm2-135m"
            found = scores.get(checkpoint, {})
            losses = [f"{row['validation'][source]:.3f}" for source in ("domain", "general") if source in row["validation"]]
            cells = [f"{found[task]:.3f}" if task in found else "" for task in TASKS]
            label = name if row["step"] else "the base"
            table.add_row(label, str(row["step"]), f"{sum(row['tokens'].values()):,}", *losses, f"{row['kl_to_base']:.3f}", *cells)
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def read_scores(folder: Path) -> dict[str, float]:
    """The newest score of each task."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("results_*.json")):
        for task, metrics in json.loads(path.read_text("utf-8"))["results"].items():
            value = next((v for key, v in metrics.items() if key.split(",")[0] == TASKS.get(task)), None)
            if value is not None:
                found[task] = value
    return found


if __name__ == "__main__":
    main()
