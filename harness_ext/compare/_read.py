"""Scores on disk → what there is to compare. Reads result files only; samples are read when a pair is chosen."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.harness_ext.balance import abilities
from equipoise.harness_ext.errors import ResultsError
from equipoise.harness_ext.manifest import FILE, Manifest, read_manifest
from equipoise.harness_ext.results import Run, read_run, stamp_of


@dataclass(frozen=True, slots=True)
class Entry:
    """One ability or rubric task in one results file."""

    name: str
    tasks: tuple[str, ...]
    form: int
    """Of a rubric; 0 for everything else."""
    versions: Mapping[str, str]
    """By task; with that of the grader, where rules grade."""
    settings: Mapping[str, Any]
    """What else must be equal for a fair comparison: few-shot, limit, prompt format, generation."""
    documents: int
    """As its file says; 0 where it does not."""
    run: Run


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint's scores."""

    name: str
    folder: Path
    manifest: Manifest
    entries: Sequence[Entry]
    """Newest first."""


def read_checkpoints(
    names: Sequence[str], results: Path | None, *, domain: Collection[str] = (), ignored: Collection[str] = ()
) -> list[Checkpoint]:
    """The named checkpoints, the base first.

    An ability of which only some tasks are `domain` is two; `ignored` tasks are in none. A name is a result folder or file, or a
    checkpoint within `results`. With `results` alone: the base that its series.json names, then all others. Raises `ResultsError`
    for anything else.
    """
    if results is not None and not results.is_dir():
        raise ResultsError(f"--results {results}: no such folder")
    if not names and results is not None:
        names = _whole_series(results)
    if len(names) < 2:
        what = "nothing" if not names else f"only {names[0]}"
        raise ResultsError(f"{what} to compare: name a base and at least one checkpoint, or --results of a series with its base")
    found = [_read(_locate(name, results), name, domain, ignored) for name in names]
    folders = [c.folder.resolve() for c in found]
    twice = next((c for i, c in enumerate(found) if folders[i] in folders[:i] and c.folder.is_dir()), None)
    if twice:
        raise ResultsError(f"{twice.folder} is named twice")
    return _told_apart(found)


def _whole_series(results: Path) -> list[str]:
    path = results / "series.json"
    if not path.is_file():
        raise ResultsError(f"{results}: no series.json in it, so name the base and the checkpoints")
    try:
        bases = [str(base["name"]) for base in json.loads(path.read_text("utf-8"))["bases"].values()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResultsError(f"{path}: not a series.json of equipoise ({error})") from error
    if len(bases) != 1:
        raise ResultsError(
            f"{path}: has {len(bases)} bases ({', '.join(bases)}): name the one to compare with, and its checkpoints"
        )
    folders = {path.parent for path in results.rglob("results_*.json") if stamp_of(path)}
    others = sorted((str(f.relative_to(results)) for f in folders), key=lambda name: (_step(results / name), name))
    return [bases[0], *(name for name in others if name != bases[0])]


def _step(folder: Path) -> int:
    return read_manifest(folder).step or 0


def _locate(name: str, results: Path | None) -> Path:
    candidates = [results / name] if results is not None else []
    for path in [*candidates, Path(name)]:
        if path.exists():
            return path
    if results is None:
        raise ResultsError(f"{name}: no such result folder or file")
    known = sorted({str(p.parent.relative_to(results)) for p in results.rglob("results_*.json")})
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[:6]
    raise ResultsError(f"{name}: no such checkpoint in {results}; there is {', '.join(near) or 'none'}")


def _read(path: Path, name: str, domain: Collection[str], ignored: Collection[str]) -> Checkpoint:
    files = [path] if path.is_file() else _result_files(path)
    runs = [read_run(file) for file in sorted(files, key=lambda p: stamp_of(p) or "", reverse=True)]
    _check_one_model(runs)
    folder = runs[0].path.parent
    home = path if path.is_dir() and (path / FILE).is_file() else folder  # lm_eval makes a folder of the model in it
    manifest = read_manifest(home)
    entries = [entry for run in runs for entry in _entries(run, domain, ignored)]
    if not entries:
        raise ResultsError(f"{path}: no task with scores in it")
    return Checkpoint(manifest.name or _short(name), path, manifest, entries)


def _check_one_model(runs: Sequence[Run]) -> None:
    """lm-eval keeps all adapters of a base in one folder, as if they were one model: they must not be mixed."""
    known: dict[str, Path] = {}
    for run in runs:
        identity = (run.results.get("equipoise") or {}).get("identity") or {}
        config = run.results.get("config") or {}
        parts = (
            [identity.get("weights")]
            if identity
            else [_argument(config, a) for a in ("pretrained", "peft", "revision", "lora_local_path")]
        )
        known.setdefault(json.dumps(parts), run.path)
    if len(known) > 1:
        files = ", ".join(path.name for path in list(known.values())[:3])
        raise ResultsError(
            f"{runs[0].path.parent}: holds results of {len(known)} models or adapters ({files}): name the files instead"
        )


def _result_files(folder: Path) -> list[Path]:
    """Of the folder itself, else of the one folder in it: `lm_eval --output_path` makes one per model."""
    own = [p for p in folder.glob("results_*.json") if stamp_of(p)]
    if own:
        return own
    below = [p for p in folder.rglob("results_*.json") if stamp_of(p)]
    models = sorted({p.parent for p in below})
    if not models:
        raise ResultsError(
            f"{folder}: no results_*.json in it; score it first, or run lm_eval with --output_path and --log_samples"
        )
    if len(models) > 1:
        inside = ", ".join(str(m.relative_to(folder)) for m in models[:4])
        raise ResultsError(f"{folder}: has the results of {len(models)} models ({inside}, …): name one of them")
    return below


def _entries(run: Run, domain: Collection[str], ignored: Collection[str]) -> list[Entry]:
    """What one results file holds."""
    results = run.results
    configs, versions, shots, counts = (results.get(key) or {} for key in ("configs", "versions", "n-shot", "n-samples"))
    config = results.get("config") or {}
    found = []
    for name, tasks in _parts(abilities(results), domain, ignored):
        settings = {
            "few-shot examples": {task: shots.get(task) for task in tasks},
            "generation settings": {task: (configs.get(task) or {}).get("generation_kwargs") for task in tasks},
            "seed of the items": {task: _metadata(configs, task).get("seed") for task in tasks},
            "repeats": {task: (configs.get(task) or {}).get("repeats") for task in tasks},
            "chat template": results.get("chat_template_sha"),
            "system prompt": results.get("system_instruction_sha"),
            "few-shot as turns": results.get("fewshot_as_multiturn"),
            "limit": config.get("limit"),
            "engine": _engine(config),
            "dtype": config.get("model_dtype") or _argument(config, "dtype"),
        }
        forms = {_form(results, configs, task) for task in tasks}
        versioned = {task: _version(versions.get(task), _metadata(configs, task).get("grader")) for task in tasks}
        documents = sum(int((counts.get(task) or {}).get("effective") or 0) for task in tasks)
        found.append(Entry(name, tuple(tasks), forms.pop() if len(forms) == 1 else 0, versioned, settings, documents, run))
    return found


def _parts(
    found: Mapping[str, Sequence[str]], domain: Collection[str], ignored: Collection[str]
) -> Iterator[tuple[str, Sequence[str]]]:
    """(name, tasks) of abilities without ignored tasks; of one that is domain in part, both parts."""
    for name, all_tasks in found.items():
        tasks = [task for task in all_tasks if task not in ignored and name not in ignored]
        inside = [task for task in tasks if task in domain]
        if not inside or len(inside) == len(tasks) or name in domain:
            if tasks:
                yield name, tasks
        else:
            yield name, [task for task in tasks if task not in domain]
            yield inside[0] if len(inside) == 1 else f"{name} (domain)", inside


def _form(results: Mapping[str, Any], configs: Mapping[str, Any], task: str) -> int:
    """Of a rubric task: `--metadata form=1` stands in the config of every task of its run, but means nothing to the others."""
    rubric = any(str(metric).endswith(",rubric") for metric in results["results"].get(task) or {})
    form = _metadata(configs, task).get("form") or 0
    if rubric and not isinstance(form, int):
        raise ResultsError(f"{task}: its form is {form!r}, not a number; score it again")
    return form if rubric else 0


def _version(version: Any, grader: Any) -> str:
    return f"{version} (grader {grader})" if grader is not None else str(version)


def _engine(config: Mapping[str, Any]) -> Any:
    return _argument(config, "engine") or config.get("model")


def _argument(config: Mapping[str, Any], name: str) -> Any:
    """One of the model's arguments: a mapping, or `a=1,b=2` in older files."""
    arguments = config.get("model_args")
    if isinstance(arguments, Mapping):
        return arguments.get(name)
    pairs = (part.partition("=") for part in str(arguments or "").split(","))
    return next((value for key, _, value in pairs if key == name), None)


def _metadata(configs: Mapping[str, Any], task: str) -> Mapping[str, Any]:
    metadata = (configs.get(task) or {}).get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _short(name: str) -> str:
    path = Path(name)
    return path.parent.name or path.stem if path.suffix == ".json" else path.name or str(path)


def _told_apart(checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    """Names that occur twice are completed by their folders."""
    names = [c.name for c in checkpoints]
    return [c if names.count(c.name) == 1 else Checkpoint(str(c.folder), c.folder, c.manifest, c.entries) for c in checkpoints]
