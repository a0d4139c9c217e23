"""While it trains: a row per step in signals.jsonl, a progress bar, checkpoints where they are due, a stop that loses nothing."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from rich.console import Console
from tqdm.auto import tqdm
from transformers import TrainerCallback

from equipoise.harness_ext.files import write_atomically
from equipoise.train.prepare import Prepared
from equipoise.train.series import disk_errors
from equipoise.train.trainer import BlendTrainer
from equipoise.train.validation import Validator

FILE = "signals.jsonl"


class Signals(TrainerCallback):  # type: ignore[misc]
    """Watches a run. Only the first process writes and prints; all of them measure."""

    def __init__(self, prepared: Prepared, run: Path, validator: Validator | None, console: Console, main: bool):
        self._prepared = prepared
        self._run = run
        self._validator = validator
        self._console = console
        self._main = main
        self.trainer: BlendTrainer = None  # type: ignore[assignment]
        self.measured: dict[str, Any] = {}
        """The newest validation, for the checkpoint's manifest."""
        self.stopped = False
        """Whether a person or the machine asked to stop."""
        self._bar: Any = None
        self._began = 0.0
        self._handlers: dict[int, Any] = {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Continue the rows of a resumed run; measure the base."""
        rows = read_signals(self._run, state.global_step) if state.global_step else []
        if self._main:
            write_atomically(self._run / FILE, "".join(json.dumps(row) + "\n" for row in rows))
        for number in (signal.SIGINT, signal.SIGTERM):
            self._handlers[number] = signal.signal(number, self._stop)
        if state.global_step == 0:
            if self._validator:
                self._measure()
            self._write({"step": 0, "tokens": self._prepared.mixer.seen(0), **self.measured})
            self._say(0)
        self._bar = tqdm(
            total=state.max_steps,
            initial=state.global_step,
            unit="step",
            disable=not self._main or not self._console.is_terminal,
            leave=False,
        )

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """The clock of a step; saving and validation are not counted."""
        self._began = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """One row; at a checkpoint also what validation says."""
        step, last = state.global_step, self.trainer.last
        seconds = time.perf_counter() - self._began
        names, trained = list(self._prepared.encoded), last["trained"]
        row: dict[str, Any] = {
            "step": step,
            "tokens": self._prepared.mixer.seen(step),
            "loss": sum(last["losses"]) / sum(trained),
            "losses": {name: s / n for name, s, n in zip(names, last["losses"], trained, strict=True) if n},
            "learning_rate": self.trainer.rate(step - 1),
            "grad_norm": last["grad_norm"],
            "tokens_per_second": last["real"] / seconds,
            "padding": 1 - last["real"] / last["positions"],
        }
        due = step in self._prepared.saves
        if due and self._validator:
            self._measure()
            row |= self.measured
        self._write(row)
        self._bar.update()
        self._bar.set_postfix(loss=f"{row['loss']:.3f}", refresh=False)
        if due:
            self._say(step, row)
            self.trainer.series_due = control.should_save = True
        if self._asked_to_stop(args.world_size):
            self.stopped = control.should_save = control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Once is enough: the Trainer asks again at the end of its epoch."""
        control.should_save = False

    def close(self) -> None:
        """Put the signal handlers back."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()
        if self._bar is not None:
            self._bar.close()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.stopped and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.stopped = True
        kept = self._prepared.config.saving.resume_state
        what = "what is needed to go on is saved" if kept else "there is no state to go on from (saving.resume_state: false)"
        if self._main:
            self._console.print(f"stopping after this step; {what} (Ctrl-C again: stop at once)")

    def _asked_to_stop(self, world: int) -> bool:
        """Whether any process was asked: all of them must stop after the same step."""
        if world == 1:
            return self.stopped
        accelerator = self.trainer.accelerator
        asked = torch.tensor(float(self.stopped), device=accelerator.device)
        return float(accelerator.reduce(asked, "sum")) > 0

    def _measure(self) -> None:
        model = self.trainer.model_wrapped
        inner = self.trainer.accelerator.unwrap_model(model)
        with self.trainer.compute_loss_context_manager(), self.trainer.accelerator.autocast():
            assert self._validator is not None
            self.measured = {"validation": self._validator.losses(model, inner)}
            if (kl := self._validator.kl(model, inner)) is not None:
                self.measured["kl_to_base"] = kl

    def _write(self, row: dict[str, Any]) -> None:
        if self._main:
            with disk_errors(self._run / FILE), (self._run / FILE).open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

    def _say(self, step: int, row: dict[str, Any] | None = None) -> None:
        if not self._main:
            return
        parts = [f"step {step:>5} of {self._prepared.mixer.steps}", f"{sum(self._prepared.mixer.seen(step).values()):>10,} tokens"]
        parts += [f"loss {row['loss']:.3f}"] if row else ["the base   "[:10]]
        parts += [f"{name} {value:.3f}" for name, value in self.measured.get("validation", {}).items()]
        parts += [f"KL {self.measured['kl_to_base']:.4f}"] if "kl_to_base" in self.measured else []
        parts += [f"{row['tokens_per_second']:,.0f} tokens/s"] if row else []
        if self._bar is not None:
            self._bar.clear()
        self._console.print("  ".join(parts), highlight=False, soft_wrap=True)


def read_signals(run: Path, up_to: int | None = None) -> list[dict[str, Any]]:
    """The rows of a run, up to a step. A last line that a kill cut off is left out."""
    path = run / FILE
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text("utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            break
        if up_to is None or row["step"] <= up_to:
            rows.append(row)
    return rows
