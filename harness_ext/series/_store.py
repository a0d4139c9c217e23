"""Scores on disk: lm-eval's 0.4 files, one pair per (checkpoint, task), each either whole or absent.

DIR/series.json                                  the base that the checkpoints are compared with
DIR/<checkpoint>/checkpoint.json                 the manifest
DIR/<checkpoint>/results_<time>.json             lm-eval's results, and under "equipoise" what they are scores of
DIR/<checkpoint>/samples_<task>_<time>.jsonl     every document with its answers
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from lm_eval.utils import handle_non_serializable, hash_string, sanitize_list

from equipoise.harness_ext.checkpoint import Checkpoint
from equipoise.harness_ext.errors import CheckpointError, ResultsError
from equipoise.harness_ext.files import write_atomically
from equipoise.harness_ext.manifest import FILE
from equipoise.harness_ext.results import stamp_of

KEY = "equipoise"
"""Our part of a results file."""
_PENDING = ".writing_"
"""Marks a write that is under way; its name ends with the time."""


def identity_key(identity: Mapping[str, Any]) -> str:
    """Equal for scores that mean the same."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Entry:
    """One results file of a checkpoint."""

    path: Path
    identity: dict[str, Any]
    results: dict[str, Any]


class ResultsFolder:
    """The results of one series. Several processes may use it at once."""

    def __init__(self, root: Path):
        self.root = root
        if root.exists() and not root.is_dir():
            raise ResultsError(f"{root}: is a file; --results wants a folder")

    def folder(self, checkpoint: str) -> Path:
        """Where a checkpoint's scores are."""
        return self.root / checkpoint

    def entries(self, checkpoint: str) -> list[Entry]:
        """Its results files that are complete and ours, oldest first. Files of other tools are left alone."""
        found = []
        for path in sorted(self.folder(checkpoint).glob("results_*.json")):
            try:
                results = json.loads(path.read_text("utf-8"))
            except ValueError:
                continue  # not written by us: ours are whole
            identity = results.get(KEY, {}).get("identity") if isinstance(results, dict) else None
            if identity and all(self.samples(path, task).is_file() for task in results.get("n-samples", results["results"])):
                found.append(Entry(path, identity, results))
        return found

    def samples(self, results: Path, task: str) -> Path:
        """The samples file of one task beside a results file."""
        return results.with_name(f"samples_{task}_{stamp_of(results)}.jsonl")

    def write(self, checkpoint: Checkpoint, results: dict[str, Any], samples: Mapping[str, list[dict[str, Any]]]) -> Path:
        """Write samples, then results: a results file vouches for its samples. Raises `OSError`."""
        folder = self.folder(checkpoint.name)
        stamp = datetime.now().isoformat().replace(":", "-")
        self.describe(checkpoint)
        path = folder / f"results_{stamp}.json"
        pending = folder / f"{_PENDING}{stamp}"
        try:
            pending.touch()
            for task, rows in samples.items():
                write_atomically(self.samples(path, task), (_sample_line(row) for row in rows))
            hashes = {
                t: hash_string("".join(r["doc_hash"] + r["prompt_hash"] + r["target_hash"] for r in s)) for t, s in samples.items()
            }
            text = json.dumps(results | {"task_hashes": hashes}, indent=2, default=handle_non_serializable, ensure_ascii=False)
            write_atomically(path, text)
        finally:
            _settle(pending)
        return path

    def describe(self, checkpoint: Checkpoint) -> None:
        """Write its manifest, where it is not there or has changed."""
        path = self.folder(checkpoint.name) / FILE
        text = json.dumps(checkpoint.described(), indent=2) + "\n"
        if not path.is_file() or path.read_text("utf-8") != text:
            write_atomically(path, text)

    def check_same_series(self, checkpoints: list[Checkpoint], bases: Mapping[str, Checkpoint]) -> None:
        """Raise `CheckpointError` where the folder holds scores of other weights under the same name, or another base."""
        for checkpoint in checkpoints:
            path = self.folder(checkpoint.name) / FILE
            kept = _weights_in(path)
            if kept and kept != checkpoint.weights_hash:
                raise CheckpointError(
                    f"{path.parent}: holds scores of other weights called {checkpoint.name}; give another --results folder, "
                    'or a "name" in the checkpoint.json beside the weights'
                )
        known = self._known_bases()
        for family, base in bases.items():
            if family in known and known[family]["weights_hash"] != base.weights_hash:
                raise CheckpointError(
                    f"{self.root}: results of another series: its base is {known[family]['name']}, not {base.name}; "
                    "give another --results folder"
                )

    def keep_bases(self, bases: Mapping[str, Checkpoint]) -> None:
        """Remember what the checkpoints of this folder are compared with."""
        known = self._known_bases()
        new = known | {f: {"name": b.name, "weights_hash": b.weights_hash} for f, b in bases.items()}
        if new != known:
            try:
                write_atomically(self.root / "series.json", json.dumps({"bases": new}, indent=2) + "\n")
            except OSError as error:
                raise ResultsError(f"{self.root}: cannot be written ({error.strerror or error})") from error

    def _known_bases(self) -> dict[str, dict[str, str]]:
        path = self.root / "series.json"
        if not path.is_file():
            return {}
        try:
            return dict(json.loads(path.read_text("utf-8"))["bases"])
        except (ValueError, KeyError, TypeError) as error:
            raise ResultsError(f"{path}: not a series.json of equipoise ({error}); move it away") from error

    @contextlib.contextmanager
    def claim(self, checkpoint: str, *, wait: bool) -> Iterator[bool]:
        """Hold a checkpoint's folder against other processes; False where another one has it and `wait` is not wanted.

        Whoever holds it clears away what a killed process left.
        """
        folder = self.folder(checkpoint)
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=-1 if wait else 0)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            self._clear(folder)
            yield True
        finally:
            lock.release()

    def _clear(self, folder: Path) -> None:
        for path in folder.glob(".*.tmp"):
            path.unlink(missing_ok=True)
        for path in folder.glob(f"{_PENDING}*"):
            _settle(path)


def _settle(pending: Path) -> None:
    """End a write: without its results file, its samples go too."""
    stamp = pending.name.removeprefix(_PENDING)
    if not (pending.parent / f"results_{stamp}.json").is_file():
        for path in pending.parent.glob(f"samples_*_{stamp}.jsonl"):
            path.unlink(missing_ok=True)
    pending.unlink(missing_ok=True)


def _weights_in(path: Path) -> str | None:
    if not path.is_file():
        return None
    try:
        kept: str | None = json.loads(path.read_text("utf-8")).get("weights_hash")
        return kept
    except (ValueError, AttributeError) as error:
        raise ResultsError(f"{path}: not a checkpoint.json ({error}); move it away") from error


def _sample_line(row: dict[str, Any]) -> str:
    """One document as lm-eval writes it."""
    arguments = {f"gen_args_{i}": {f"arg_{j}": value for j, value in enumerate(call)} for i, call in enumerate(row["arguments"])}
    line = row | {
        "resps": sanitize_list(row["resps"]),
        "filtered_resps": sanitize_list(row["filtered_resps"]),
        "arguments": arguments,
        "target": str(row["target"]),
    }
    return json.dumps(line, default=handle_non_serializable, ensure_ascii=False) + "\n"
