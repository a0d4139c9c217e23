"""Shared by the benches: interleaved arms, medians, items to ask about, checkpoints to score."""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

QUIET = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "TORCH_LOGS": "-all",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYTHONWARNINGS": "ignore",
    "LMEVAL_LOG_LEVEL": "ERROR",
    # the same machine settings for every arm: all cores, and a KV cache of the size that our engine takes
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": str(os.cpu_count() or 1),
    "VLLM_CPU_KVCACHE_SPACE": "2",
}
"""Environment of every arm."""


def interleaved(arms: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of every arm, run in turn `repeats` times, in alternating order."""
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for turn in range(repeats):
        for name in arms if turn % 2 == 0 else reversed(arms):
            start = time.perf_counter()
            arms[name]()
            seconds[name].append(time.perf_counter() - start)
            print(f"  {name} {seconds[name][-1]:.2f} s", flush=True)
    return seconds


def medians(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    """Median seconds per arm."""
    return {name: round(statistics.median(values), 3) for name, values in seconds.items()}


def last_line(name: str, ratio: float, target: float, arms: Mapping[str, object]) -> None:
    """The line that other programs read."""
    print(json.dumps({"name": name, "ratio": round(ratio, 3), "target": target, "arms": arms}))


def shop_items(count: int, seed: int = 0) -> list[dict[str, object]]:
    """Made-up multiple-choice items about a shop's numbers: `q`, four options `o`, the right one's index `y`."""
    rng = random.Random(seed)
    items: list[dict[str, object]] = []
    for i in range(count):
        visits, rate, price = rng.randrange(20, 90) * 100, rng.randrange(2, 9), rng.randrange(11, 60)
        orders = visits * rate // 100
        right = orders * price
        options = [right, right + price, orders + price, visits * price]
        rng.shuffle(options)
        question = (
            f"Shop number {i + 1} had {visits} visits last week. Out of every hundred visits, {rate} ended with an order, "
            f"and each order held exactly one mug for {price} dollars. There were no returns and no discounts."
            " How many dollars did the shop take?"
        )
        items.append({"q": question, "o": [f"{v} dollars" for v in options], "y": options.index(right)})
    return items


def lettered(item: Mapping[str, object]) -> str:
    """An item as a lettered question up to "Answer:"."""
    options = item["o"]
    assert isinstance(options, list)
    listed = "\n".join(f"{letter}. {option}" for letter, option in zip("ABCD", options, strict=True))
    return f"{item['q']}\n{listed}\nAnswer:"


def checkpoints(folder: Path, count: int, base: Path) -> list[Path]:
    """`count` neighbours of a model: the same tensors with a little noise, as a fine-tune would leave them."""
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(base / "model.safetensors")
    made = []
    for i in range(1, count + 1):
        target = folder / f"checkpoint-{i * 100}"
        made.append(target)
        if (target / "model.safetensors").is_file():
            continue
        shutil.copytree(base, target, ignore=shutil.ignore_patterns("*.safetensors"), dirs_exist_ok=True)
        noise = torch.Generator().manual_seed(i)
        changed = {
            name: (w.float() + torch.randn(w.shape, generator=noise) * w.float().std() * 1e-3 * i).to(w.dtype)
            if w.dim() == 2
            else w
            for name, w in weights.items()
        }
        save_file(changed, target / "model.safetensors", metadata={"format": "pt"})
    return made
