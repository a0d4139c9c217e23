"""Make plain `lm_eval --model equipoise --tasks monetization45` find equipoise's model and tasks.

`equipoise.pth` imports this module at every interpreter start, so it imports nothing but `sys` and only leaves a hook
that waits for lm-eval's own modules. lm-eval 0.4.13 has no plugin discovery; a release that reads the entry points
`lm_eval.tasks` and `lm_eval.models` itself is left alone. `EQUIPOISE_AUTOLOAD=0` switches it off.
"""

import sys


class _WhenImported:
    """Meta path finder that patches one module right after its import, then leaves."""

    def __init__(self, target, patch):  # type: ignore[no-untyped-def]
        self.target, self.patch = target, patch

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        if name != self.target:
            return None
        sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec = find_spec(name)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module):  # type: ignore[no-untyped-def]
            execute(module)
            self.patch(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _add_model(models):  # type: ignore[no-untyped-def]
    """Register our model lazily, unless something already has: lm-eval's own discovery, or another copy of this hook."""
    from lm_eval.api.registry import model_registry

    if "equipoise" not in model_registry:
        model_registry.register("equipoise", target="equipoise.harness_ext.lm:EquipoiseLM")


def _add_tasks(module):  # type: ignore[no-untyped-def]
    """Let a task manager that loads lm-eval's own tasks load ours too, before any `include_path` of the user."""
    from functools import wraps
    from pathlib import Path

    manager = module.TaskManager
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


PATCHES = {"lm_eval.tasks.manager": _add_tasks, "lm_eval.models": _add_model}


def _enabled() -> bool:
    if any(name in sys.modules for name in PATCHES) or any(type(f).__name__ == "_WhenImported" for f in sys.meta_path):
        return False
    environment = getattr(sys.modules.get("os"), "environ", {})
    return bool(environment.get("EQUIPOISE_AUTOLOAD", "1") != "0")


if _enabled():
    sys.meta_path[:0] = [_WhenImported(target, patch) for target, patch in PATCHES.items()]  # type: ignore[no-untyped-call]
