"""Bits per byte of known right answers: a real benchmark's view of a checkpoint too small to solve it."""

import json
import math
import os
from pathlib import Path

from datasets import Dataset

DATA = Path(os.environ.get("EQUIPOISE_REFERENCE_DATA", "../shared/data"))


def gsm8k(**_):
    """250 word problems with solutions."""
    lines = (DATA / "gsm8k" / "test_head.jsonl").read_text("utf-8").strip().split("\n")
    rows = [json.loads(line) for line in lines]
    return {"test": Dataset.from_list([{"question": r["question"], "answer": r["answer"]} for r in rows])}


def bbh(**_):
    """The questions of four BIG-Bench-Hard tasks, a quarter of each."""
    rows = []
    for file in sorted((DATA / "bbh").glob("*.json")):
        rows += json.loads(file.read_text("utf-8"))["examples"][::4]
    return {"test": Dataset.from_list([{"question": r["input"], "answer": r["target"]} for r in rows])}


def process_results(doc, results):
    """Bits per byte of the answer."""
    ((logprob, _),) = results
    return {"bpb": -logprob / math.log(2) / len(doc["answer"].encode())}
