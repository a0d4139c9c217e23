"""The documents of the example's two tasks."""

import importlib.util
import json
import random
import sys
from pathlib import Path
from typing import Any

from datasets import Dataset

HERE = Path(__file__).parent.parent


def sums(**_: Any) -> dict[str, Dataset]:
    """Sixty drawn questions of another seed than the training data's."""
    spec = importlib.util.spec_from_file_location("two_mixes_domain", HERE / "domain.py")
    assert spec
    assert spec.loader
    domain = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = domain  # its dataclasses look themselves up there
    spec.loader.exec_module(domain)
    drawn = [json.loads(item.as_json()) for item in domain.items(60, seed=1_000_003)]
    return {
        "test": Dataset.from_list(
            [{"prompt": row["messages"][0]["content"], "answer": row["answer"], "kind": row["kind"]} for row in drawn]
        )
    }


def quiz(**_: Any) -> dict[str, Dataset]:
    """The quiz, its choices in a fixed random order."""
    order = random.Random(0)
    rows = []
    for line in (HERE / "quiz.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        right, choices = row["choices"][row["answer"]], row["choices"][:]
        order.shuffle(choices)
        rows.append({"question": row["question"], "choices": choices, "answer": choices.index(right)})
    return {"test": Dataset.from_list(rows)}


def contains(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """1 where the exact answer stands in the reply."""
    return {"exact_match": float(doc["answer"] in results[0])}
