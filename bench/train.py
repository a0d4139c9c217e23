"""python bench/train.py [--examples 64] [--repeats 3] [--work FOLDER]        (pip install trl for its arms)

One pass over the same examples with the same masks, full fine-tune of SmolLM2-135M, about eight examples per optimizer step, the
same constant learning rate: transformers.Trainer at its defaults, TRL's SFTTrainer tuned (packing, bf16, no gradient checkpointing)
and at its defaults, and ours. Real tokens per second count no padding, and the seconds from the first step's begin to the last
step's end. The held-out loss before and after, by one function for all, shows that speed hides no bug. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _arms import QUIET, last_line

ARMS = {
    "trainer": "transformers.Trainer, defaults (padding, fp32)",
    "trl-tuned": "TRL SFTTrainer, packing, bf16, no checkpointing",
    "trl": "TRL SFTTrainer, defaults",
    "equipoise": "equipoise train",
}
TARGETS = {"trainer": 3.5, "trl-tuned": 1.2}
PER_STEP = 8
RATE = 2e-5
WORDS = [
    "the",
    "shop",
    "sold",
    "mugs",
    "to",
    "a",
    "buyer",
    "who",
    "came",
    "back",
    "for",
    "more",
    "of",
    "them",
    "when",
    "prices",
    "fell",
    "and",
    "then",
    "asked",
    "about",
    "the",
    "next",
    "sale",
    "in",
    "May",
]


def main() -> None:
    """Run the arms in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--work", type=Path, default=None)
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.update(QUIET)
    work = options.work or Path(tempfile.mkdtemp(prefix="equipoise-bench-"))
    if options.arm:
        return arm(options.arm, work)
    work.mkdir(parents=True, exist_ok=True)
    write_data(work, options.examples, options.model)
    names = [name for name in ARMS if "trl" not in name or _has_trl()]
    if len(names) < len(ARMS):
        print("  TRL is not installed: its arms are left out")
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for turn in range(options.repeats):
        for name in names if turn % 2 == 0 else reversed(names):
            line = [sys.executable, __file__, "--arm", name, "--work", str(work)]
            done = subprocess.run(line, capture_output=True, text=True, env=os.environ)
            if done.returncode:
                sys.exit(f"{name}\n{done.stdout}\n{done.stderr}")
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"  {name} {found[name][-1]['speed']:.0f} tokens/s", flush=True)
    report(found)


def report(found: dict[str, list[dict[str, float]]]) -> None:
    """Medians, ratios, losses."""
    speed = {name: statistics.median(run["speed"] for run in runs) for name, runs in found.items()}
    print(f"\n{'arm':<50} {'tokens/s':>9} {'ratio':>7} {'target':>7} {'steps':>6} {'first loss':>11} {'held out':>9} {'after':>7}")
    for name, runs in found.items():
        last = runs[-1]
        ratio = "" if name == "equipoise" else f"{speed['equipoise'] / speed[name]:.2f}x"
        target = f"{TARGETS[name]:g}x" if name in TARGETS else ""
        print(
            f"{ARMS[name]:<50} {speed[name]:>9.0f} {ratio:>7} {target:>7} {last['steps']:>6.0f} {last['first']:>11.3f} {last['before']:>9.4f} {last['after']:>7.4f}"
        )
    runs_of = (f"{name} {', '.join(format(run['speed'], '.0f') for run in runs)}" for name, runs in found.items())
    print("each run: " + "; ".join(runs_of))
    last_line(
        "train", speed["equipoise"] / speed["trainer"], TARGETS["trainer"], {name: round(value, 1) for name, value in speed.items()}
    )


def write_data(work: Path, examples: int, model: str) -> None:
    """Conversations with a mean of about 160 tokens, at most 512, a third of them prompt; 16 more are held out."""
    draw = random.Random(0)
    rows = []
    for number in range(examples + 16):
        length = min(480, max(24, round(draw.lognormvariate(4.6, 0.8))))
        text = [draw.choice(WORDS) for _ in range(length)]
        cut = max(4, length // 3 - 12)
        rows.append({"prompt": f"{number}. " + " ".join(text[:cut]), "completion": " ".join(text[cut:])})
    (work / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (work / "run.yaml").write_text(
        f"model: {model}\noutput: {work / 'run'}\nsources: {{all: {{data: data.jsonl}}}}\nlearning_rate: {RATE}\nschedule: constant\nwarmup: 0\n"
        "saving: {resume_state: false}\nvalidation: {examples: 16, kl_tokens: 1}\n"
    )


def arm(name: str, work: Path) -> None:
    """One run in this process; its last line of output is JSON."""
    import torch
    from transformers import TrainerCallback

    from equipoise.train.config import load_config
    from equipoise.train.prepare import prepare

    config = load_config(work / "run.yaml")
    everything = prepare(config).encoded["all"]
    trained = [everything[int(i)] for i in everything.kept]
    held_out = [everything[int(i)] for i in everything.held_out]
    config.tokens_per_step = round(PER_STEP * sum(int(e.trained.sum()) for e in trained) / len(trained))
    torch.manual_seed(0)
    run = work / f"out-{name}"
    if name == "equipoise":
        from rich.console import Console

        from equipoise.train.run import build

        config.output = run
        run.mkdir(exist_ok=True)
        trainer: Any = build(prepare(config), Console(quiet=True))[0]
        trainer._write_checkpoint = lambda: None
    else:
        trainer = other(name, config, trained, run)

    class Clock(TrainerCallback):  # type: ignore[misc]
        begin = end = 0.0
        losses: list[float] = []  # noqa: RUF012

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.begin = self.begin or time.perf_counter()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.end = time.perf_counter()

        def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **__: Any) -> None:
            if "loss" in logs:
                self.losses.append(logs["loss"])

    clock = Clock()
    trainer.callback_handler.callbacks.insert(0, clock)  # before anything of ours happens at a step's end
    before = held_out_loss(trainer.model, held_out)
    trainer.train()
    tokens = sum(len(e.ids) for e in trained)
    result = {
        "speed": tokens / (clock.end - clock.begin),
        "steps": trainer.state.global_step,
        "first": clock.losses[0],
        "before": before,
        "after": held_out_loss(trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False), held_out),
    }
    print(json.dumps(result))


def other(name: str, config: Any, trained: list[Any], run: Path) -> Any:
    """A baseline's trainer over the same token ids and masks."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, DataCollatorForSeq2Seq, Trainer, TrainingArguments

    from equipoise.train.prepare import find_model

    folder = find_model(config.model)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = [
        {"input_ids": e.ids.tolist(), "labels": [int(i) if t else -100 for i, t in zip(e.ids, e.trained, strict=True)]}
        for e in trained
    ]
    common = {
        "output_dir": str(run),
        "num_train_epochs": 1,
        "learning_rate": RATE,
        "lr_scheduler_type": "constant",
        "report_to": "none",
    }
    common |= {
        "use_cpu": not torch.cuda.is_available(),
        "logging_steps": 1,
        "save_strategy": "no",
        "disable_tqdm": True,
        "per_device_train_batch_size": PER_STEP,
    }
    if name == "trainer":
        model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
        collator = DataCollatorForSeq2Seq(tokenizer, padding=True)
        return Trainer(model=model, args=TrainingArguments(**common), train_dataset=Dataset.from_list(rows), data_collator=collator)
    from trl import SFTConfig, SFTTrainer

    if name == "trl-tuned":
        longest = max(len(row["input_ids"]) for row in rows)
        per_row = max(longest, round(PER_STEP * sum(len(row["input_ids"]) for row in rows) / len(rows)))
        common |= {
            "packing": True,
            "max_length": per_row,
            "per_device_train_batch_size": 1,
            "gradient_checkpointing": False,
            "bf16": True,
        }
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="float32")
    return SFTTrainer(model=model, args=SFTConfig(**common), train_dataset=Dataset.from_list(rows), processing_class=tokenizer)


def held_out_loss(model: Any, examples: list[Any]) -> float:
    """Mean loss per trained token in float32, one example at a time: the same for every arm."""
    import torch

    model.eval()
    total = count = 0.0
    with torch.no_grad(), torch.autocast("cpu", enabled=False):
        for e in examples:
            ids = torch.from_numpy(e.ids.astype("int64"))[None].to(model.device)
            logits = model(input_ids=ids).logits[0, :-1].float()
            losses = torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="none")
            kept = torch.from_numpy(e.trained[1:].copy()).to(losses.device)
            total += float(losses[kept].sum())
            count += int(kept.sum())
    model.train()
    return total / count


def _has_trl() -> bool:
    from importlib.util import find_spec

    return find_spec("trl") is not None


if __name__ == "__main__":
    main()
