"""What a person sees while a series is scored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console


class Progress:
    """One moving line on a terminal, and a line per finished task; without a terminal only the latter."""

    def __init__(self, console: Console | None = None):
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self.check: Callable[[], None] = lambda: None
        """Called now and then; may raise `KeyboardInterrupt`."""
        self._tasks, self._done = 0, 0
        self._began = time.monotonic()
        self._status: Any = None
        self._title, self._requests, self._shown = "", 0, 0.0

    def expect(self, tasks: int) -> None:
        """Another so many (checkpoint, task) pairs are to be scored."""
        self._tasks += tasks

    def say(self, text: str) -> None:
        """A line that stays."""
        self.console.print(text, markup=False)

    def warn(self, text: str) -> None:
        """A line that stays and should be read."""
        self.console.print(f"warning: {text}", markup=False, style="yellow")

    @contextmanager
    def waiting(self, title: str) -> Iterator[None]:
        """Something without steps: an engine start."""
        with self.console.status(title):
            yield

    @contextmanager
    def task(self, title: str) -> Iterator[list[str]]:
        """One task of one checkpoint; what is put into the list ends the line that tells it is done."""
        self._title, self._requests = f"{self._done + 1}/{self._tasks} {title}", 0
        began = time.monotonic()
        summary: list[str] = []
        self.check()
        try:
            with self.console.status(self._line("")) as self._status:
                yield summary
        finally:
            self._status = None
            self._done += 1
        self.say(" · ".join([self._title, *filter(None, summary), clock(time.monotonic() - began)]))

    def tick(self, done: int, speed: str = "") -> None:
        """The engine's ticker."""
        self.check()
        self._requests += done
        if self._status is not None and time.monotonic() - self._shown > 0.2:
            self._shown = time.monotonic()
            self._status.update(self._line(speed))

    def _line(self, speed: str) -> str:
        parts = [self._title, f"{self._requests} requests" if self._requests else "", speed, self._left()]
        return " · ".join(part for part in parts if part)

    def _left(self) -> str:
        if not self._done:
            return ""
        seconds = (time.monotonic() - self._began) / self._done * (self._tasks - self._done)
        return f"about {clock(seconds)} left"


def clock(seconds: float) -> str:
    """45 s, 3:20 min, 2:05 h."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"
