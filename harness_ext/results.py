"""Read the result files that lm-eval 0.4 writes: `results_<time>.json` and `samples_<task>_<time>.jsonl` beside it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from equipoise.harness_ext.errors import ResultsError

_MAPPINGS = ("config", "configs", "equipoise", "group_subtasks", "higher_is_better", "n-samples", "n-shot", "results", "versions")
_OF_MAPPINGS = ("configs", "n-samples", "results")
"""Parts of a results file that hold mappings, and those that hold mappings of mappings."""
_SAMPLE: dict[str, type | tuple[type, ...]] = {
    "doc_id": (int, str),
    "doc": dict,
    "doc_hash": str,
    "target": object,
    "arguments": (list, dict),
    "filtered_resps": list,
    "filter": str,
}
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
        if "/" in task or "\\" in task:
            raise ResultsError(f"{self.path}: a task named {task!r} has no samples file")
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
            except (ValueError, RecursionError) as error:
                raise ResultsError(f"{path}, line {number}: not valid JSON, the file may be cut off ({error})") from error
            missing = [k for k in _SAMPLE if k not in row] if isinstance(row, dict) else list(_SAMPLE)
            if missing:
                raise ResultsError(f"{path}, line {number}: no sample of lm-eval 0.4: {', '.join(missing)} missing")
            odd = [k for k, kind in _SAMPLE.items() if not isinstance(row[k], kind)]
            if odd:
                raise ResultsError(f"{path}, line {number}: no sample of lm-eval 0.4: {odd[0]} is {json.dumps(row[odd[0]])[:60]}")
            rows.append(row)
        expected = ((self.results.get("n-samples") or {}).get(task) or {}).get("effective")
        documents = len({row["doc_id"] for row in rows})
        if rows and "bypass" in rows[0]:
            raise ResultsError(f"{path}: was made with --predict_only, so it has no scores")
        if isinstance(expected, int) and documents < expected:
            raise ResultsError(f"{path}: has {documents} of {expected} documents, the file may be cut off; score it again")
        return sorted(rows, key=lambda row: (isinstance(row["doc_id"], str), row["doc_id"]))


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
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{path}: not valid JSON, the file may be cut off ({error})") from error
    if not isinstance(results, dict) or not isinstance(results.get("results"), dict):
        raise ResultsError(f"{path}: no lm-eval 0.4 result file: the key 'results' is missing")
    odd = [key for key in _MAPPINGS if not isinstance(results.get(key) or {}, dict)]
    odd += [
        f"{key} of {of}"
        for key in _OF_MAPPINGS
        if key not in odd
        for of, m in (results.get(key) or {}).items()
        if not isinstance(m, dict)
    ]
    if odd:
        raise ResultsError(f"{path}: no lm-eval 0.4 result file: {odd[0]} is not a mapping")
    _check_groups(path, results.get("group_subtasks") or {})
    return Run(path, results)


def _check_groups(path: Path, groups: dict[str, Any]) -> None:
    """Raises `ResultsError` where groups are not lists of names, or hold themselves."""
    for group, members in groups.items():
        if not isinstance(members, list) or not all(isinstance(name, str) for name in members):
            raise ResultsError(f"{path}: no lm-eval 0.4 result file: group_subtasks of {group} is not a list of names")
    try:
        TopologicalSorter(groups).prepare()
    except CycleError as error:
        raise ResultsError(f"{path}: no lm-eval 0.4 result file: the group {error.args[1][0]} holds itself") from error
