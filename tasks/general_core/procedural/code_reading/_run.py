"""Running a program for what it prints. The programs are our own templates and their misreadings; nothing else is run."""

from __future__ import annotations

import ast
import functools
import io
import itertools
from typing import Any

MAX_STEPS, MAX_WIDTH = 3000, 40


class _Counted(ast.NodeTransformer):
    """Counts the turns of every loop and the calls of every function, so that a misreading that never ends is given up."""

    def _tick(self, node: Any) -> Any:
        self.generic_visit(node)
        node.body[:0] = ast.parse("_tick()").body
        return node

    visit_While = visit_For = visit_FunctionDef = _tick  # noqa: N815


class _TooLongError(Exception):
    pass


def output(tree: ast.Module) -> str | None:
    """The line that the program prints; None where it fails, does not end, or prints nothing, several lines or a long one.

    `tree` is changed and cannot be used again.
    """
    steps = itertools.count()
    out = io.StringIO()

    def tick() -> None:
        if next(steps) > MAX_STEPS:
            raise _TooLongError

    try:
        program = compile(_Counted().visit(tree), "<program>", "exec")
        exec(program, {"_tick": tick, "print": functools.partial(print, file=out), "__name__": "__main__"})
    except Exception:  # a misread program may fail in any way; then it gives no wrong answer
        return None
    text = out.getvalue()
    return text[:-1] if text.count("\n") == 1 and 1 < len(text) <= MAX_WIDTH else None
