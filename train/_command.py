"""What `equipoise train` and `equipoise merge` do with their arguments."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import yaml
from rich.console import Console

from equipoise.harness_ext.errors import ConfigError, MissingExtraError
from equipoise.train.config import load_config


def run_train(file: Path, overrides: list[str], *, resume: bool, dry_run: bool, as_json: bool) -> int:
    """All seeds of one configuration; returns the exit code: 0 done, 130 stopped."""
    config = load_config(file, overrides)
    console = Console(stderr=as_json)
    try:
        from equipoise.train.plan import as_dict, make_plan, print_plan
        from equipoise.train.prepare import prepare
        from equipoise.train.run import train
    except ImportError as error:
        raise MissingExtraError(f"training needs {error.name}: pip install 'equipoise[train]'") from error
    if dry_run:
        plan = make_plan(prepare(config))
        if as_json:
            print(json.dumps(as_dict(plan)))
        else:
            console.print(yaml.safe_dump(config.described(), sort_keys=False, allow_unicode=True), highlight=False, markup=False)
            print_plan(plan, console)
        return 0
    runs = (
        [config]
        if not config.seeds
        else [replace(config, seed=seed, seeds=[], output=config.output / f"seed-{seed}") for seed in config.seeds]
    )
    if not as_json:
        console.print(yaml.safe_dump(config.described(), sort_keys=False, allow_unicode=True), highlight=False, markup=False)
    for one in runs:
        begun = (one.output / "run.json").is_file()  # of several seeds, those that began go on and the others start
        outcome = train(one, resume=resume and (begun or not config.seeds), console=console)
        if as_json:
            print(json.dumps({"run": str(outcome.run), "steps": outcome.steps, "finished": outcome.finished}))
        if not outcome.finished:
            again = shlex.join(["equipoise", "train", str(file), *(part for o in overrides for part in ("--set", o)), "--resume"])
            console.print(f"stopped after step {outcome.steps}: go on with  {again}", highlight=False, soft_wrap=True)
            return 130
        if not as_json:
            console.print(
                f"{outcome.run}: {outcome.steps} steps done. Score them:  equipoise score {outcome.run} --tasks monetization45",
                highlight=False,
                soft_wrap=True,
            )
    return 0


def run_merge(base: str, tuned: str, alpha: str, output: Path) -> int:
    """One model per alpha."""
    try:
        alphas = [float(part) for part in alpha.split(",")]
    except ValueError as error:
        raise ConfigError(f"--alpha {alpha}: numbers with commas are expected, e.g. 0.25,0.5,0.75") from error
    from equipoise.train.merge import merge

    for folder in merge(base, tuned, alphas, output):
        print(folder)
    return 0
