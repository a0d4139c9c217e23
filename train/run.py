"""One run: model, trainer, checkpoints. `run.json` says what it is; a resume that would be another run is refused."""

from __future__ import annotations

import copy
import json
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from equipoise.harness_ext.checkpoint import weights_hash
from equipoise.harness_ext.errors import ConfigError, MissingExtraError, TrainingError, first_line
from equipoise.harness_ext.files import write_atomically
from equipoise.harness_ext.manifest import Manifest
from equipoise.train.attention import register
from equipoise.train.batches import Steps
from equipoise.train.config import TrainConfig
from equipoise.train.prepare import Prepared, prepare
from equipoise.train.series import remove_later, write_checkpoint
from equipoise.train.signals import Signals
from equipoise.train.trainer import BlendTrainer, schedule
from equipoise.train.validation import Validator

FILE = "run.json"
_FINISHED = Path()
"""Instead of a state to resume from: nothing is left to do."""
_TIMEOUT = timedelta(hours=4)
"""Other processes wait so long for the first one to encode the data."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    run: Path
    steps: int
    finished: bool
    """False where it was asked to stop; --resume goes on."""


def train(config: TrainConfig, *, resume: bool = False, console: Console | None = None) -> Outcome:
    """Train one recipe with one seed into `config.output`. Raises `EquipoiseError` for whatever a person can mend."""
    from accelerate import PartialState

    state = PartialState(cpu=not on_gpu(), timeout=_TIMEOUT)
    console = console or Console()
    with state.main_process_first():  # the others find the encoded data in the cache
        prepared = prepare(config)
    run = config.output
    identity = _identity(prepared)
    last = _check_folder(run, identity, resume)
    if last is _FINISHED:
        return Outcome(run, prepared.mixer.steps, True)
    if state.is_main_process:
        write_atomically(run / FILE, json.dumps({**identity, "config": config.described()}, indent=2))
        remove_later(run, int(last.name.rpartition("-")[2]) if last else 0)
    state.wait_for_everyone()
    torch.manual_seed(config.seed)  # adapters begin at random
    trainer, signals = build(prepared, console)
    if state.num_processes == 1 and torch.cuda.device_count() > 1:
        console.print(
            f"using one of {torch.cuda.device_count()} GPUs; for all: torchrun --nproc-per-node {torch.cuda.device_count()} -m equipoise train …"
        )
    try:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    except torch.cuda.OutOfMemoryError as error:
        raise TrainingError(
            f"the GPU is out of memory ({first_line(error)}): lower microbatch_tokens, set gradient_checkpointing, or method: lora"
        ) from error
    finally:
        signals.close()
    return Outcome(run, int(trainer.state.global_step), trainer.state.global_step == prepared.mixer.steps)


def build(prepared: Prepared, console: Console) -> tuple[BlendTrainer, Signals]:
    """The trainer of a run, its model loaded."""
    from transformers import TrainingArguments

    config, mixer = prepared.config, prepared.mixer
    packed, positions = use_packing(config, prepared.base), row_positions(config)
    model = load_model(prepared, packed)
    peak = max(config.rate(stage) for stage in prepared.stages)

    def rate(step: int) -> float:
        stage, _, inside, steps = prepared.stage(min(step, mixer.steps - 1))
        kind = stage.schedule or config.schedule
        warmup = config.warmup if stage.warmup is None else stage.warmup
        return schedule(kind, config.rate(stage), warmup, inside, steps)

    settings: dict[str, Any] = {
        "output_dir": str(config.output / "resume"),
        "max_steps": mixer.steps,
        "per_device_train_batch_size": 1,
        "learning_rate": peak,
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_grad_norm,
        "optim": "adamw_torch_fused",
        "bf16": config.precision == "bfloat16",
        "use_cpu": not on_gpu(),
        "seed": config.seed,
        "save_strategy": "no",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": config.report_to or "none",
        "disable_tqdm": True,
        "remove_unused_columns": False,
        "gradient_checkpointing": config.gradient_checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        "ddp_find_unused_parameters": False,
        "use_liger_kernel": config.liger,
        "liger_kernel_config": {"fused_linear_cross_entropy": False, "cross_entropy": False} if config.liger else None,
        "log_level": "error",
    }
    try:
        arguments = TrainingArguments(**settings | copy.deepcopy(config.trainer))
        arguments._n_gpu = min(1, arguments.n_gpu)  # else the Trainer would split each batch over all GPUs
    except (TypeError, ValueError, ImportError) as error:
        raise ConfigError(f"trainer: {first_line(error)}") from error
    steps = Steps(mixer, prepared.encoded, positions, packed=packed, rank=arguments.process_index, world=arguments.world_size)
    validator = Validator(prepared.encoded, config.validation, positions) if config.validation.examples else None
    signals = Signals(prepared, config.output, validator, console, arguments.process_index == 0)
    described = _Described(prepared, model)

    def write() -> None:
        step = int(trainer.state.global_step)
        weights = trainer.accelerator.get_state_dict(trainer.model_wrapped) if trainer.is_fsdp_enabled else None
        if arguments.process_index == 0:
            inner = trainer.accelerator.unwrap_model(trainer.model)
            folder = config.output / f"checkpoint-{step}"
            write_checkpoint(
                folder, inner, prepared.tokenizer, weights, config.saving.dtype, described.manifest(step, signals.measured)
            )

    trainer = BlendTrainer(
        model=model,
        args=arguments,
        config=config,
        steps=steps,
        rate=rate,
        write_checkpoint=write,
        reference=_reference(prepared),
        callbacks=[signals],
    )
    if trainer.args.disable_tqdm:
        from transformers import PrinterCallback

        trainer.remove_callback(PrinterCallback)
    signals.trainer = trainer
    if validator:
        with trainer.accelerator.autocast():
            validator.remember_base(trainer.model, trainer.model)
    return trainer, signals


def on_gpu() -> bool:
    """Whether there is a CUDA GPU."""
    return bool(torch.cuda.is_available())


def use_packing(config: TrainConfig, base: Path) -> bool:
    """Whether examples share a row. Raises `ConfigError` where they must and this model's layers would mix them."""
    if not (on_gpu() if config.packing is None else config.packing):
        return False
    from transformers import AutoConfig

    model = AutoConfig.from_pretrained(base)
    other = {*(getattr(model, "layer_types", None) or [])} - {"full_attention", "sliding_attention"}
    recurrent = any(word in model.model_type for word in ("mamba", "jamba", "bamba", "rwkv", "recurrent"))
    mixes = bool(other) or recurrent or bool(getattr(model, "attn_logit_softcapping", None))
    if mixes and config.packing:
        raise ConfigError(f"packing: {model.model_type} has layers that would mix packed examples; set packing: false")
    return not mixes


def row_positions(config: TrainConfig) -> int:
    """Positions of one batch."""
    return config.microbatch_tokens or (16384 if on_gpu() else 4096)


def load_model(prepared: Prepared, packed: bool) -> Any:
    """The model to train: float32 weights for a full fine-tune; a frozen base with float32 adapters for LoRA."""
    from transformers import AutoModelForCausalLM, logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    config = prepared.config
    frozen = config.method == "lora" and config.precision == "bfloat16"
    attention = register() if packed else "sdpa"
    model = AutoModelForCausalLM.from_pretrained(
        prepared.base, dtype=torch.bfloat16 if frozen else torch.float32, attn_implementation=attention
    )
    model.config.use_cache = False
    if config.method == "full":
        return model
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise MissingExtraError("method: lora needs peft: pip install 'equipoise[train]'") from error
    settings = config.lora
    try:
        return get_peft_model(
            model,
            LoraConfig(
                r=settings.r,
                lora_alpha=settings.alpha,
                lora_dropout=settings.dropout,
                target_modules=settings.target_modules,
                task_type="CAUSAL_LM",
            ),
        )
    except ValueError as error:
        raise ConfigError(f"lora: {first_line(error)}") from error


def _reference(prepared: Prepared) -> Any:
    """A frozen copy of the base for a KL brake on a full fine-tune; an adapter is simply switched off."""
    if prepared.config.kl is None or prepared.config.method == "lora":
        return None
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(prepared.base, dtype=torch.bfloat16, attn_implementation="sdpa")
    return model.to("cuda" if on_gpu() else "cpu").eval().requires_grad_(False)


class _Described:
    """The manifests of a run's checkpoints."""

    def __init__(self, prepared: Prepared, model: Any):
        self._prepared = prepared
        self._parameters = sum(p.numel() for n, p in model.named_parameters() if "lora_" not in n)
        self._trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        self._base_hash = weights_hash(prepared.base)
        self._recipe = prepared.config.recipe_hash()

    def manifest(self, step: int, measured: dict[str, Any]) -> Manifest:
        """What is known after a step, counted from 1."""
        prepared, config = self._prepared, self._prepared.config
        stage, mix, *_ = prepared.stage(step - 1)
        return Manifest(
            name=f"{run_name(config.output)}-step-{step}",
            kind="full" if config.method == "full" else "adapter",
            base=str(prepared.base),
            base_hash=self._base_hash,
            parameters=self._parameters,
            trained_parameters=self._trained,
            step=step,
            tokens=prepared.mixer.seen(step),
            mix=dict(mix.shares),
            stage=stage.name,
            learning_rate=config.rate(stage),
            seed=config.seed,
            data_hashes={name: source.data_hash for name, source in prepared.encoded.items()},
            config_hash=self._recipe,
            final=step == prepared.mixer.steps,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            **measured,
        )


def run_name(output: Path) -> str:
    """A run's name: its folder's; with its parent's for one seed of several."""
    output = output.resolve()
    return f"{output.parent.name}-{output.name}" if re.fullmatch(r"seed-\d+", output.name) else output.name


def _identity(prepared: Prepared) -> dict[str, Any]:
    config = prepared.config
    return {
        "recipe": config.recipe_hash(),
        "seed": config.seed,
        "base_hash": weights_hash(prepared.base),
        "data_hashes": {name: source.data_hash for name, source in prepared.encoded.items()},
        "tokenizer": prepared.tokenizer_key,
        "steps": prepared.mixer.steps,
    }


def _check_folder(run: Path, identity: dict[str, Any], resume: bool) -> Path | None:
    """The state to resume from. Raises `ConfigError` where the folder holds another run, or one that nobody asked to go on."""
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"output: {run}: cannot be made ({error.strerror})") from error
    if not os.access(run, os.W_OK):
        raise ConfigError(f"output: {run}: cannot be written")
    states = sorted(run.glob("resume/checkpoint-*"), key=lambda p: int(p.name.rpartition("-")[2]))
    written = any(run.glob("checkpoint-*"))
    if not (run / FILE).is_file():
        if written:
            raise ConfigError(f"output: {run}: holds checkpoints of another program; choose an empty folder")
        if resume:
            raise ConfigError(f"output: {run}: holds no run to go on with; leave out --resume")
        return None
    if not resume:
        if states or written:
            raise ConfigError(f"output: {run}: holds a run already: add --resume to go on with it, or choose another folder")
        return None
    before = json.loads((run / FILE).read_text("utf-8"))
    for name, old in before["data_hashes"].items():
        if old != identity["data_hashes"].get(name, old):
            raise ConfigError(
                f"source {name}: its data changed since this run began, so it cannot go on exactly: put the files back, or choose another output"
            )
    for key, what in _PARTS.items():
        if before[key] != identity[key]:
            raise ConfigError(f"{run}: {what} changed since this run began (see {FILE}); put it back, or choose another output")
    if (run / f"checkpoint-{identity['steps']}").is_dir():
        return _FINISHED
    if written and not states:
        raise ConfigError(
            f"output: {run}: has checkpoints but no state to go on from (saving.resume_state was off, or resume/ was removed): choose another output"
        )
    return states[-1] if states else None


_PARTS = {
    "recipe": "the configuration",
    "seed": "the seed",
    "base_hash": "the base model",
    "tokenizer": "the tokenizer or chat template",
    "steps": "the number of steps",
}
"""What a run is, in words."""
