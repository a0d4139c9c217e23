"""`transformers.Trainer` with our steps: one item of its data loader is one optimizer step, whole.

The Trainer keeps what it is good at (devices, autocast, DDP and FSDP, optimizers, gradient clipping, trackers, random states);
sampling, batching and the loss are ours, because there sampling by tokens and an exact resume are decided.
"""

from __future__ import annotations

import contextlib
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from transformers import Trainer

from equipoise.harness_ext.errors import TrainingError
from equipoise.train.batches import Batch, Steps
from equipoise.train.config import TrainConfig
from equipoise.train.loss import predicted_logits, token_kl, token_losses
from equipoise.train.series import disk_errors


class BlendTrainer(Trainer):  # type: ignore[misc]
    """Trains on `Steps`; the loss of a step is the mean over its trained tokens, whatever the number of batches and devices."""

    def __init__(
        self,
        *,
        config: TrainConfig,
        steps: Steps,
        rate: Callable[[int], float],
        write_checkpoint: Callable[[], None],
        reference: Any = None,
        **rest: Any,
    ):
        """`rate` gives the learning rate of a step; `write_checkpoint` is called where one is due; `reference` is the base for a KL brake."""
        super().__init__(train_dataset=steps, **rest)
        self.config = config
        self.steps = steps
        self._rate = rate
        self._write_checkpoint = write_checkpoint
        self._reference = reference
        self.series_due = False
        """Whether the save that comes next writes a checkpoint of the series, too."""
        self.last: dict[str, Any] = {}
        """Of the last step, over all processes: summed losses and trained tokens by source, real and all positions, gradient norm."""

    def get_train_dataloader(self) -> DataLoader:
        """Steps in order, the same on every process: each takes its part inside the step."""
        workers = self.args.dataloader_num_workers
        return DataLoader(
            self.steps, batch_size=1, shuffle=False, collate_fn=_only, num_workers=workers, persistent_workers=workers > 0
        )

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        return self._rate(step)

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> LambdaLR:
        """The learning rate as a function of the step, over all stages."""
        if self.lr_scheduler is None:  # type: ignore[has-type]
            peak = self.args.learning_rate
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, lambda step: self._rate(step) / peak)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """6 per parameter and position for a full fine-tune, 4 where the weights themselves get no gradient."""
        factor = 6 if self.config.method == "full" else 4
        return int(factor * sum(batch.real for batch in inputs["batches"]) * self.model.num_parameters())

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """Forward and backward over all batches of a step. Returns the mean loss per trained token."""
        model.train()
        trained, world, device = inputs["trained"], self.args.world_size, self.args.device
        total = int(trained.sum())
        sums = torch.zeros(len(trained) + 3, dtype=torch.float64, device=device)  # losses by source, penalty, tokens, positions
        for number, batch in enumerate(inputs["batches"]):
            last = number + 1 == len(inputs["batches"])
            with contextlib.nullcontext() if last or world == 1 else self.accelerator.no_sync(model):
                batch = batch.to(device)
                with self.compute_loss_context_manager():
                    losses, penalty = self._losses(model, batch)
                # gradients are averaged over processes, so each counts its part `world` times
                self.accelerator.backward((losses.sum() + penalty) * (world / total))
            sums.index_add_(0, batch.sources, losses.detach().double())
            sums[-3:] += torch.tensor(
                [float(torch.as_tensor(penalty).detach()), batch.real, batch.input_ids.numel()], dtype=torch.float64, device=device
            )
        if world > 1:
            sums = self.accelerator.reduce(sums, "sum")
        *losses_by_source, penalty_sum, real, positions = sums.tolist()
        step_loss = sum(losses_by_source) / total
        self._check_finite("loss", step_loss + penalty_sum)
        self.last = {"losses": losses_by_source, "trained": trained.tolist(), "real": real, "positions": positions}
        return torch.tensor(step_loss, device=device)

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> float | None:
        """The Trainer asks for it just before the optimizer's step."""
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)
        found = None if norm is None else float(norm)
        if found is not None:
            self._check_finite("gradient", found)
        self.last["grad_norm"] = found
        return found

    def _check_finite(self, what: str, value: float) -> None:
        if not math.isfinite(value):
            raise TrainingError(
                f"the {what} is {value} at step {self.state.global_step + 1}, so the run stopped before it: the newest checkpoint is good;"
                " lower learning_rate, or look at the examples of this step"
            )

    def _losses(self, model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor | float]:
        inner = self.accelerator.unwrap_model(model)
        logits = predicted_logits(model, inner, batch)
        losses = token_losses(logits, batch.targets)
        brake = self.config.kl
        if brake is None:
            return losses, 0.0
        braked = (batch.sources == self.steps.numbers[brake.source]).nonzero()[:, 0]
        if not len(braked):
            return losses, 0.0
        with torch.no_grad(), self._base(inner) as base:
            expected = F.log_softmax(predicted_logits(base, base, batch)[braked].float(), dim=-1)
        return losses, brake.weight * token_kl(expected, logits[braked]).sum()

    @contextlib.contextmanager
    def _base(self, inner: Any) -> Any:
        if self._reference is not None:
            yield self._reference
        else:
            with inner.disable_adapter():
                yield inner

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """The series' checkpoint where one is due, then the state to resume from; each is written aside and renamed."""
        with disk_errors(self.config.output):
            if self.series_due:
                self._write_checkpoint()
                self.series_due = False
            if self.config.saving.resume_state:
                self._save_resume_state(model, trial)

    def _save_resume_state(self, model: Any, trial: Any) -> None:
        final = Path(self.args.output_dir)
        work = final / ".writing"
        if self.args.should_save:
            shutil.rmtree(work, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        self.args.output_dir = str(work)
        try:
            super()._save_checkpoint(model, trial)
        finally:
            self.args.output_dir = str(final)
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            name = f"checkpoint-{self.state.global_step}"
            shutil.rmtree(final / name, ignore_errors=True)
            (work / name).rename(final / name)
            work.rmdir()
            for old in final.glob("checkpoint-*"):
                if old.name != name:
                    shutil.rmtree(old)


def _only(items: list[Any]) -> Any:
    return items[0]


def schedule(kind: str, peak: float, warmup: float, step: int, steps: int) -> float:
    """Learning rate of step `step` (from 0) of a stage: a linear rise, then constant, linear or cosine to a tenth of the peak."""
    rising = round(warmup * steps)
    if step < rising:
        return peak * (step + 1) / rising
    done = (step - rising) / max(1, steps - rising)
    if kind == "constant":
        return peak
    left = 1 - done if kind == "linear" else 0.5 * (1 + math.cos(math.pi * done))
    return peak * (0.1 + 0.9 * left)
