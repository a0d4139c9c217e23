"""The verb `equipoise score`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from equipoise.harness_ext.engines import quiet_environment
from equipoise.harness_ext.errors import EquipoiseError
from equipoise.harness_ext.series._interrupts import Interrupts
from equipoise.harness_ext.series._options import ScoreOptions
from equipoise.harness_ext.series._progress import Progress

SCORED, FAILED, INTERRUPTED = 0, 1, 130
DTYPES = ("bfloat16", "float16", "float32", "auto")
ADAPTERS = ("auto", "merge", "batch")


def run_score(
    named: Sequence[str],
    options: ScoreOptions,
    *,
    bases: Sequence[str] = (),
    with_bases: bool = True,
    watched: Path | None = None,
    idle_minutes: float = 30.0,
    processes: int = 1,
    arguments: Sequence[str] = (),
    as_json: bool = False,
    verbose: bool = False,
) -> int:
    """Score, print the table, return the exit code: 0 all scored, 1 something failed, 130 interrupted.

    `arguments` are the command's own, for the processes of a fleet. Raises `EquipoiseError` for wrong input.
    """
    _logging(verbose)
    _check(named, options, watched, processes)
    from equipoise.harness_ext.series._discover import find_series
    from equipoise.harness_ext.series._run import SeriesScorer
    from equipoise.harness_ext.series._table import as_json as to_json
    from equipoise.harness_ext.series._table import print_report, report
    from equipoise.harness_ext.series._watch import watch

    progress = Progress()
    series = None if watched else find_series(named, bases, with_bases=with_bases)
    scorer = SeriesScorer(options, progress)
    try:
        with Interrupts() as interrupts:
            progress.check = interrupts.check
            if watched:
                series = watch(scorer, named, watched, bases, with_bases=with_bases, idle=idle_minutes * 60)
                scorer.plan(series, announce=False)
                scorer.outcome.failures += series.broken
            elif processes > 1:
                assert series is not None
                scorer.plan(series, announce=False)
                from equipoise.harness_ext.series._fleet import run_fleet

                gpus = options.engine_config.tensor_parallel_size
                scorer.outcome.failures = run_fleet(arguments, processes, gpus, options.shard, progress)
            else:
                assert series is not None
                scorer.run(series)
    except KeyboardInterrupt:
        progress.say("interrupted; what is finished is kept, and the same command goes on from here")
        return INTERRUPTED
    finally:
        scorer.close()
    found = report(scorer, series)
    if as_json:
        print(to_json(found))
    else:
        print_report(found, options.results)
    return FAILED if scorer.outcome.failures else SCORED


def _check(named: Sequence[str], options: ScoreOptions, watched: Path | None, processes: int) -> None:
    """What can be said before anything is imported."""
    if not options.tasks:
        raise EquipoiseError("no task given: --tasks monetization45, or a list with commas")
    if not named and watched is None:
        raise EquipoiseError("no checkpoint given: name folders, run folders, globs or hub models, or --watch RUN")
    if options.engine_config.dtype not in DTYPES:
        raise EquipoiseError(f"unknown dtype {options.engine_config.dtype!r}: use {', '.join(DTYPES)}")
    if options.adapters not in ADAPTERS:
        raise EquipoiseError(f"unknown --adapters {options.adapters!r}: use {', '.join(ADAPTERS)}")
    if options.enable_thinking and not options.think_end_token:
        raise EquipoiseError("--enable-thinking needs --think-end-token, e.g. --think-end-token '</think>'")
    if options.fewshot_as_multiturn and options.chat is False:
        raise EquipoiseError("--fewshot-as-multiturn needs the chat template; leave out --no-chat-template")
    if processes < 1:
        raise EquipoiseError("--data-parallel-size must be 1 or more")
    if watched is not None and (processes > 1 or options.shard != (1, 1)):
        raise EquipoiseError("--watch runs one process; leave out --data-parallel-size and --shard")


def parse_settings(text: str | None, flag: str) -> dict[str, Any]:
    """`key=value,key=value` or a JSON object, as lm-eval reads them. Raises `EquipoiseError` naming the flag."""
    if not text:
        return {}
    import json

    from lm_eval.utils import simple_parse_args_string

    try:
        parsed = json.loads(text) if text.lstrip().startswith("{") else simple_parse_args_string(text)
    except (ValueError, IndexError) as error:
        raise EquipoiseError(f"{flag} {text!r}: use key=value,key=value or a JSON object") from error
    return dict(parsed)


def parse_shard(text: str) -> tuple[int, int]:
    """ "2/8" → (2, 8). Raises `EquipoiseError` for anything but i/n with 1 ≤ i ≤ n."""
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit() and 1 <= int(part) <= int(parts)):
        raise EquipoiseError(f"--shard {text!r}: use i/n with 1 ≤ i ≤ n, e.g. --shard 2/8")
    return int(part), int(parts)


def without_flags(arguments: Sequence[str], flags: Sequence[str], switches: Sequence[str] = ()) -> list[str]:
    """Arguments without some flags and their values, and without some switches."""
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in flags:
            skip = True
        elif argument not in switches and not argument.startswith(tuple(f"{flag}=" for flag in flags)):
            kept.append(argument)
    return kept


def _logging(verbose: bool) -> None:
    """Quiet engines and libraries, unless everything is wanted."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    if verbose:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
        for noisy in ("asyncio", "urllib3", "filelock", "fsspec", "httpcore", "matplotlib"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "INFO")
        return
    quiet_environment()
    os.environ.setdefault("LMEVAL_LOG_LEVEL", "ERROR")
    os.environ.setdefault("TQDM_DISABLE", "1")
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    import warnings

    warnings.filterwarnings("ignore")
