"""python bench/adapters.py [--adapters 8] [--prompts 30] [--max-gen-toks 48] [--repeats 3]

LoRA adapters of one base on the same prompts, greedy, bfloat16: merge each and reload it, against one multi-LoRA batch. Both
engines are started before anything is timed; merging is part of its arm. The last line is JSON.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from _arms import QUIET, interleaved, last_line, medians

os.environ.update(QUIET)

from equipoise.harness_ext.adapters import full_model
from equipoise.harness_ext.checkpoint import open_checkpoint
from equipoise.harness_ext.engines import EngineConfig, Sampling
from equipoise.harness_ext.engines._vllm import VllmEngine
from equipoise.harness_ext.lm import TextEncoder, load_tokenizer
from equipoise.harness_ext.models import bundled_model
from equipoise.harness_ext.rubric import load_questions, render_form
from equipoise.harness_ext.series._adapter_batch import AdapterBatch

TARGET = 2.0


def make_adapters(base: Path, folder: Path, count: int) -> list[Path]:
    """Adapters with small random weights, as peft saves them."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    made = []
    for i in range(count):
        torch.manual_seed(i)
        model = AutoModelForCausalLM.from_pretrained(base, dtype="auto")
        layers = ["q_proj", "k_proj", "v_proj", "o_proj", "up_proj", "gate_proj", "down_proj"]
        adapted = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules=layers))
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=1e-3)
        made.append(folder / f"adapter-{i}")
        adapted.save_pretrained(made[-1])
    return made


def main() -> None:
    """Time both ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adapters", type=int, default=8)
    parser.add_argument("--prompts", type=int, default=30)
    parser.add_argument("--max-gen-toks", type=int, default=48)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    base = bundled_model("smollm2-135m")
    questions = render_form(load_questions(Path(__file__).parent.parent / "tasks" / "monetization45"), 0)
    encoder = TextEncoder(load_tokenizer(str(base)))
    prompts = encoder.encode([q.prompts[0] for q in questions][: options.prompts])
    sampling = [Sampling(max_tokens=options.max_gen_toks, options={"ignore_eos": True})] * len(prompts)
    config = EngineConfig(max_model_len=2048)
    with tempfile.TemporaryDirectory() as folder:
        adapters = [open_checkpoint(path) for path in make_adapters(base, Path(folder), options.adapters)]
        merged_engine = VllmEngine(str(base), config)
        batch = AdapterBatch(base, adapters, config)

        def merge() -> None:
            for adapter in adapters:
                with full_model(adapter) as whole:
                    merged_engine.load(str(whole))
                merged_engine.generate(prompts, sampling)

        def multi_lora() -> None:
            batch._engine._llm.reset_prefix_cache()
            batch.select(adapters)
            for adapter in adapters:
                batch.load(str(adapter.folder))
                batch.generate(prompts, sampling)

        times = medians(interleaved({"merge and reload": merge, "multi-LoRA": multi_lora}, options.repeats))
        merged_engine.close()
        batch.close()
    ratio = times["multi-LoRA"] / times["merge and reload"]
    print(f"\n{options.adapters} adapters × {len(prompts)} prompts × {options.max_gen_toks} tokens")
    for name, seconds in times.items():
        print(f"{name:<18} {seconds:>8.1f}s")
    print(f"ratio {ratio:.2f}x, target {TARGET:.0f}x on a CPU")
    last_line("adapters", ratio, TARGET, times)


if __name__ == "__main__":
    main()
