"""python bench/series.py [--work FOLDER] [--max-gen-toks 64] [--items 500] [--repeats 3] [--skip-hf]

Ten checkpoints of one architecture on monetization45 and a zero-shot multiple-choice task, bfloat16: one `equipoise score`
against one `lm_eval` per checkpoint. The baselines run on one checkpoint `--repeats` times, interleaved with the real run
over ten, and count ten times (extrapolated). The same tasks, prompts, limits and KV cache in every arm. The overhead is
the whole run ÷ (one engine start + ten times bare `LLM.generate` over the same prompts). The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _arms import QUIET, checkpoints, last_line, shop_items

BIN = Path(sys.executable).parent
COUNT = 10
TARGETS = {"vllm": 3.0, "hf": 8.0, "overhead": 1.10}
TASK = """\
task: shop_choice
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{q}}}}\\nA. {{{{o[0]}}}}\\nB. {{{{o[1]}}}}\\nC. {{{{o[2]}}}}\\nD. {{{{o[3]}}}}\\nAnswer:"
doc_to_choice: [A, B, C, D]
doc_to_target: y
num_fewshot: 0
metric_list: [{{metric: acc}}]
metadata: {{version: 1}}
"""


def main() -> None:
    """Run the arms and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=None, help="kept between runs; default: a temporary folder")
    parser.add_argument("--max-gen-toks", type=int, default=64)
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--skip-hf", action="store_true")
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.update(QUIET)
    work = options.work or Path(tempfile.mkdtemp(prefix="equipoise-bench-"))
    if options.bare:
        return bare(options.bare, work, options)
    from equipoise.harness_ext.models import bundled_model

    work.mkdir(parents=True, exist_ok=True)
    (work / "shop.json").write_text(json.dumps(shop_items(options.items)))
    (work / "shop_choice.yaml").write_text(TASK.format(data=work / "shop.json"))
    series = checkpoints(work / "series", COUNT, bundled_model("smollm2-135m"))
    kept = work / f"seconds-{options.max_gen_toks}-{options.items}.json"  # a run that is stopped goes on from here
    seconds: dict[str, list[float]] = json.loads(kept.read_text()) if kept.is_file() else {}
    for turn in range(options.repeats):
        one = series[turn % COUNT]
        for name in ["vllm", "bare", *([] if options.skip_hf else ["hf"]), "equipoise"]:
            if len(seconds.setdefault(name, [])) > turn or (
                name == "equipoise" and (turn != options.repeats // 2 or seconds[name])
            ):
                continue
            if name == "equipoise":
                shutil.rmtree(work / "ours", ignore_errors=True)
                seconds[name] = [timed(ours(series, work, options))]
            elif name == "bare":
                flags = ["--work", str(work), "--max-gen-toks", str(options.max_gen_toks)]
                seconds[name].append(timed([sys.executable, __file__, "--bare", str(one), *flags]))
                for part, value in json.loads((work / "bare.json").read_text()).items():
                    seconds.setdefault(part, []).append(value)
            else:
                seconds[name].append(timed(stock(name, one, work, options)))
            kept.write_text(json.dumps(seconds))
    report({name: values for name, values in seconds.items() if values}, options)


def report(seconds: dict[str, list[float]], options: argparse.Namespace) -> None:
    """Print ratios; `equipoise` is the time of ten, the baselines of one."""
    median = {name: statistics.median(values) for name, values in seconds.items()}
    total = median["equipoise"]
    floor = median["start"] + COUNT * median["generate"]
    print(
        f"\n{COUNT} checkpoints, monetization45 (135 answers of at most {options.max_gen_toks} tokens) and {options.items} choices"
    )
    print(f"{'arm':<44} {'seconds':>9} {'ratio':>7} {'target':>7}")
    print(f"{'equipoise score, 10 checkpoints':<44} {total:>9.1f}")
    for name in ("vllm", "hf"):
        if name in median:
            extrapolated = COUNT * median[name]
            print(
                f"{f'lm_eval --model {name}, 1 × 10 (extrapolated)':<44} {extrapolated:>9.1f} {extrapolated / total:>6.1f}x {TARGETS[name]:>6.0f}x"
            )
    print(
        f"{'one engine start + bare generate × 10':<44} {floor:>9.1f} {total / floor:>6.2f}  {TARGETS['overhead']:>6.2f}  (overhead, at most)"
    )
    print("each run: " + "; ".join(f"{name} {', '.join(f'{v:.1f}' for v in values)}" for name, values in seconds.items()))
    last_line(
        "series",
        COUNT * median["vllm"] / total,
        TARGETS["vllm"],
        {**{k: round(v, 1) for k, v in median.items()}, "overhead": total / floor},
    )


def stock(model: str, checkpoint: Path, work: Path, options: argparse.Namespace) -> list[str]:
    """The usual command for one checkpoint: vLLM with all requests at once, `hf` at its default batch size."""
    arguments = f"pretrained={checkpoint},dtype=bfloat16"
    if model == "vllm":
        arguments += ",max_model_len=2048" + ("" if _cuda() else ",enforce_eager=True")
    line = [str(BIN / "lm_eval"), "run", "--model", model, "--model_args", arguments, "--tasks", "monetization45,shop_choice"]
    line += ["--include_path", str(work), "--gen_kwargs", f"max_gen_toks={options.max_gen_toks}", "--apply_chat_template"]
    line += ["--batch_size", "auto"] if model == "vllm" else [] if _cuda() else ["--device", "cpu"]
    return [*line, "--log_samples", "--output_path", str(work / f"stock-{model}")]


def ours(series: list[Path], work: Path, options: argparse.Namespace) -> list[str]:
    """One command for all."""
    line = [
        str(BIN / "equipoise"),
        "score",
        *map(str, series),
        "--tasks",
        "monetization45,shop_choice",
        "--results",
        str(work / "ours"),
    ]
    return [
        *line,
        "--engine",
        "vllm",
        "--include-path",
        str(work),
        "--gen-kwargs",
        f"max_gen_toks={options.max_gen_toks}",
        "--max-model-len",
        "2048",
    ]


def timed(line: list[str]) -> float:
    """Seconds of a command; its output is shown only where it fails."""
    start = time.perf_counter()
    done = subprocess.run(line, capture_output=True, text=True, env=os.environ)
    seconds = time.perf_counter() - start
    print(f"  {Path(line[0]).name} {' '.join(line[1:4])} … {seconds:.1f} s", flush=True)
    if done.returncode:
        sys.exit(f"{done.stdout}\n{done.stderr}")
    return seconds


def bare(checkpoint: Path, work: Path, options: argparse.Namespace) -> None:
    """Start an engine, let a scorer talk to it once, and time the same `LLM.generate` calls again with nothing around."""
    start = time.perf_counter()
    from equipoise.harness_ext.engines import EngineConfig
    from equipoise.harness_ext.engines._vllm import VllmEngine

    engine = VllmEngine(str(checkpoint), EngineConfig(max_model_len=2048))
    started = time.perf_counter() - start
    from equipoise.harness_ext.series import ScoreOptions
    from equipoise.harness_ext.series._discover import find_series
    from equipoise.harness_ext.series._run import SeriesScorer

    llm = engine._llm
    calls: list[tuple[list, list]] = []  # type: ignore[type-arg]
    enqueue = llm.enqueue
    llm.enqueue = lambda prompts, sampling_params, **rest: (
        calls.append((prompts, sampling_params)) or enqueue(prompts, sampling_params=sampling_params, **rest)
    )
    with tempfile.TemporaryDirectory() as results:
        scorer = SeriesScorer(
            ScoreOptions(
                tasks=("monetization45", "shop_choice"),
                results=Path(results),
                engine="vllm",
                engine_config=EngineConfig(max_model_len=2048),
                gen_kwargs={"max_gen_toks": options.max_gen_toks},
                include_path=str(work),
            )
        )
        scorer._slot.hold = lambda *_: engine  # type: ignore[method-assign,assignment]
        outcome = scorer.run(find_series([str(checkpoint)]))
        assert outcome.scored == 2, outcome.failures
    times = []
    for _ in range(2):
        llm.reset_prefix_cache()
        start = time.perf_counter()
        for prompts, parameters in calls:
            llm.generate(prompts, sampling_params=parameters, use_tqdm=False)
        times.append(time.perf_counter() - start)
    engine.close()
    (work / "bare.json").write_text(json.dumps({"start": started, "generate": statistics.median(times)}))


def _cuda() -> bool:
    import torch

    return bool(torch.cuda.is_available())


if __name__ == "__main__":
    main()
