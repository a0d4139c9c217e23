"""Make plain `lm_eval --tasks monetization45` find equipoise's tasks.

`equipoise.pth` imports this module at every interpreter start, so it imports nothing but `sys` and only leaves a hook
that waits for lm-eval's task manager. lm-eval 0.4.13 has no plugin discovery; a release that reads the entry points
`lm_eval.tasks` itself is left alone. `EQUIPOISE_AUTOLOAD=0` switches it off.
"""

import sys

TARGET = "lm_eval.tasks.manager"


class _WhenImported:
    """Meta path finder that patches `TARGET` right after its import, then leaves."""

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        if name != TARGET:
            return None
        sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec = find_spec(name)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):  # type: ignore[no-untyped-def]
            execute(module)
            _add_tasks(module.TaskManager)  # type: ignore[no-untyped-call]

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _add_tasks(manager):  # type: ignore[no-untyped-def]
    """Let a task manager that loads lm-eval's own tasks load ours too, before any `include_path` of the user."""
    from functools import wraps
    from pathlib import Path

    original = manager.__init__
    names = (*original.__code__.co_names, *vars(manager), *vars(sys.modules[manager.__module__]))
    if any("entry_point" in name or "plugin" in name for name in names):
        return
    tasks = Path(__file__).parent / "tasks"

    @wraps(original)
    def with_our_tasks(self, verbosity=None, include_path=None, include_defaults=True, *args, **kwargs):  # type: ignore[no-untyped-def]
        if include_defaults:
            given = list(include_path) if isinstance(include_path, (list, tuple)) else [include_path] if include_path else []
            include_path = [str(tasks), *given]
        original(self, verbosity, include_path, include_defaults, *args, **kwargs)

    manager.__init__ = with_our_tasks


def _enabled() -> bool:
    if TARGET in sys.modules or any(type(f).__name__ == "_WhenImported" for f in sys.meta_path):
        return False
    environment = getattr(sys.modules.get("os"), "environ", {})
    return bool(environment.get("EQUIPOISE_AUTOLOAD", "1") != "0")


if _enabled():
    sys.meta_path.insert(0, _WhenImported())
