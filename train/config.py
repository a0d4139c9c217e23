"""The training configuration: one YAML file, every field explained.

model: smollm2-135m
output: runs/mix50
sources:
  domain: {data: domain.jsonl, max_passes: 4}
  general: {data: general.jsonl}
mix: {domain: 0.5, general: 0.5}
tokens: 200000
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from equipoise.harness_ext.errors import ConfigError

_STRICT = ConfigDict(extra="forbid")
Count = Annotated[int, Field(gt=0)]
Amount = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Rate = Positive | Literal["usual", "gentle"]
DECIDED = frozenset(
    [
        "output_dir",
        "max_steps",
        "num_train_epochs",
        "learning_rate",
        "seed",
        "gradient_accumulation_steps",
        "per_device_train_batch_size",
        "bf16",
        "fp16",
        "use_cpu",
        "save_strategy",
        "save_steps",
        "logging_steps",
        "report_to",
        "weight_decay",
        "max_grad_norm",
        "gradient_checkpointing",
        "use_liger_kernel",
        "remove_unused_columns",
        "lr_scheduler_type",
        "warmup_steps",
        "warmup_ratio",
        "ignore_data_skip",
        "logging_nan_inf_filter",
    ]
)
"""Arguments of the Trainer that would change which examples a step sees, or say a second time what the file says."""
RATES = {"full": {"usual": 1e-5, "gentle": 2e-6}, "lora": {"usual": 2e-4, "gentle": 4e-5}}
"""Learning rates by name. A small one removes much of the forgetting (arXiv:2509.20758): vary it in a study of mixes."""


@dataclass(kw_only=True, slots=True, config=_STRICT)
class Source:
    """Where examples of one kind come from."""

    data: str | list[str]
    """JSONL, JSON, Parquet or CSV files, folders of them, or hub names (owner/dataset). Relative to the YAML file."""
    format: Literal["auto", "messages", "prompt", "instruction", "text"] = "auto"
    """The columns of a row; by default each row says itself by what it has."""
    chat: bool = True
    """Render prompts and answers through the chat template; off: join prompt and completion as they are."""
    max_passes: Positive = 1.0
    """How often the data may be repeated, at most."""

    @property
    def places(self) -> list[str]:
        """The data as a list."""
        return [self.data] if isinstance(self.data, str) else self.data


@dataclass(kw_only=True, slots=True, config=_STRICT)
class TokenCount:
    """A fixed number instead of a share."""

    tokens: Count
    """Trained tokens."""


Mix = dict[str, float | TokenCount]


@dataclass(kw_only=True, slots=True, config=_STRICT)
class Stage:
    """One part of a continual training. What it leaves out is taken from the top of the file."""

    name: str
    mix: Mix = field(default_factory=dict)
    """Share of trained tokens per source; shares sum to 1. `{tokens: n}` fixes a number instead."""
    tokens: Count | None = None
    """Trained tokens of this stage; may be left out where the whole mix is fixed numbers."""
    learning_rate: Rate | None = None
    schedule: Literal["constant", "linear", "cosine"] | None = None
    warmup: Share | None = None


@dataclass(kw_only=True, slots=True, config=_STRICT)
class Lora:
    """Low-rank adapters: learn less, forget less (arXiv:2405.09673)."""

    r: Count = 16
    alpha: Positive = 32
    dropout: Share = 0.0
    target_modules: str | list[str] = "all-linear"


@dataclass(kw_only=True, slots=True, config=_STRICT)
class Saving:
    """When a checkpoint is written. The last step of a stage always writes one."""

    every_tokens: Count | None = None
    """Trained tokens between two checkpoints."""
    log_spaced: Count | None = None
    """This many checkpoints over the run, each as many times later than the one before."""
    dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    """Of the weights in a checkpoint; the state to resume from keeps full precision."""
    resume_state: bool = True
    """Keep what an exact resume needs, beside the newest checkpoint (12 bytes per trained parameter, only one is kept)."""


@dataclass(kw_only=True, slots=True, config=_STRICT)
class Validation:
    """What is measured at every checkpoint, on examples that are never trained on."""

    examples: Amount = 64
    """Held out of each source (at most a fifth of it); 0 switches it off."""
    kl_source: str | None = None
    """Whose held-out prompts measure the distance to the base, an early warning of forgetting (arXiv:2509.04259); default: the first source."""
    kl_tokens: Amount = 512
    """Trained positions for it; the base's distributions over them stay in memory."""


@dataclass(kw_only=True, slots=True, config=_STRICT)
class KlBrake:
    """Adds weight × KL(base ‖ model) on the trained tokens of one source to the loss."""

    source: str
    weight: Positive = 0.1


@dataclass(kw_only=True, slots=True, config=_STRICT)
class TrainConfig:
    """One recipe. `equipoise train FILE --set key=value` overrides any field."""

    model: str
    """A bundled model, a folder, or a hub name: the base of the series."""
    output: Path
    """The run's folder: checkpoint-<step>/ …, signals.jsonl, run.json. Relative to where the command runs."""
    sources: dict[str, Source]
    """By name, e.g. domain and general."""
    mix: Mix = field(default_factory=dict)
    """Share of trained tokens per source. Left out: in proportion to what the sources hold."""
    tokens: Count | None = None
    """Trained tokens, prompts not counted. Left out: as many as one pass over the data allows."""
    stages: list[Stage] = field(default_factory=list)
    """Instead of one stage: several, in this order. Each goes on in the data where the one before stopped."""
    seed: int = 1
    seeds: list[int] = field(default_factory=list)
    """Several runs of one recipe, into output/seed-<n>."""

    method: Literal["full", "lora"] = "full"
    lora: Lora = field(default_factory=Lora)
    kl: KlBrake | None = None
    learning_rate: Rate = "usual"
    """A number, or by name: full 1e-5 and 2e-6, lora 2e-4 and 4e-5."""
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    warmup: Share = 0.03
    """Share of a stage's steps."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    max_grad_norm: Annotated[float, Field(ge=0)] = 1.0
    tokens_per_step: Count = 4096
    """Trained tokens of one optimizer step, over all devices. Examples are whole, so a step may be half an example off."""
    max_length: Count = 2048
    """Tokens of one example."""
    too_long: Literal["truncate", "drop", "error"] = "truncate"
    """What happens to a longer one. It is counted and reported."""
    chat_template: Path | None = None
    """A jinja file instead of the model's own template."""

    saving: Saving = field(default_factory=Saving)
    validation: Validation = field(default_factory=Validation)
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    """Of the arithmetic; the weights being trained are float32."""
    packing: bool | None = None
    """Several examples in one row, each seeing only itself. Default: on GPUs; on a CPU examples of like length share a batch."""
    microbatch_tokens: Count | None = None
    """Positions, padding included, that go through the model at once. Default: 4,096 on CPU, 16,384 on a GPU."""
    gradient_checkpointing: bool = False
    """Recompute activations: less memory, about a third slower."""
    liger: bool = False
    """Liger kernels (GPU, `pip install liger-kernel`)."""
    report_to: list[str] = field(default_factory=list)
    """Trackers of transformers, e.g. tensorboard, trackio, wandb."""
    trainer: dict[str, Any] = field(default_factory=dict)
    """Further arguments of transformers.TrainingArguments, e.g. fsdp."""

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError("sources: at least one is needed")
        if self.stages and (self.mix or self.tokens):
            raise ValueError("stages: give mix and tokens inside the stages, or no stages")
        if twice := [s.name for i, s in enumerate(self.stages) if s.name in {t.name for t in self.stages[:i]}]:
            raise ValueError(f"stages: two are called {twice[0]}")
        for where, mix in [("mix", self.mix), *((f"stages.{s.name}.mix", s.mix) for s in self.stages)]:
            _check_mix(where, mix, self.sources)
        if self.kl:
            _check_name("kl.source", self.kl.source, self.sources)
        if self.validation.kl_source:
            _check_name("validation.kl_source", self.validation.kl_source, self.sources)
        if taken := sorted(DECIDED & self.trainer.keys()):
            raise ValueError(f"trainer.{taken[0]}: is decided by other fields of this file, see docs/training.md")
        if self.saving.every_tokens and self.saving.log_spaced:
            raise ValueError("saving: every_tokens or log_spaced, not both")

    def rate(self, stage: Stage | None = None) -> float:
        """The peak learning rate of a stage as a number."""
        named = self.learning_rate if stage is None or stage.learning_rate is None else stage.learning_rate
        return RATES[self.method][named] if isinstance(named, str) else named

    def described(self) -> dict[str, Any]:
        """As plain values, everything resolved."""
        return dict(TypeAdapter(TrainConfig).dump_python(self, mode="json"))

    def recipe_hash(self) -> str:
        """Equal for runs that differ in nothing but seed, output and what only changes speed or reporting."""
        left_out = {"seed", "seeds", "output", "report_to", "microbatch_tokens", "packing", "gradient_checkpointing", "liger"}
        kept = {k: v for k, v in self.described().items() if k not in left_out}
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def _check_mix(where: str, mix: Mix, sources: Mapping[str, Source]) -> None:
    for name, share in mix.items():
        _check_name(where, name, sources)
        if isinstance(share, float) and not 0 <= share <= 1:
            raise ValueError(f"{where}.{name}: {share} is not a share between 0 and 1 (for a fixed number: {{tokens: n}})")
    shares = [share for share in mix.values() if isinstance(share, float)]
    if shares and not math.isclose(sum(shares), 1, abs_tol=1e-6):
        rest = "" if len(shares) == len(mix) else " (of what the fixed numbers leave)"
        raise ValueError(f"{where}: the shares sum to {sum(shares):g}, not to 1{rest}")


def _check_name(where: str, name: str, sources: Iterable[str]) -> None:
    if name not in sources:
        near = difflib.get_close_matches(name, list(sources), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"{where}: no source is called {name}: there is {', '.join(sources)}{hint}")


def load_config(path: Path, overrides: Iterable[str] = ()) -> TrainConfig:
    """Read a YAML file; `overrides` are `key.inner=value`, values in YAML. Data and template are relative to the file.

    Raises `ConfigError` that names the file and the field.
    """
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: a mapping of fields is expected, see docs/training.md")
    for override in overrides:
        _override(raw, override)
    try:
        config = TypeAdapter(TrainConfig).validate_python(raw)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_explained(error)}") from error
    for source in config.sources.values():
        source.data = [_beside(path, place) for place in source.places]
    if config.chat_template:
        config.chat_template = Path(_beside(path, str(config.chat_template)))
    return config


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {override}: key=value is expected, e.g. --set learning_rate=1e-5")
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {override}: the value is not valid YAML") from error
    if isinstance(parsed, str):  # YAML reads 1e-5 as text
        with contextlib.suppress(ValueError):
            parsed = float(parsed)
    *path, last = key.split(".")
    place: Any = raw
    for part in path:
        if isinstance(place, dict):
            place = place.setdefault(part, {})
        else:
            place = place[int(part)] if isinstance(place, list) and part.isdigit() and int(part) < len(place) else None
    if isinstance(place, list) and last.isdigit() and int(last) < len(place):
        place[int(last)] = parsed
    elif isinstance(place, dict):
        place[last] = parsed
    else:
        raise ConfigError(f"--set {override}: there is no field {key}")


def _explained(error: ValidationError) -> str:
    """The first problem in one line; near matches for an unknown field."""
    errors = error.errors()
    alike = [e for e in errors if _place(e["loc"])[:1] == _place(errors[0]["loc"])[:1]]  # one for each type that a value may have
    first = max(alike, key=lambda e: (isinstance(e["input"], str) and e["type"] == "literal_error", len(_place(e["loc"]))))
    where = ".".join(_place(first["loc"]))
    if first["type"] == "unexpected_keyword_argument":
        known = _fields_at(first["loc"][:-1])
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
        return f"{where}: there is no such field{f'; did you mean {near[0]}?' if near else ''}"
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


_ALTERNATIVES = {"bool", "float", "int", "str", "constrained-float", "constrained-int", "TokenCount"}


def _place(loc: tuple[int | str, ...]) -> list[str]:
    """The fields on the way, without the names of the alternatives that pydantic tried ("float", "literal[…]")."""
    return [str(part) for part in loc if not re.search(r"[\[(]", str(part)) and str(part) not in _ALTERNATIVES]


def _fields_at(path: tuple[int | str, ...]) -> list[str]:
    owner: Any = TrainConfig
    inner = {"sources": Source, "stages": Stage, "lora": Lora, "saving": Saving, "validation": Validation, "kl": KlBrake}
    if path:
        owner = inner.get(str(path[0]), TrainConfig)
    return list(owner.__dataclass_fields__)


def _beside(path: Path, named: str) -> str:
    """A path relative to the configuration's folder, where there is one; a hub name stays as it is."""
    beside = path.parent / named
    is_file = Path(named).suffix in (".jsonl", ".json", ".parquet", ".csv", ".jinja")
    return str(beside.resolve()) if beside.exists() or (is_file and not Path(named).exists()) else named
