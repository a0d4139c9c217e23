"""The documentation is run, not believed."""

import re
import sys

import lm_eval
import yaml
from conftest import BIN, ROOT
from lm_eval.tasks import TaskManager
from test_cli import run
from test_lmeval_task import ScriptedLM

from equipoise.harness_ext.rubric import load_questions


def test_the_file_tree_of_the_readme_holds():
    tree = (ROOT / "README.md").read_text().split("## Where things are")[1].split("```text")[1].split("```")[0]
    named = []
    folder = ""
    for line in tree.splitlines():
        if not line.strip():
            continue
        name = line.split()[0]
        folder = (name if name.endswith("/") else "") if not line.startswith(" ") else folder
        named.append(folder + name if line.startswith(" ") else name)
    for name in named:
        assert (ROOT / name).exists(), name
    for package in ("harness_ext", "train", "leaderboard"):
        tracked = {p.name for p in (ROOT / package).glob("[!_]*") if p.name != "__pycache__"}
        shown = {n.split("/")[1] for n in named if n.startswith(f"{package}/") and n != f"{package}/"}
        assert tracked == shown


def test_every_link_leads_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), (page.name, target)


def test_the_example_rubric_is_clean_and_scores_a_model(tmp_path):
    folder = ROOT / "examples" / "real_estate"
    done = run([BIN / "equipoise", "rubric", "check", folder], tmp_path)
    assert done.returncode == 0, done.stdout
    references = [q.reference for _, q in load_questions(folder)]
    assert len(references) == 3
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    model = ScriptedLM(["I don't know."])
    results = lm_eval.simple_evaluate(model=model, tasks=["real_estate3"], task_manager=manager, bootstrap_iters=0)
    assert results["results"]["real_estate3"]["score,rubric"] == 0.0
    assert len(model.asked) == 6  # three questions in two phrasings


def test_the_pages_show_the_example_as_it_is():
    page = (ROOT / "docs" / "your_own_rubric.md").read_text()
    task = (ROOT / "examples" / "real_estate" / "real_estate3.yaml").read_text()
    assert task.strip() in page
    questions = yaml.safe_load((ROOT / "examples" / "real_estate" / "questions" / "lettings.yml").read_text())["questions"]
    for name, param in questions[0]["params"].items():
        assert f"{name}: {{canonical: {param['canonical']}, draw: {param['draw']}}}" in page


def test_every_command_of_the_docs_exists(tmp_path):
    from test_cli import run as call

    text = "\n".join(p.read_text() for p in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    verbs = {m.strip() for m in re.findall(r"(?:^|`)equipoise ((?:rubric )?[a-z]+)", text, re.M)}
    assert {"rubric check", "summary", "model"} <= verbs
    for verb in verbs:
        done = call([sys.executable, "-m", "equipoise", *verb.split(), "--help"], tmp_path)
        assert done.returncode == 0, verb
