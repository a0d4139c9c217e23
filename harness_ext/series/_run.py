"""Score a series: one engine per architecture, one checkpoint after the other, every finished task on disk at once."""

from __future__ import annotations

import contextlib
import json
import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from equipoise.harness_ext.adapters import full_model
from equipoise.harness_ext.checkpoint import Checkpoint, read_chat_template, resolve_model, stored_dtype, tokenizer_hash
from equipoise.harness_ext.engines import Engine, EngineConfig, choose_engine, open_engine
from equipoise.harness_ext.errors import (
    EngineError,
    EquipoiseError,
    MissingExtraError,
    ReloadError,
    first_line,
)
from equipoise.harness_ext.lm import EquipoiseLM, TextEncoder, load_tokenizer
from equipoise.harness_ext.series._adapter_batch import AdapterBatch, batch_or_merge
from equipoise.harness_ext.series._discover import Failure, Series, check_tokenizers
from equipoise.harness_ext.series._evaluate import identity_of, score_task
from equipoise.harness_ext.series._options import ScoreOptions
from equipoise.harness_ext.series._progress import Progress
from equipoise.harness_ext.series._store import Entry, ResultsFolder, identity_key
from equipoise.harness_ext.series._tasks import NamedTask, load_tasks

log = logging.getLogger(__name__)
_GIVE_UP = 2
"""Engine starts that may fail in a row before the rest of a group is not tried."""


@dataclass(slots=True)
class Outcome:
    """What happened to a series."""

    scored: int = 0
    """(checkpoint, task) pairs scored now."""
    kept: int = 0
    """… that were done before."""
    failures: list[Failure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Job:
    """One checkpoint and the tasks that are still to do."""

    checkpoint: Checkpoint
    tasks: list[NamedTask]


class SeriesScorer:
    """Scores checkpoints as they are given; what is on disk already is never computed again."""

    def __init__(self, options: ScoreOptions, progress: Progress | None = None):
        """Loads the tasks. Raises `EquipoiseError` for whatever is wrong with them."""
        self.options = options
        self.engine_name = choose_engine(options.engine)
        self.store = ResultsFolder(options.results)
        self.progress = progress or Progress()
        self.outcome = Outcome()
        self._tasks: dict[str, list[NamedTask]] = {}
        self._encoders: dict[str, TextEncoder] = {}
        self._unwritten: list[tuple[Checkpoint, str, Any, Any]] = []
        self._tokenizer = resolve_model(options.tokenizer) if options.tokenizer else None
        tokenizer = str(self._tokenizer) if self._tokenizer else None
        self._engine_config = replace(options.engine_config, tokenizer=tokenizer)
        self._slot = _EngineSlot(options.engine, self._engine_config, self.progress)
        self._loaded = load_tasks(options)

    def plan(self, series: Series, only: Collection[Path] | None = None, *, announce: bool = True) -> list[_Job]:
        """What is missing of the series, or of its folders in `only`. Raises `CheckpointError` for what does not belong together.

        `announce` says which scores are computed again.
        """
        if not self._tokenizer:
            check_tokenizers(series.checkpoints)
        self.store.check_same_series(series.checkpoints, series.bases)
        part, parts = self.options.shard
        mine = [c for c in series.checkpoints if only is None or c.folder in only][part - 1 :: parts]
        jobs = [self._job(c, announce=announce) for c in mine]
        return [job for job in jobs if job.tasks]

    def run(self, series: Series, only: Collection[Path] | None = None) -> Outcome:
        """Score what is missing. Failures are collected, not raised; only a mistake in the input is."""
        jobs = self.plan(series, only)
        self.store.keep_bases(series.bases)
        if only is None:
            self.outcome.failures += series.broken
        self.progress.expect(sum(len(job.tasks) for job in jobs))
        groups: dict[str, list[_Job]] = defaultdict(list)
        for job in jobs:
            groups[job.checkpoint.architecture].append(job)
        for group in groups.values():
            self._run_group(group)
        self._write_again()
        return self.outcome

    def close(self) -> None:
        """Stop the engine. What could not be written yet gets a last chance, and is a failure after that."""
        self._slot.drop()
        self._write_again()
        self.outcome.failures += [Failure(c.name, "its scores could not be written", t) for c, t, _, _ in self._unwritten]
        self._unwritten.clear()

    def template_of(self, checkpoint: Checkpoint) -> str | None:
        """The chat template its prompts use; None for plain text."""
        if self.options.chat is False:
            return None
        template = read_chat_template(self._tokenizer) if self._tokenizer else checkpoint.chat_template
        if self.options.chat and template is None:
            raise EquipoiseError(f"{checkpoint.name}: its tokenizer has no chat template; leave out --apply-chat-template")
        return template

    def finished(self, series: Series) -> Iterator[tuple[Checkpoint, NamedTask, Entry]]:
        """What is on disk of the series under the present options, the latest file of each (checkpoint, task)."""
        for checkpoint in series.checkpoints:
            if latest := {identity_key(e.identity): e for e in self.store.entries(checkpoint.name)}:
                for task in self._tasks_for(self._prompt_format(checkpoint)):
                    if entry := latest.get(identity_key(self._identity(checkpoint, task))):
                        yield checkpoint, task, entry

    def _identity(self, checkpoint: Checkpoint, task: NamedTask) -> dict[str, Any]:
        tokenizer = self._tokenizer_hash or checkpoint.tokenizer_hash
        return identity_of(checkpoint, task, self.options, self.engine_name, self.template_of(checkpoint), tokenizer)

    @cached_property
    def _tokenizer_hash(self) -> str | None:
        return tokenizer_hash(self._tokenizer) if self._tokenizer else None

    def _job(self, checkpoint: Checkpoint, *, announce: bool = True) -> _Job:
        """What is missing of a checkpoint. Where nothing is there yet, its weights need not be read to know."""
        tasks = self._tasks_for(self._prompt_format(checkpoint))
        self.template_of(checkpoint)
        entries = self.store.entries(checkpoint.name)
        if not entries:
            return _Job(checkpoint, tasks)
        done = {identity_key(e.identity) for e in entries}
        missing = []
        for task in tasks:
            identity = self._identity(checkpoint, task)
            if identity_key(identity) in done:
                self.outcome.kept += 1
                continue
            missing.append(task)
            before = [e for e in entries if e.identity.get("task") == task.name]
            changed = _changed(before[-1].identity, identity) if before else None
            if changed and announce:
                self.progress.say(f"{checkpoint.name} · {task.name}: scored again beside the old files, because {changed}")
        return _Job(checkpoint, missing)

    def _run_group(self, group: Sequence[_Job]) -> None:
        """Checkpoints of one architecture."""
        adapters = [job for job in group if job.checkpoint.base]
        if adapters and self._batched(adapters):
            with_base = [job for job in group if job.checkpoint.folder == adapters[0].checkpoint.base]
            if self._run_batch([*with_base, *adapters]):
                group = [job for job in group if job not in with_base and job not in adapters]
        postponed: list[_Job] = []
        failed_starts = 0
        for wait, jobs in ((False, group), (True, postponed)):
            for job in jobs:
                if failed_starts >= _GIVE_UP:
                    self._fail(job.checkpoint, "not tried: the engine did not start for the checkpoints before it")
                    continue
                try:
                    with self.store.claim(job.checkpoint.name, wait=wait) as mine:
                        if not mine:
                            postponed.append(job)
                            continue
                        failed_starts = 0 if self._run_job(self._job_again(job)) else failed_starts + 1
                except OSError as error:
                    self._fail(job.checkpoint, f"its results folder cannot be written ({error.strerror or error})")

    def _job_again(self, job: _Job) -> _Job:
        """A job without what another process has done meanwhile."""
        done = {identity_key(e.identity) for e in self.store.entries(job.checkpoint.name)}
        todo = [t for t in job.tasks if not done or identity_key(self._identity(job.checkpoint, t)) not in done]
        return _Job(job.checkpoint, todo)

    def _run_job(self, job: _Job) -> bool:
        """One checkpoint; False where no engine could be started for it."""
        if not job.tasks:
            return True
        started = False
        try:
            with full_model(job.checkpoint, trust_remote_code=self._engine_config.trust_remote_code) as folder:
                for task in job.tasks:
                    engine = self._slot.hold(folder, job.checkpoint)
                    started = True
                    self._score(job.checkpoint, task, engine)
        except MissingExtraError:
            raise
        except EngineError as error:
            self._slot.drop()
            self._fail(job.checkpoint, _reason(error))
            return started or isinstance(error, ReloadError)
        except Exception as error:
            log.debug("checkpoint failed", exc_info=True)
            self._fail(job.checkpoint, _reason(error))
        return True

    def _batched(self, adapters: Sequence[_Job]) -> bool:
        choice, why = batch_or_merge(self.options, self.engine_name, [j.checkpoint for j in adapters], adapters[0].tasks)
        self.progress.say(f"{len(adapters)} adapters: {choice}, because {why}")
        return choice == "batch"

    def _run_batch(self, jobs: Sequence[_Job]) -> bool:
        """Adapters of one base side by side: task by task, all adapters in one batch. False where merging has to do it."""
        base = next(job.checkpoint.base for job in jobs if job.checkpoint.base)
        assert base is not None
        in_order = sorted(jobs, key=lambda job: job.checkpoint.name)  # every process claims in the same order
        with contextlib.ExitStack() as claims:
            mine = [job for job in in_order if claims.enter_context(self.store.claim(job.checkpoint.name, wait=True))]
            mine = [again for job in mine if (again := self._job_again(job)).tasks]
            if not any(job.checkpoint.base for job in mine):
                return False  # another process has done the adapters; what is left is the base
            self._slot.drop()
            try:
                with self.progress.waiting("starting vLLM with room for adapters"):
                    engine = AdapterBatch(base, [j.checkpoint for j in mine], self._engine_config)
            except EngineError as error:
                if self.options.adapters == "auto":
                    self.progress.warn(f"{_reason(error)}; merging the adapters instead")
                    return False
                for job in mine:
                    self._fail(job.checkpoint, _reason(error))
                return True
            try:
                for task in {t.name: t for job in mine for t in job.tasks}.values():
                    asked = [job.checkpoint for job in mine if task in job.tasks]
                    engine.select(asked)
                    for checkpoint in asked:
                        engine.load(str(checkpoint.folder))
                        self._score(checkpoint, task, engine)
            except EngineError as error:
                if self.options.adapters == "auto":
                    self.progress.warn(f"{_reason(error)}; merging the adapters that are left")
                    return False
                for job in mine:
                    if self._job_again(job).tasks:
                        self._fail(job.checkpoint, _reason(error))
            finally:
                engine.close()
        return True

    def _score(self, checkpoint: Checkpoint, task: NamedTask, engine: Engine) -> None:
        """Score and write one task. An engine's end is raised; any other failure belongs to this task alone."""
        template = self.template_of(checkpoint)
        lm = EquipoiseLM(
            engine=engine,
            encoder=self._encoder(checkpoint),
            enable_thinking=self.options.enable_thinking,
            think_end_token=self.options.think_end_token,
        )
        lm.tick = self.progress.tick
        identity = self._identity(checkpoint, task)
        try:
            with self.progress.task(f"{checkpoint.name} · {task.name}") as summary:
                results, samples = score_task(lm, task, checkpoint, self.options, identity, template)
                self._unwritten.append((checkpoint, task.name, results, samples))
                self._write_again()
                summary.append(headline(results))
        except EngineError:
            raise
        except Exception as error:
            log.debug("task failed", exc_info=True)
            self._fail(checkpoint, _reason(error), task.name)

    def _write_again(self) -> None:
        """Write what is scored and not yet on disk. A full disk may have room again later."""
        for item in list(self._unwritten):
            checkpoint, task, results, samples = item
            try:
                self.store.write(checkpoint, results, samples)
            except OSError as error:
                self.progress.warn(f"{checkpoint.name} · {task}: not written yet ({error.strerror or error}); kept in memory")
                return
            self._unwritten.remove(item)
            self.outcome.scored += 1

    def _fail(self, checkpoint: Checkpoint, reason: str, task: str | None = None) -> None:
        self.outcome.failures.append(Failure(checkpoint.name, reason, task))
        self.progress.warn(f"{checkpoint.name}{f' · {task}' if task else ''}: failed: {reason}")

    def _prompt_format(self, checkpoint: Checkpoint) -> str:
        """Equal for checkpoints that see the same prompts."""
        eos = checkpoint.tokenizer_folder / "tokenizer_config.json"
        ends = json.loads(eos.read_text("utf-8")).get("eos_token") if eos.is_file() else None
        return str(self._tokenizer or f"{checkpoint.tokenizer_hash}-{ends}-{checkpoint.chat_template}")

    def _tasks_for(self, prompt_format: str) -> list[NamedTask]:
        """The tasks with requests of their own per prompt format; the first format takes those that are loaded."""
        if prompt_format not in self._tasks:
            self._tasks[prompt_format] = self._loaded or load_tasks(self.options)
            self._loaded = []
        return self._tasks[prompt_format]

    def _encoder(self, checkpoint: Checkpoint) -> TextEncoder:
        prompt_format = self._prompt_format(checkpoint)
        if prompt_format not in self._encoders:
            folder = self._tokenizer or checkpoint.tokenizer_folder
            self._encoders[prompt_format] = TextEncoder(load_tokenizer(str(folder), self.options.engine_config.trust_remote_code))
        return self._encoders[prompt_format]


class _EngineSlot:
    """The engine that is running, and which weights it holds."""

    def __init__(self, choice: str, config: EngineConfig, progress: Progress):
        self._choice, self._config, self._progress = choice, config, progress
        self._engine: Engine | None = None
        self._architecture: str | None = None
        self._held: tuple[str, str | None] | None = None

    def hold(self, folder: Path, checkpoint: Checkpoint) -> Engine:
        """An engine with these weights: the one that holds them, the running one reloaded, or a fresh one."""
        wanted = (checkpoint.weights_hash, checkpoint.base_hash)
        if self._engine is not None and self._architecture != checkpoint.architecture:
            self.drop()
        if self._engine is not None and self._held != wanted:
            try:
                self._held = None
                self._engine.load(str(folder))
                self._held = wanted
            except ReloadError as error:
                self._progress.warn(f"{error}; starting a fresh engine for it")
                self.drop()
        if self._engine is None:
            with self._progress.waiting(f"starting the engine for {checkpoint.name}"):
                config = self._config
                if config.dtype == "auto":  # an adapter is merged in float32, and computes in its base's dtype
                    config = replace(config, dtype=stored_dtype(checkpoint.model_folder))
                self._engine = open_engine(self._choice, str(folder), config)
            self._architecture, self._held = checkpoint.architecture, wanted
        return self._engine

    def drop(self) -> None:
        """Close the engine."""
        if self._engine is not None:
            self._engine.close()
        self._engine, self._held = None, None


def headline(results: dict[str, Any]) -> str:
    """The first metric of a result, for the line that tells it is done."""
    first: dict[str, Any] = next(iter(results["groups"].values() if results.get("groups") else results["results"].values()), {})
    for name, value in first.items():
        metric, comma, _ = name.partition(",")
        if comma and not metric.endswith("_stderr") and isinstance(value, float):
            return f"{metric} {value:.3f}"
    return ""


def _changed(before: dict[str, Any], now: dict[str, Any]) -> str | None:
    """What makes two scores of a task different, in words."""
    names = [name for name in now if before.get(name) != now[name]]
    if "versions" in names:
        old, new = before.get("versions", {}), now["versions"]
        changed = next((t for t in new if old.get(t) != new[t]), None)
        return f"the task's version changed ({old.get(changed)} → {new.get(changed)})" if changed else "its tasks changed"
    words = {"configs": "the task's definition", "weights": "the weights", "base": "the base's weights"}
    return f"{', '.join(words.get(n, n.replace('_', ' ')) for n in names)} changed" if names else None


def _reason(error: BaseException) -> str:
    return first_line(error) if isinstance(error, EquipoiseError) else f"{type(error).__name__}: {first_line(error)}"
