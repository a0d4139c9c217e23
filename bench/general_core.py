"""python bench/general_core.py [--limit 120] [--results FOLDER] [--noise 0.05,0.1,0.15,0.2,0.3,0.5] [CHECKPOINT …]

Does general_core see what real benchmarks see? SmolLM2-135M, copies of it with growing noise on their weights, and any other
checkpoints of it are scored on general_core, on solutions of gsm8k and on answers of BIG-Bench-Hard (bits per byte; the files
are found through EQUIPOISE_REFERENCE_DATA, default ../shared/data). Prints the verdict on each copy, and Spearman's rank
correlation of general_core with each benchmark over all checkpoints. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean

from _arms import QUIET

os.environ.update(QUIET)

from scipy.stats import spearmanr

from equipoise.harness_ext.compare import compare
from equipoise.harness_ext.models import bundled_model
from equipoise.harness_ext.results import read_run

TASKS = Path(__file__).parent / "reference_tasks"
REFERENCES = ("gsm8k_answers", "bbh_answers")


def damage(base: Path, folder: Path, noise: float) -> Path:
    """A copy whose matrices carry normal noise of `noise` × their own standard deviation."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    copy = folder / f"noise-{noise:g}"
    if not copy.is_dir():
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
        generator = torch.Generator().manual_seed(11)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.dim() == 2:
                    parameter.add_(torch.randn(parameter.shape, generator=generator) * noise * parameter.std())
        model.to(torch.bfloat16).save_pretrained(copy)
        AutoTokenizer.from_pretrained(base).save_pretrained(copy)
        (copy / "checkpoint.json").write_text(json.dumps({"name": copy.name, "base": str(base)}))
    return copy


def main() -> None:
    """Score, compare, correlate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoints", nargs="*")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--noise", default="0.05,0.1,0.15,0.2,0.3,0.5")
    options = parser.parse_args()
    base = bundled_model("smollm2-135m")
    with tempfile.TemporaryDirectory() as work:
        results = options.results or Path(work) / "results"
        copies = [damage(base, Path(work), float(noise)) for noise in options.noise.split(",") if noise]
        command = [sys.executable, "-m", "equipoise", "score", *map(str, copies), *options.checkpoints, "--base", str(base)]
        command += ["--tasks", ",".join(("general_core", *REFERENCES)), "--include-path", str(TASKS), "--results", str(results)]
        subprocess.run([*command, *(["--limit", str(options.limit)] if options.limit else [])], check=True)
    report(results)


def report(results: Path) -> None:
    """The table and the correlations."""
    comparison = compare([], results=results)
    base = comparison.compared[0].general
    assert base is not None
    rows = [(comparison.base.name, base.base.mean, None)]
    rows += [(c.name, c.general.value.mean, c) for c in comparison.compared if c.general]
    bits = {name: {t: mean_bits(results / name, t) for t in ("general_core", *REFERENCES)} for name, _, _ in rows}
    print(f"\n{'checkpoint':24}{'G':>8}  {'ΔG, one-sided bounds':26}{'verdict':14}" + "".join(f"{t:>16}" for t in bits[rows[0][0]]))
    for name, score, compared in rows:
        d = compared.general.decision if compared else None
        change = f"{d.mean:+.3f} ({d.low:+.3f} … {d.high:+.3f})" if d else ""
        print(
            f"{name:24}{score:8.3f}  {change:26}{d.answer if d else 'base':14}" + "".join(f"{b:16.3f}" for b in bits[name].values())
        )
    found = {}
    for reference in REFERENCES:
        against = [-bits[name][reference] for name, _, _ in rows]
        found[f"G with {reference}"] = float(spearmanr([g for _, g, _ in rows], against).statistic)
        own_bits = [-bits[name]["general_core"] for name, _, _ in rows]
        found[f"bpb with {reference}"] = float(spearmanr(own_bits, against).statistic)
    print("Spearman's correlation: " + ", ".join(f"{what} {rho:.2f}" for what, rho in found.items()))
    print(json.dumps({"name": "general_core", "checkpoints": len(rows), "spearman": found}))


def mean_bits(folder: Path, task: str) -> float:
    """Mean bits per byte of a task, or over the abilities of a group, from a checkpoint's newest file with it."""
    for path in sorted(folder.glob("results_*.json"), reverse=True):
        scored = read_run(path).results["results"]
        if task in scored:
            return mean(v["bpb,none"] for name, v in scored.items() if name == task or name.startswith(f"{task}_"))
    raise SystemExit(f"{folder}: no {task} in it")


if __name__ == "__main__":
    main()
