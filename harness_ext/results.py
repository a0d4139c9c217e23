"""Read the result files that lm-eval 0.4 writes: `results_<time>.json` and `samples_<task>_<time>.jsonl` beside it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.harness_ext.errors import ResultsError

_SAMPLE = ("doc_id", "doc", "doc_hash", "target", "arguments", "filtered_resps", "filter")
"""What every sample has, whatever its task."""
_STAMP = re.compile(r"^results_(.+)\.json$")


def stamp_of(path: Path) -> str | None:
    """The time in the name of a results file; None for any other file."""
    found = _STAMP.match(path.name)
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of lm-eval."""

    path: Path
    """Its `results_<time>.json`."""
    results: dict[str, Any]
    """The content of that file."""

    def sample_file(self, task: str) -> Path:
        """Where the samples of one task are. Raises `ResultsError` where the run was made without `--log_samples`."""
        path = self.path.parent / f"samples_{task}_{stamp_of(self.path)}.jsonl"
        if not path.is_file():
            raise ResultsError(f"{path}: missing; run lm_eval with --log_samples, which keeps the answers")
        return path

    def samples(self, task: str) -> list[dict[str, Any]]:
        """The rows of one task, in the order of its documents. Raises `ResultsError` where the file is missing or cut off."""
        path = self.sample_file(task)
        rows: list[dict[str, Any]] = []
        for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):  # not by lines: answers may hold U+2028
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ResultsError(f"{path}, line {number}: not valid JSON, the file may be cut off ({error})") from error
            missing = [k for k in _SAMPLE if k not in row] if isinstance(row, dict) else list(_SAMPLE)
            if missing:
                raise ResultsError(f"{path}, line {number}: no sample of lm-eval 0.4: {', '.join(missing)} missing")
            rows.append(row)
        expected = ((self.results.get("n-samples") or {}).get(task) or {}).get("effective")
        documents = len({row["doc_id"] for row in rows})
        if rows and "bypass" in rows[0]:
            raise ResultsError(f"{path}: was made with --predict_only, so it has no scores")
        if isinstance(expected, int) and documents < expected:
            raise ResultsError(f"{path}: has {documents} of {expected} documents, the file may be cut off; score it again")
        return sorted(rows, key=lambda row: row["doc_id"])


def latest_run(path: Path) -> Run:
    """The newest run in a folder (searched below it), or the run of a given results file.

    Raises `ResultsError` where there is none, or where its file is not a whole lm-eval result.
    """
    if path.is_dir():
        found = [p for p in path.rglob("results_*.json") if stamp_of(p)]
        if not found:
            raise ResultsError(f"{path}: no results_*.json in it; run lm_eval with --output_path {path}")
        path = max(found, key=lambda p: p.name)
    return read_run(path)


def read_run(path: Path) -> Run:
    """The run of a results file. Raises `ResultsError` where it is not a whole lm-eval result."""
    if not path.is_file() or not stamp_of(path):
        raise ResultsError(f"{path}: no such result folder or results_*.json file")
    try:
        results = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ResultsError(f"{path}: not valid JSON, the file may be cut off ({error})") from error
    if not isinstance(results, dict) or not isinstance(results.get("results"), dict):
        raise ResultsError(f"{path}: no lm-eval 0.4 result file: the key 'results' is missing")
    return Run(path, results)
