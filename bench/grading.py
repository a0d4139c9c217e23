"""python bench/grading.py [--repeats 3]

Answers graded per second on one core: the 45 references, the hand-graded answers and hostile texts, each against the
guideline of its question. Nothing is cached between arms but compiled patterns, as in a run. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

from equipoise.harness_ext.grading import grade_answer
from equipoise.harness_ext.rubric import load_questions, render

TARGET = 1_000
HOSTILE = {
    "empty": "",
    "1 MB of text": "spend on A is " * 75_000,
    "10,000 numbers": " ".join(f"${i}.50" for i in range(10_000)),
    "broken JSON": '{"a": ' * 50_000,
}


def main() -> None:
    """Measure answers per second and the slowest hostile answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    questions = [(q, render(q, c)) for c, q in load_questions(Path(__file__).parent.parent / "tasks" / "monetization45")]
    arms = {
        "references": [(r, r.reference) for _, r in questions],
        "graded answers": [(r, g.answer) for q, r in questions for g in q.graded_answers],
    }
    count = sum(map(len, arms.values()))
    rates: dict[str, list[float]] = {name: [] for name in arms}
    for turn in range(repeats + 1):  # the first turn compiles the patterns
        for name, answers in arms.items():
            # a run never grades the same text twice: make each turn's texts new
            fresh = [(r, f"{text}\n\nDraft {turn}.") for r, text in answers]
            start = time.process_time()
            for rendered, text in fresh:
                grade_answer(text, rendered.criteria, rendered.prompts)
            if turn:
                rates[name].append(len(answers) / (time.process_time() - start))
    print(f"{'arm':<16} {'answers/s (median)':>20}")
    medians = {name: statistics.median(values) for name, values in rates.items()}
    for name, value in medians.items():
        print(f"{name:<16} {value:>20,.0f}")
    slowest = 0.0
    for name, text in HOSTILE.items():
        start = time.process_time()
        for _, rendered in questions[:5]:
            grade_answer(text, rendered.criteria, rendered.prompts)
        seconds = (time.process_time() - start) / 5
        slowest = max(slowest, seconds)
        print(f"hostile: {name:<16} {seconds:.3f} s per answer")
    pooled = count / sum(len(answers) / medians[name] for name, answers in arms.items())
    print(f"{'all':<16} {pooled:>20,.0f}")
    print(
        json.dumps(
            {"name": "grading", "ratio": round(pooled / TARGET, 2), "target": 1.0, "arms": medians, "slowest_hostile_s": slowest}
        )
    )


if __name__ == "__main__":
    main()
