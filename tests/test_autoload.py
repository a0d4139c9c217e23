"""The start-up hook: cheap, switchable, and out of the way where lm-eval discovers plugins itself."""

import sys
from importlib.metadata import entry_points
from types import SimpleNamespace

from conftest import ROOT
from test_cli import run

from equipoise import _autoload


def test_it_imports_nothing(tmp_path):
    code = "import sys; before = set(sys.modules); import equipoise._autoload; print(sorted(set(sys.modules) - before))"
    done = run([sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); {code}"], tmp_path)
    assert done.stdout.strip() == "['equipoise', 'equipoise._autoload']", done.stderr


def tasks_seen(tmp_path, **env):
    code = (
        "import lm_eval.tasks.manager as m; from unittest.mock import patch; seen = {}\n"
        "with patch.object(m, 'TaskIndex') as index:\n"
        "    index.return_value.build.side_effect = lambda paths: seen.update(paths=paths) or {}\n"
        "    m.TaskManager(include_path='/mine'); print([p.name for p in seen['paths']])\n"
        "    m.TaskManager(include_path='/mine', include_defaults=False); print([p.name for p in seen['paths']])\n"
    )
    done = run([sys.executable, "-c", code], tmp_path, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_our_tasks_come_between_the_defaults_and_the_users(tmp_path):
    assert tasks_seen(tmp_path) == ["['tasks', 'tasks', 'mine']", "['mine']"]


def test_it_can_be_switched_off(tmp_path):
    assert tasks_seen(tmp_path, EQUIPOISE_AUTOLOAD="0") == ["['tasks', 'mine']", "['mine']"]


def test_our_model_is_registered_lazily(tmp_path):
    code = (
        "import sys; import lm_eval.models; from lm_eval.api.registry import model_registry\n"
        "print('equipoise' in model_registry, 'equipoise.harness_ext.lm' in sys.modules)"
    )
    assert run([sys.executable, "-c", code], tmp_path).stdout.split() == ["True", "False"]
    assert run([sys.executable, "-c", code], tmp_path, EQUIPOISE_AUTOLOAD="0").stdout.split() == ["False", "False"]


class DiscoveringManager:
    """Shaped like a task manager that reads entry points itself."""

    def __init__(self, include_path=None):
        self.found = entry_points(group="lm_eval.tasks")


def test_it_stands_down_where_lm_eval_has_discovery():
    original = DiscoveringManager.__init__
    _autoload._add_tasks(SimpleNamespace(TaskManager=DiscoveringManager))
    assert DiscoveringManager.__init__ is original
