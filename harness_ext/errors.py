"""The errors that a person can cause. The command line catches `EquipoiseError` and prints its one line."""

from __future__ import annotations

import sys
from types import TracebackType


class EquipoiseError(Exception):
    """A mistake in the input; the message says what, where, and what to do."""


class RubricError(EquipoiseError):
    """A question file that cannot be used: names the file, the question and the field."""


class MissingExtraError(EquipoiseError):
    """An optional dependency is absent; the message carries the `pip install` line."""


class ResultsError(EquipoiseError):
    """A result folder or file that is absent, incomplete or not in lm-eval's format."""


class CheckpointError(EquipoiseError):
    """A checkpoint that is absent, incomplete, or does not fit its series."""


class EngineError(EquipoiseError):
    """An engine that could not start, ran out of memory or died; a fresh one may work."""


class ReloadError(EngineError):
    """New weights could not be put into a running engine, or could not be proven to be there."""


class WeightsError(EquipoiseError):
    """A checkpoint whose weights give no usable numbers; the engine is as good as before."""


class ConfigError(EquipoiseError):
    """A training configuration that cannot be used: names the file and the field."""


class DataError(EquipoiseError):
    """Training data that cannot be used: names the file and the line."""


class TrainingError(EquipoiseError):
    """Training that had to stop; what was saved before is whole."""


def first_line(error: BaseException) -> str:
    """What an error of a library says, in one line; its kind where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def report_mistakes_in_one_line() -> None:
    """Let an uncaught `EquipoiseError` end the `lm_eval` command with its one line instead of a traceback."""
    previous = sys.excepthook
    if getattr(previous, "equipoise", False):
        return

    def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, EquipoiseError):
            print(f"equipoise: {error}", file=sys.stderr)
        else:
            previous(kind, error, trace)

    report.equipoise = True  # type: ignore[attr-defined]
    sys.excepthook = report
