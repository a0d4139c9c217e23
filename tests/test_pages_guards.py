# ruff: noqa: F811  fixtures
"""Pages that must not say what is not so, must not end, and must not let out or in: links, late and odd files, logins."""

import json
import subprocess
from functools import partial

import pandas as pd
import pytest
from conftest import BIN
from streamlit.testing.v1 import AppTest
from test_compare import choices, question, questions, save
from test_pages import APP, ARGUMENTS, _own_cache, column, html, manifest, see, small_series, words  # noqa: F401

from equipoise.harness_ext.errors import EquipoiseError, ResultsError
from equipoise.leaderboard import data
from equipoise.leaderboard._environment import FOLDER
from equipoise.leaderboard._serve import run_leaderboard
from equipoise.leaderboard.text import as_csv, escaped, highlighted
from equipoise.leaderboard.views._common import place, said


def general_only(folder, rights, **more):
    save(folder, {"t": choices(rights)}, **more)
    (file,) = folder.glob("results_*.json")
    run = json.loads(file.read_text())
    run["results"]["t"]["acc_stderr,none"] = 0.04
    file.write_text(json.dumps(run))


def board_rows(at):
    return at.main.dataframe[0].value.set_index("checkpoint")


def test_links_lead_nowhere(see, tmp_path):
    folder, secret = tmp_path / "results", tmp_path / "secret"
    for name in ("base", "new"):
        save(folder / name, {"r": questions([0.1, 0.2])}, manifest={} if name == "base" else {"base": "base"})
    save(secret, {"r": [question(i, 0.9, texts=("TOPSECRET", "x")) for i in range(2)]})
    (own,), (other,) = (f.glob("samples_*") for f in (folder / "new", secret))
    own.unlink()
    own.symlink_to(other)
    at = see(folder, "checkpoint", checkpoint="new")
    assert "TOPSECRET" not in html(at)
    assert "a link" in words(at).replace("\\", "")
    for page in ("board", "compare", "questions"):
        assert "TOPSECRET" not in html(see(folder, page)) + words(see(folder, page))


def test_answers_that_come_late_are_paired(see, tmp_path):
    for name, manifest_ in (("base", {}), ("new", {"base": "base"})):
        general_only(tmp_path / name, "1101" * 25, manifest=manifest_)
    late = next((tmp_path / "new").glob("samples_*"))
    whole = late.read_text()
    for soon in (None, whole[:2_000]):  # not there, and half written
        late.unlink()
        if soon:
            late.write_text(soon)
        see(tmp_path)
        assert data.load(0.03).unpaired["checkpoint"].tolist() == ["new"]
        late.write_text(whole)
    see(tmp_path)
    assert data.load(0.03).rows.set_index("checkpoint").loc["new", ["paired", "verdict"]].tolist() == [True, "no collapse"]


def test_a_checkpoint_in_two_folders_is_not_paired_on_one(see, tmp_path):
    for name in ("org__base", "org__new"):
        model = name.replace("__", "/")
        save(tmp_path / "one" / name, {"t": choices("1" * 40 if "base" in name else "1000" * 10)}, model_name=model)
        save(tmp_path / "two" / name, {"u": choices("1" * 40)}, model_name=model, day=2)
    (tmp_path / "series.yaml").write_text("checkpoints:\n  org/new: {base: org/base}\n")
    see(tmp_path)
    found = data.load(0.03)
    assert found.rows.set_index("checkpoint").loc["org/new", "delta_G"] == pytest.approx(-0.5)
    assert "in 2 folders" in found.unpaired["reason"].iloc[0]


def test_a_quick_run_beside_a_full_one_is_not_paired_in_its_place(see, tmp_path):
    for name, full, manifest_ in (("base", "1" * 100, {}), ("new", "1000" * 25, {"base": "base"})):
        save(tmp_path / name, {"t": choices(full)}, manifest=manifest_)
        save(tmp_path / name, {"t": choices("1" * 10)}, day=2, config={"model": "equipoise", "model_args": ARGUMENTS, "limit": 10})
    see(tmp_path)
    found = data.load(0.03)
    row = found.rows.set_index("checkpoint").loc["new"]
    assert (row["delta_G"], row["paired"], row["verdict"]) == (pytest.approx(row["G"] - 1), True, "collapse")
    assert len(found.not_counted) == 2


def test_a_manifest_above_the_folder_that_lm_eval_makes(see, tmp_path):
    for name, kept in (("base", "1" * 200), ("step-9", "1" * 200)):
        save(tmp_path / name / "org__m", {"t": choices(kept)}, model_name="org/m")
        known = manifest(9) | {"name": f"run/{name}"} if name != "base" else {"name": "base"}
        (tmp_path / name / "checkpoint.json").write_text(json.dumps(known))
    at = see(tmp_path, "checkpoint", checkpoint="run/step-9")
    assert "Tokens, domain" in column(at, "fact", 1)
    found = data.load(0.03).rows.set_index("checkpoint").loc["run/step-9"]
    assert (found["paired"], found["verdict"]) == (True, "no collapse")
    assert "run/step-9" in words(see(tmp_path, "compare", against="base", **{"with": "run/step-9"})).replace("\\", "")


def test_a_link_to_something_else_disturbs_nothing(see, tmp_path):
    for name, manifest_ in (("base", {}), ("new", {"base": "base"})):
        save(tmp_path / name, {"t": choices("1" * 50)}, manifest=manifest_)
    (tmp_path / "new" / "weights").symlink_to("/usr")
    see(tmp_path)
    assert data.load(0.03).rows.set_index("checkpoint").loc["new", "paired"]


def test_a_missing_domain_task_is_no_missing_general_one(see, tmp_path):
    save(tmp_path / "base", {"t": choices("1" * 200), "r": questions([0.1, 0.2])}, manifest={})
    save(tmp_path / "new", {"t": choices("1" * 200)}, manifest={"base": "base"})
    see(tmp_path)
    assert data.load(0.03).rows.set_index("checkpoint").loc["new", ["paired", "verdict"]].tolist() == [True, "no collapse"]


@pytest.mark.parametrize("file", ["results_2026-01-09T00-00-00.json", "checkpoint.json"])
def test_deep_json_costs_no_page(see, tmp_path, file):
    for name, manifest_ in (("base", {}), ("new", {"base": "base"})):
        general_only(tmp_path / name, "1101" * 5, manifest=manifest_)
    (tmp_path / "new" / file).write_text("[" * 100_000)
    for page in ("board", "checkpoint", "compare"):
        see(tmp_path, page)


def test_a_domain_task_of_one_checkpoint_leaves_the_verdicts_of_others(see, tmp_path):
    folder = small_series(tmp_path / "results")
    save(folder / "other", {"mk": choices("11")}, manifest={})
    (folder / "series.yaml").write_text("roles:\n  mk: domain\n")
    found = board_rows(see(folder))
    assert found.loc["mix20-step-100", "verdict"] == "no collapse"
    assert data.load(0.03).rows.set_index("checkpoint").loc["mix20-step-100", "paired"]


@pytest.mark.parametrize("broken", [
    {"n-shot": [1]}, {"configs": [1]}, {"versions": [1]}, {"config": [1]}, {"group_subtasks": [1]}, {"equipoise": [1]},
    {"group_subtasks": {"a": ["b"], "b": ["a"]}}, {"configs": {"t": [1]}},
])  # fmt: skip
def test_an_odd_results_file_costs_no_page(see, tmp_path, broken):
    for name, manifest_ in (("base", {}), ("new", {"base": "base"})):
        general_only(tmp_path / name, "1101" * 25, manifest=manifest_)
    (file,) = (tmp_path / "new").glob("results_*.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | broken))
    for page in ("board", "checkpoint", "compare"):
        see(tmp_path, page)


@pytest.mark.parametrize(
    "broken", [{"filtered_resps": []}, {"filtered_resps": None}, {"arguments": None}, {"doc_id": [1]}, {"doc": 3}]
)
def test_odd_samples_cost_no_page(see, tmp_path, broken):
    for name, manifest_ in (("base", {}), ("new", {"base": "base"})):
        general_only(tmp_path / name, "1101" * 25, manifest=manifest_)
    (file,) = (tmp_path / "new").glob("samples_*")
    file.write_text("\n".join(json.dumps(json.loads(line) | broken) for line in file.read_text().splitlines()))
    for page in ("board", "checkpoint", "compare"):
        see(tmp_path, page)
    assert len(data.load(0.03).unpaired) == 1


def test_half_a_surrogate_is_a_question_mark(see, tmp_path):
    rows = [question(i, 0.2, texts=("half \ud83d emoji", "x")) for i in range(2)]
    save(tmp_path / "a", {"r": questions([0.1, 0.2])}, manifest={})
    save(tmp_path / "b", {"r": [], "t": choices("1")} | {"r": questions([0.1, 0.2])}, manifest={"base": "a"})
    (file,) = (tmp_path / "b").glob("samples_r_*")
    file.write_text("".join(json.dumps({"doc_id": i, **row}) + "\n" for i, row in enumerate(rows)))
    assert "half ? emoji" in html(see(tmp_path, "checkpoint", checkpoint="b"))
    see(tmp_path, "compare")


def test_sizes_of_one_short_name_are_one_choice(see, tmp_path):
    for name, size in (("a", 135_000_000), ("b", 134_515_008), ("c", 7_000_000_000)):
        general_only(tmp_path / name, "1101" * 5, manifest={"parameters": size})
    assert sorted(column(see(tmp_path, size="135M"), "checkpoint")) == ["a", "b"]


def test_a_filter_moves_no_mark_and_a_stale_link_says_so(see, tmp_path):
    rights = {"base": "1" * 100, "one": "0" * 100, "two": "0" * 100, "three": "1" * 100}
    for step, (name, kept) in enumerate(rights.items()):
        general_only(tmp_path / name, kept, manifest={} if name == "base" else manifest(step) | {"series": "run"})
    at = see(tmp_path, "training", verdict="collapse")
    names = [trace.get("name") for chart in at.get("plotly_chart") for trace in json.loads(chart.proto.spec)["data"]]
    assert "run" in names
    assert "Collapse from here on" not in names  # it recovered
    assert "gone is not here" in words(see(tmp_path, "checkpoint", checkpoint="gone"))
    at = see(tmp_path, "size", verdict="base", name="three")
    assert [info.value for info in at.info] == ["No checkpoint passes these filters."]


def test_texts_for_pages_and_files():
    assert escaped("see https://x.example :fire: a@b.c www.x -> y") == (
        "see https\\:\u2060//x\\.example \\:\u2060fire\\: a@\u2060b\\.c www\u2060\\.x \\-\u2060\\> y"
    )
    assert "\u2060" not in escaped("run lm_eval with --log_samples: it keeps a-b")  # what a reader copies works
    assert "It&#x27;s <mark>27</mark>%" in highlighted("It's 27%", ["27"])
    assert "1500 and <mark>150</mark>." in highlighted("1500 and 150.", ["150"])
    assert "答案是<mark>二十七</mark>元,<mark>15</mark>" in highlighted("答案是二十七元,15", ["二十七", "15"])
    assert "<mark>mark growth</mark> &lt;" in highlighted("mark growth <", ["growth", "mark growth", "mark"])
    rows = pd.DataFrame({"checkpoint": ['=HYPERLINK("x")', "-a", "b"], "D": [-0.1, 0.2, 0.3]})
    assert as_csv(rows).decode().splitlines() == ["checkpoint,D", '"\'=HYPERLINK(""x"")",-0.1', "'-a,0.2", "b,0.3"]


def test_what_stands_for_the_folder(monkeypatch):
    assert place("ftp://user:hunter2@host/dir?key=1") == "ftp://host/dir"
    monkeypatch.setenv(FOLDER, "/srv/secret/results")
    assert said(ResultsError("/srv/secret/results/a/x.json: gone"), plain=True) == "a/x.json: gone"
    assert said(ResultsError("/srv/secret/results: no such folder"), plain=True) == "secret/results: no such folder"


def test_no_login_no_page(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir()
    whole = {"redirect_uri": "https://x/oauth2callback", "cookie_secret": "c", "client_id": "i", "client_secret": "s"}
    whole |= {"server_metadata_url": "https://idp.example/.well-known/openid-configuration"}

    def auth(**values):
        return "[auth]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())

    def serve():  # in its own process: Streamlit keeps secrets
        command = [BIN / "equipoise", "leaderboard", tmp_path, "--headless", "--port", "0", "--login"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    assert serve()[0] == 2
    for text, why in (
        ('cookie_secret = "a "b" c"', "no readable .streamlit/secrets.toml"),
        ("auth = 5", "redirect_uri is missing"),
        (auth(redirect_uri="x", cookie_secret="y"), "client_id is missing"),
        ("[auth.google]\nclient_id = 'x'\n", "redirect_uri is missing"),
    ):
        secrets.write_text(text)
        code, said_ = serve()
        assert (code, said_.count("\n")) == (2, 1), said_
        assert why in said_
    secrets.unlink()  # this process would keep it for all tests that follow
    monkeypatch.setenv(FOLDER, str(tmp_path))
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.secrets["auth"] = whole
    at.user["is_logged_in"] = False
    at.run()
    assert [button.label for button in at.button] == ["Log in"]
    assert len(at.dataframe) + len(at.info) == 0


def test_folders_that_cannot_be_read_are_told_before_the_page_starts(tmp_path):
    serve = partial(run_leaderboard, port=0, address="localhost", headless=True, base_path="", login=False)
    for folder, why in (("", "no such folder"), ("nosuch://x/y", "nosuch")):
        with pytest.raises(EquipoiseError, match=why):
            serve(folder)
