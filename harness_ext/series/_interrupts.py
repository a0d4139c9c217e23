"""Ctrl-C and SIGTERM that are not lost."""

from __future__ import annotations

import signal
import sys
from types import FrameType, TracebackType
from typing import Self


class Interrupts:
    """While it is open both signals raise `KeyboardInterrupt`, and are remembered: Python drops an exception that falls into a finalizer."""

    def __init__(self) -> None:
        self._asked = False

    def __enter__(self) -> Self:
        ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN  # a shell's background job
        wanted = [signal.SIGTERM] if ignored else [signal.SIGTERM, signal.SIGINT]
        self._previous = {number: signal.signal(number, self._interrupt) for number in wanted}
        self._hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        sys.unraisablehook = self._hook
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raises `KeyboardInterrupt` where one was asked for and did not arrive."""
        if self._asked:
            raise KeyboardInterrupt

    def _unraisable(self, dropped: sys.UnraisableHookArgs) -> None:
        if not issubclass(dropped.exc_type, KeyboardInterrupt):  # that one is raised again, and needs no traceback
            self._hook(dropped)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        raise KeyboardInterrupt
