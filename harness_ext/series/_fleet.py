"""One process per GPU (or group of GPUs): each scores its own part of the checkpoints with one engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence

from equipoise.harness_ext.errors import EquipoiseError
from equipoise.harness_ext.series._discover import Failure
from equipoise.harness_ext.series._progress import Progress


def run_fleet(
    arguments: Sequence[str], processes: int, gpus_each: int, shard: tuple[int, int], progress: Progress
) -> list[Failure]:
    """Run `equipoise score` with these arguments `processes` times on parts of the series; returns what failed.

    `arguments` must name neither a shard nor the number of processes. A process that ends without a report is a failure. Raises
    `EquipoiseError` where there are too few GPUs.
    """
    groups = _gpu_groups(processes, gpus_each)
    part, parts = shard
    children = []
    for i in range(processes):
        own = f"{(part - 1) + parts * i + 1}/{parts * processes}"
        command = [sys.executable, "-m", "equipoise", *arguments, "--shard", own, "--json"]
        children.append(
            subprocess.Popen(
                command, env=_environment(i, processes, groups), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
    threads = [threading.Thread(target=_relay, args=(c, i, progress), daemon=True) for i, c in enumerate(children, start=1)]
    for thread in threads:
        thread.start()
    try:
        reports = [child.stdout.read() if child.stdout else "" for child in children]
        for child, thread in zip(children, threads, strict=True):
            child.wait()
            thread.join()
    except KeyboardInterrupt:
        for child in children:
            child.terminate()  # Ctrl-C reached them already, a SIGTERM to this process did not
        for child in children:
            child.wait()
        raise
    failures: dict[tuple[str, str], Failure] = {}
    for i, (child, report) in enumerate(zip(children, reports, strict=True), start=1):
        try:
            found = json.loads(report)
        except ValueError:
            name = f"process {i} of {processes}"
            failures[name, ""] = Failure(name, f"ended with code {child.returncode} and no report; what it finished is kept")
            continue
        for row in found["checkpoints"]:
            failures |= {(row["name"], reason): Failure(row["name"], reason) for reason in row["failures"]}
        failures |= {(b["name"], b["reason"]): Failure(b["name"], b["reason"], b["task"]) for b in found["broken"]}
    return list(failures.values())


def _relay(child: subprocess.Popen[str], number: int, progress: Progress) -> None:
    for line in child.stderr or ():
        progress.say(f"[{number}] {line.rstrip()}")


def _environment(i: int, processes: int, groups: list[str] | None) -> dict[str, str]:
    if groups is None:
        threads = max(1, len(os.sched_getaffinity(0)) // processes)
        return os.environ | {"OMP_NUM_THREADS": str(threads)}
    return os.environ | {"CUDA_VISIBLE_DEVICES": groups[i]}


def _gpu_groups(processes: int, gpus_each: int) -> list[str] | None:
    """CUDA_VISIBLE_DEVICES of each process; None on a machine without GPUs."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        return None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = visible.split(",") if visible else [str(i) for i in range(count)]
    if processes * gpus_each > len(devices):
        raise EquipoiseError(f"{processes} processes with {gpus_each} GPUs each do not fit the {len(devices)} visible GPUs")
    return [",".join(devices[i * gpus_each : (i + 1) * gpus_each]) for i in range(processes)]
