"""python bench/loglikelihood.py [--model FOLDER] [--dtype bfloat16] [--repeats 3] [--scale 1.0]

Log-likelihoods of multiple-choice items: our vLLM engine against lm-eval's vLLM backend, two engines in one process, arms
interleaved, prefix caches emptied before every turn. `--scale` makes it longer on fast machines. The last line is JSON; its
ratio is that of one-token choices with five examples before the question.
"""

from __future__ import annotations

import argparse
import os

from _arms import QUIET, interleaved, last_line, lettered, medians, shop_items

os.environ.update(QUIET)

from lm_eval.api.instance import Instance

from equipoise.harness_ext.lm import EquipoiseLM
from equipoise.harness_ext.models import bundled_model

TARGETS = {"one token, 5-shot": 10.0, "one token, zero-shot": 4.0, "multi-token, context of 100+": 2.0}


def requests(kind: str, scale: float) -> list[Instance]:
    """(context, continuation) pairs of one kind."""
    examples = "\n\n".join(f"{lettered(i)} {'ABCD'[int(str(i['y']))]}" for i in shop_items(5, seed=99)) + "\n\n"
    count = {"one token, 5-shot": 40, "one token, zero-shot": 120, "multi-token, context of 100+": 60}[kind]
    pairs: list[tuple[str, str]] = []
    for item in shop_items(int(count * scale)):
        if kind.startswith("one token"):
            pairs += [((examples if "5-shot" in kind else "") + lettered(item), f" {letter}") for letter in "ABCD"]
        else:
            story = (
                f"A report for the weekly meeting. {item['q']} Write the answer as one sentence, with the unit. " * 2 + "\nAnswer:"
            )
            pairs += [(story, f" Altogether the shop took {option} in that week.") for option in item["o"]]  # type: ignore[attr-defined]
    return [Instance("loglikelihood", {}, pair, i) for i, pair in enumerate(pairs)]


def main() -> None:
    """Time both backends and compare their numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=None)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default="", help="kinds whose name contains this")
    options = parser.parse_args()
    model = options.model or str(bundled_model("smollm2-135m"))
    from lm_eval.models.vllm_causallms import VLLM
    from vllm.platforms import current_platform

    extra = {"enforce_eager": True} if current_platform.is_cpu() else {"gpu_memory_utilization": 0.4}
    ours = EquipoiseLM(model, "vllm", dtype=options.dtype, max_model_len=2048, **extra)
    stock = VLLM(model, dtype=options.dtype, max_model_len=2048, **extra)
    ratios, seconds, difference = {}, {}, 0.0
    kinds = [kind for kind in TARGETS if options.only in kind]
    for kind in kinds:
        asked = requests(kind, options.scale)
        context = ours.tok_encode(asked[0].args[0])
        print(f"{kind}: {len(asked)} requests, contexts of about {len(context)} tokens", flush=True)
        answers: dict[str, list[tuple[float, bool]]] = {}

        def run(name: str, lm: EquipoiseLM | VLLM, asked: list[Instance] = asked, answers: dict = answers) -> None:  # type: ignore[type-arg]
            (lm.engine._llm if isinstance(lm, EquipoiseLM) else lm.model).reset_prefix_cache()
            answers[name] = lm.loglikelihood(asked, disable_tqdm=True)

        times = medians(
            interleaved(
                {"equipoise": lambda run=run: run("equipoise", ours), "stock": lambda run=run: run("stock", stock)}, options.repeats
            )
        )
        seconds[kind] = times
        ratios[kind] = times["stock"] / times["equipoise"]
        difference = max(difference, *(abs(a[0] - b[0]) for a, b in zip(answers["equipoise"], answers["stock"], strict=True)))
        assert [a[1] for a in answers["equipoise"]] == [b[1] for b in answers["stock"]]
    print(f"\n{'log-likelihoods, ' + options.dtype:<32} {'stock':>9} {'equipoise':>10} {'ratio':>7} {'target':>7}")
    for kind in kinds:
        target = TARGETS[kind]
        times = seconds[kind]
        print(f"{kind:<32} {times['stock']:>8.2f}s {times['equipoise']:>9.2f}s {ratios[kind]:>6.1f}x {target:>6.0f}x")
    print(f"largest difference of a log-prob: {difference:.2g}; greedy flags equal")
    ours.engine.close()
    last_line("loglikelihood", ratios[kinds[0]], TARGETS[kinds[0]], {**seconds, "max_difference": difference})


if __name__ == "__main__":
    main()
