"""`equipoise train RUN.yaml --dry-run`: what a run would do, before it does it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import psutil
import torch
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from equipoise.train.batches import Steps, make_batch, split
from equipoise.train.encode import marked
from equipoise.train.loss import predicted_logits, token_losses
from equipoise.train.prepare import Prepared
from equipoise.train.run import load_model, on_gpu, row_positions, use_packing


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan in numbers."""

    steps: int
    checkpoints: list[int]
    stages: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    positions: int
    """Tokens through the model, prompts included."""
    padding: float
    """Share of further positions on this machine."""
    seconds: float
    """Expected, from a probe of one batch; checkpoints and validation not counted."""
    memory_bytes: int
    """Expected peak: weights, gradients, optimizer, and what the probe needed above its weights."""
    examples: list[str]
    """Rendered, trained stretches between ⟦ and ⟧."""


def make_plan(prepared: Prepared) -> Plan:
    """Count, and time one batch of the first step forward and backward."""
    mixer, config = prepared.mixer, prepared.config
    seen, passes = mixer.seen(mixer.steps), mixer.passes(mixer.steps)
    stages = []
    for stage in prepared.stages:
        at = [step for step in range(mixer.steps) if mixer.stage(step)[0].name == stage.name]
        mix = mixer.stage(at[0])[0]
        stages.append(
            {
                "name": stage.name,
                "steps": len(at),
                "tokens": mix.tokens,
                "mix": dict(mix.shares),
                "learning_rate": config.rate(stage),
            }
        )
    sources, positions = [], 0.0
    for name, source in prepared.encoded.items():
        share = float(source.lengths().sum() / source.trained_tokens().sum())
        positions += seen[name] * share
        sources.append(
            {
                "name": name,
                "examples": len(source.kept),
                "held_out": len(source.held_out),
                "tokens": int(source.trained_tokens().sum()),
                "planned": seen[name],
                "passes": passes[name],
                **source.counts,
            }
        )
    rate, memory, padding = _probe(prepared)
    shown = [marked(source[int(source.kept[0])], prepared.tokenizer, "⟦", "⟧") for source in prepared.encoded.values()]
    first = next(iter(prepared.encoded.values()))
    shown += [marked(first[int(first.kept[i])], prepared.tokenizer, "⟦", "⟧") for i in range(1, min(3, len(first.kept)))]
    return Plan(mixer.steps, prepared.saves, stages, sources, round(positions), padding, positions / rate, memory, shown[:3])


def _probe(prepared: Prepared) -> tuple[float, int, float]:
    """(real tokens per second, expected peak memory in bytes, share of padding), from the first step's largest batch."""
    config = prepared.config
    packed, positions = use_packing(config, prepared.base), row_positions(config)
    device = torch.device("cuda" if on_gpu() else "cpu")
    model = load_model(prepared, packed).to(device)
    steps = Steps(prepared.mixer, prepared.encoded, positions, packed=packed)
    examples = steps.examples(0)
    batches = [make_batch(group, steps.numbers, packed=packed) for group in split(examples, positions, packed=packed)]
    batch = batches[0].to(device)
    before = _memory(device)
    seconds = []
    for _ in range(2):  # the first warms up
        start = time.perf_counter()
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=config.precision == "bfloat16"):
            loss = token_losses(predicted_logits(model, model, batch), batch.targets).sum()
        loss.backward()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    padding = 1 - sum(b.real for b in batches) / sum(b.input_ids.numel() for b in batches)
    peak = max(0, _peak(device) - before - 4 * trained)  # the gradients are counted apart
    return batch.real / seconds[-1], weights + 12 * trained + peak, padding


def _memory(device: torch.device) -> int:
    return int(torch.cuda.memory_allocated() if device.type == "cuda" else psutil.Process().memory_info().rss)


def _peak(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated())
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def as_dict(plan: Plan) -> dict[str, Any]:
    """For --json."""
    return asdict(plan)


def print_plan(plan: Plan, console: Console) -> None:
    """For people."""
    table = Table(
        "source", "examples", "held out", "trained tokens", "planned", "passes", "truncated", "dropped", box=None, pad_edge=False
    )
    for s in plan.sources:
        cells = (
            f"{s['examples']:,}",
            f"{s['held_out']:,}",
            f"{s['tokens']:,}",
            f"{s['planned']:,}",
            f"{s['passes']:.2f}",
            f"{s['truncated']:,}",
            f"{s['dropped']:,}",
        )
        table.add_row(s["name"], *cells)
    console.print(table)
    stages = Table("stage", "steps", "trained tokens", "mix", "learning rate", box=None, pad_edge=False)
    for s in plan.stages:
        mix = "  ".join(f"{name} {share:.1%}" for name, share in s["mix"].items())
        stages.add_row(s["name"], f"{s['steps']:,}", f"{s['tokens']:,}", mix, f"{s['learning_rate']:g}")
    console.print()
    console.print(stages)
    saves = ", ".join(map(str, plan.checkpoints[:8])) + (f", … {plan.checkpoints[-1]}" if len(plan.checkpoints) > 8 else "")
    console.print(
        f"\n{plan.steps:,} steps, {plan.positions:,} tokens with prompts, {plan.padding:.0%} padding\n{len(plan.checkpoints)} checkpoints, after step {saves}"
        f"\nabout {duration(plan.seconds)} and {plan.memory_bytes / 2**30:.1f} GiB on this machine, from a probe of one batch",
        highlight=False,
    )
    console.print("\nExamples; trained on is what stands between ⟦ and ⟧:", highlight=False)
    for text in plan.examples:
        console.print("─" * 40, style="dim")
        console.print(
            escape(text if len(text) < 1500 else f"{text[:700]} … {text[-700:]}").replace("⟦", "[bold]⟦").replace("⟧", "⟧[/bold]"),
            highlight=False,
        )


def duration(seconds: float) -> str:
    """In words, two parts."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{int(seconds // 3600)} h {seconds % 3600 / 60:.0f} min"
