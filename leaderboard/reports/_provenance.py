"""Where the numbers come from, side by side."""

from __future__ import annotations

from equipoise.harness_ext.compare import Checkpoint, Comparison

UNKNOWN = "unknown"


def provenance(comparison: Comparison) -> list[tuple[str, list[str]]]:
    """(field, one value per checkpoint, the base first); rows that nobody knows are left out."""
    checkpoints = [comparison.base, *(c.checkpoint for c in comparison.compared)]
    columns = [_facts(c) for c in checkpoints]
    fields = dict.fromkeys(field for column in columns for field in column)
    return [(field, [column.get(field, UNKNOWN) for column in columns]) for field in fields]


def _facts(checkpoint: Checkpoint) -> dict[str, str]:
    m = checkpoint.manifest
    newest = checkpoint.entries[0].run.results
    config = newest.get("config") or {}
    arguments = config.get("model_args")
    found = {
        "kind": m.kind,
        "base": m.base,
        "parameters": _count(m.parameters),
        "trained parameters": _count(m.trained_parameters),
        "step": m.step,
        "stage": m.stage,
        "mix asked for": _shares(m.mix),
        "tokens trained on": _tokens(m.tokens),
        "learning rate": f"{m.learning_rate:g}" if m.learning_rate is not None else None,
        "seed": m.seed,
        "parent": m.parent,
        "recipe": m.config_hash,
        "weights": m.weights_hash[:16] if m.weights_hash else None,
        "created": m.created,
        "engine": (arguments.get("engine") if isinstance(arguments, dict) else None) or config.get("model"),
        "dtype": (arguments.get("dtype") if isinstance(arguments, dict) else None) or config.get("model_dtype"),
        "lm-eval": newest.get("lm_eval_version"),
        "tasks": ", ".join(
            dict.fromkeys(f"{t} {v}" for e in checkpoint.entries for t, v in e.versions.items() if len(e.tasks) == 1)
        )
        or None,
        "files": str(checkpoint.folder),
    }
    return {field: str(value) for field, value in found.items() if value is not None}


def _count(number: int | None) -> str | None:
    return None if number is None else f"{number:,}"


def _shares(mix: dict[str, float] | None) -> str | None:
    return ", ".join(f"{source} {share:.0%}" for source, share in mix.items()) if mix else None


def _tokens(tokens: dict[str, int] | None) -> str | None:
    if not tokens:
        return None
    total = sum(tokens.values()) or 1
    return f"{total:,} ({', '.join(f'{s} {n / total:.1%}' for s, n in tokens.items())})"
