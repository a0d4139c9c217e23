"""Every page of the leaderboard on real and hostile folders, without a browser; `tests/browser` has the rest."""

import json
import random
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path
from statistics import mean

import pandas as pd
import pytest
from conftest import BIN
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from test_compare import choices, question, questions, save

from equipoise.harness_ext.errors import EquipoiseError, ResultsError
from equipoise.leaderboard import data
from equipoise.leaderboard._environment import FOLDER
from equipoise.leaderboard._serve import run_leaderboard
from equipoise.leaderboard.text import as_csv, escaped, highlighted
from equipoise.leaderboard.views._common import place, said

APP = Path(data.__file__).parent / "app.py"
PYTHIA = Path(__file__).parents[2] / "shared" / "data" / "lm_eval_pythia"
PAGES = ["board", "balance", "training", "size", "checkpoint", "compare", "questions", "method"]
NASTY = (
    "<script>alert(1)</script> **bold** $x^2$ :red[x] :fire: [l](javascript:x) https://evil.example a@evil.example `c` \u202e\u05d0"
)
ARGUMENTS = {"pretrained": "x", "dtype": "bfloat16", "engine": "vllm"}
MANIFEST = {"base": "base", "parameters": 1_400_000_000, "seed": 1, "stage": "tune", "learning_rate": 1e-5, "config_hash": "c0ffee"}


def manifest(step, domain=0.2):
    tokens = {"domain": round(step * 100 * domain), "general": round(step * 100 * (1 - domain))}
    return MANIFEST | {"step": step, "mix": {"domain": domain, "general": 1 - domain}, "tokens": tokens}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(data, "LOOK_AGAIN", 0.0)


@pytest.fixture
def see(monkeypatch):
    """Opens a page on a folder: `see(folder, "board", series="x")`. It has no exception."""

    def opened(folder, page="board", **query):
        monkeypatch.setenv(FOLDER, str(folder))
        at = AppTest.from_file(str(APP), default_timeout=60)
        at._page_hash = "" if page == "board" else calc_hash(page)  # `switch_page` knows files only
        for name, value in query.items():
            at.query_params[name] = value
        at.run()
        assert not at.exception, (page, at.exception[0].message, at.exception[0].stack_trace)
        assert [title.value for title in at.title] == [page.capitalize()]
        return at

    return opened


def words(at):
    """All texts that Streamlit reads as Markdown."""
    return "\n".join(
        str(part.value) for kind in ("markdown", "caption", "info", "warning", "error", "subheader") for part in getattr(at, kind)
    )


def html(at):
    return "\n".join(part.proto.body for part in at.get("html"))


def column(at, name, place=0):
    return list(at.main.dataframe[place].value[name])


def small_series(folder):
    """A base and two mixes with samples and errors."""
    rights = "1101" * 25
    save(folder / "base", {"r": questions([0.1, 0.2, 0.3, 0.4]), "t": choices(rights)}, manifest={"parameters": 1_400_000_000})
    for name, share, score, kept in (("mix20", 0.2, 0.2, rights), ("mix80", 0.8, 0.5, "1000" * 25)):
        for step in (100, 200):
            rows = questions([score + step / 1000, score, 0.3, 0.5], texts=(f"Answer of {name}", "Other <b>answer</b>"))
            save(folder / f"{name}-step-{step}", {"r": rows, "t": choices(kept)}, manifest=manifest(step, share))
    for file in folder.rglob("results_*.json"):
        run = json.loads(file.read_text())
        run["results"]["r"]["score_stderr,rubric"] = 0.05
        run["results"]["t"]["acc_stderr,none"] = 0.04
        file.write_text(json.dumps(run))
    return folder


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    return small_series(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def pythia(tmp_path_factory):
    if not PYTHIA.is_dir():
        pytest.skip(f"the Pythia results are not here: {PYTHIA}")
    folder = tmp_path_factory.mktemp("pythia") / "results"
    shutil.copytree(PYTHIA, folder)
    domain = "\n".join(f'  "hendrycksTest-{t}": domain' for t in ("marketing", "management", "business_ethics"))
    bases = "\n".join(
        f'  "*-{s}@*": {{series: pythia-{s}, base: EleutherAI/pythia-v1.1-{s}@step0}}' for s in ("70m", "160m", "1.4b")
    )
    (folder / "series.yaml").write_text(f"checkpoints:\n{bases}\nroles:\n{domain}\n")
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_a_small_series(see, small, page):
    at = see(small, page)
    assert len(at.error) + len(at.warning) == 0


def test_the_board_has_verdicts_mixes_and_ranks(see, small):
    at = see(small)
    found = at.main.dataframe[0].value.set_index("checkpoint")
    assert found["verdict"].to_dict() == {
        "mix20-step-100": "no collapse", "mix20-step-200": "no collapse", "base": "base", "mix80-step-100": "collapse", "mix80-step-200": "collapse",
    }  # fmt: skip
    assert found.loc["mix20-step-100", "mix"] == "domain 20 %, general 80 %"
    assert found.loc["mix80-step-200", "delta_G"] == pytest.approx(-2 / 3)
    assert found.loc["base", ["D", "G", "tokens"]].tolist()[:2] == pytest.approx([0.25, 2 / 3])
    assert found.loc["mix20-step-200", "tokens"] == 20_000
    assert "rank_best" not in found
    assert "every rank by D open" in words(at)
    ranked = data.load(0.03).rows
    assert (ranked["rank_best"].tolist(), ranked["rank_worst"].tolist()) == ([1] * 5, [5] * 5)


def test_filters_and_the_address(see, small):
    assert column(see(small, series="mix80"), "checkpoint") == ["mix80-step-100", "mix80-step-200"]
    assert column(see(small, verdict="collapse", name="STEP-1"), "checkpoint") == ["mix80-step-100"]
    at = see(small, size="1.4B", series="not there", margin="0.4")
    assert len(at.main.dataframe[0].value) == 5
    at.text_input(key="name").set_value("nothing like it").run()
    assert "No checkpoint passes these filters." in words(at)
    at.text_input(key="name").set_value("").run()
    at.multiselect(key="verdict").set_value(["collapse"]).run()
    at.number_input(key="margin").set_value(0.5).run()  # at this margin both are still told a collapse
    assert len(at.main.dataframe[0].value) == 2
    at.multiselect(key="verdict").set_value([]).run()
    at.multiselect(key="columns").set_value(["checkpoint", "seed"]).run()
    assert list(at.main.dataframe[0].value.columns) == ["checkpoint", "seed"]
    assert see(small, "checkpoint", checkpoint="mix80-step-100").selectbox(key="checkpoint").value == "mix80-step-100"
    assert see(small, "checkpoint", checkpoint="../../etc").selectbox(key="checkpoint").value == "mix20-step-200"


def test_a_checkpoint_with_its_answers(see, small):
    at = see(small, "checkpoint", checkpoint="mix80-step-200")
    assert {m.label: m.value for m in at.metric} == {
        "Balance": "0.000", "Domain score D": "0.500", "General score G": "0.000", "ΔG to its base": "-0.667", "Verdict": "collapse",
    }  # fmt: skip
    facts = dict(zip(at.main.dataframe[1].value["fact"], at.main.dataframe[1].value["value_of"], strict=True))
    assert (facts["Size"], facts["Tokens"], facts["Mix"]) == ("1.4B", "20,000", "domain 80 %, general 20 %")
    assert "Answer of mix80" in html(at)
    assert "Other &lt;b&gt;answer&lt;/b&gt;" in html(at)


def test_compare_takes_up_to_four_and_says_what_it_cannot(see, small):
    at = see(small, "compare", against="base")
    assert at.multiselect(key="with").value == ["mix20-step-200"]
    at.multiselect(key="with").set_value(["mix80-step-200", "mix20-step-100"]).run()
    assert [s.value for s in at.subheader] == [r"mix80\-step\-200", r"mix20\-step\-100"]
    assert "General: collapse" in words(at)
    at.selectbox(key="against").set_value("mix80-step-200").run()  # is no longer one that it is compared with
    assert not at.exception
    assert at.multiselect(key="with").value == ["mix20-step-100"]
    at.multiselect(key="with").set_value([]).run()
    assert "Choose one to three checkpoints." in words(at)


def test_questions_over_checkpoints(see, small):
    at = see(small, "questions", question="q-1")
    assert column(at, "question") == ["q-0", "q-1", "q-2", "q-3"]
    assert column(at, "mean")[2] == pytest.approx(0.3)
    assert sorted(column(at, "score", 2)) == [0.2, 0.2, 0.2, 0.5, 0.5]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_the_pythia_files(see, pythia, page):
    see(pythia, page)


def test_twenty_cells_are_those_of_the_files(see, pythia):
    chance = {"arc_easy": 0.25, "arc_challenge": 0.25, "logiqa": 0.25, "sciq": 0.25, "piqa": 0.5, "winogrande": 0.5, "wsc": 0.5, "lambada_openai": 0}  # fmt: skip
    rng = random.Random(1)
    files = {}
    for path in sorted(pythia.rglob("*_step*.json")):
        size, _, step = path.stem.partition("_step")
        files[f"EleutherAI/pythia-v1.1-{size}@step{step}"] = json.loads(path.read_text())["results"]
    board = see(pythia).main.dataframe[0].value.set_index("checkpoint")
    assert len(board) == len(files) == 108

    def above(name, task, c):
        return (files[name][task].get("acc_norm", files[name][task]["acc"]) - c) / (1 - c)

    for name in rng.sample(sorted(files), 4):
        parts = see(pythia, "checkpoint", checkpoint=name).main.dataframe[0].value.query("role == 'general'").set_index("ability")
        for task in rng.sample(sorted(chance), 4):
            assert parts.loc[task, "value"] == pytest.approx(above(name, task, chance[task])), (name, task)
        mine = [above(name, f"hendrycksTest-{t}", 0.25) for t in ("marketing", "management", "business_ethics")]
        assert board.loc[name, "D"] == pytest.approx(mean(mine))


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_folder_says_what_to_do(see, tmp_path, page):
    at = see(tmp_path, page)
    assert page == "method" or ("No results here yet" in words(at) and "equipoise score" in at.code[0].value)


def test_a_folder_with_only_bad_files_lists_them(see, tmp_path):
    (tmp_path / "results_2026-01-01T00-00-00.000000.json").write_text('{"results": {"a": ')
    (tmp_path / "series.yaml").write_text("checkpoints: 3")
    at = see(tmp_path)
    assert "No results here yet" in words(at)
    assert len(at.main.dataframe[0].value) == 2
    assert "not valid JSON" in " ".join(column(at, "reason"))


@pytest.mark.parametrize("page", PAGES)
def test_one_checkpoint_alone(see, tmp_path, page):
    save(tmp_path / "alone", {"t": choices("1101")})
    at = see(tmp_path, page)
    assert page != "compare" or "nothing to compare it with" in words(at)


def test_hostile_names_and_answers_stay_text(see, tmp_path):
    named = {"base": f"base {NASTY}", "a": f"../../{NASTY}\0end", "b": "n" * 10_000}
    for folder, name in named.items():
        rows = [question(i, 0.2, texts=(f"Answer {NASTY}", "\0")) | {"why": NASTY} for i in range(3)]
        for row in rows:
            row["doc"]["title"] = row["doc"]["id"] = NASTY + row["doc"]["id"]
            row["doc"]["prompt"] = "# Title\n" + NASTY
        more = {} if folder == "base" else manifest(100) | {"base": named["base"], "stage": NASTY, "mix": {NASTY: 1.0}}
        save(tmp_path / folder, {"r": rows, "t": choices("1" * 40)}, manifest=more | {"name": name})
    for page in PAGES:
        at = see(tmp_path, page)
        for raw in ("<script", "**bold**", "$x^2$", ":red[", "[l](", "`c`"):
            assert raw not in re.sub(r"\\.", "", words(at)), (page, raw)
        assert "<script" not in html(at)
    names = column(see(tmp_path), "checkpoint")
    assert sum(name.startswith("../../<script>") for name in names) == 1
    assert max(len(name) for name in names) == 10_000


def test_missing_errors_are_unknown(see, tmp_path):
    for name, value in (("base", 0.5), ("a", 0.6), ("b", float("nan"))):
        save(tmp_path / name, {}, results={"piqa": {"acc,none": value, "acc_stderr,none": "N/A"}, "sciq": {"acc,none": 0.5, "acc_stderr,none": float("nan")}},
             manifest={"base": "base"} if name != "base" else {})  # fmt: skip
    found = see(tmp_path).main.dataframe[0].value.set_index("checkpoint")
    assert found.loc["a", "verdict"] == "unknown"
    assert found.loc["a", "G"] == pytest.approx((0.2 + 1 / 3) / 2)
    assert found.loc["b", "G"] == pytest.approx(1 / 3)
    at = see(tmp_path, "checkpoint", checkpoint="a")
    assert pd.Series(column(at, "stderr")).isna().all()
    for page in ("balance", "training", "size", "compare"):
        see(tmp_path, page)


def test_of_duplicate_runs_the_newest_counts_and_the_others_are_listed(see, tmp_path):
    save(tmp_path / "a", {"t": choices("1111")}, day=1)
    save(tmp_path / "a", {"t": choices("1101")}, day=2)
    at = see(tmp_path)
    listed = at.sidebar.dataframe[0].value
    assert listed["file"].tolist() == ["a/results_2026-01-01T00-00-00.000000.json"]
    assert at.main.dataframe[0].value["G"].tolist() == pytest.approx([2 / 3])


def test_samples_that_are_not_the_graders_are_told_in_one_line(see, tmp_path):
    for name in ("base", "cut", "odd"):
        save(tmp_path / name, {"r": questions([0.1, 0.2])}, manifest={"base": "base"} if name != "base" else {})
    cut = next((tmp_path / "cut").glob("samples*"))
    cut.write_text(cut.read_text()[:-40])
    odd = next((tmp_path / "odd").glob("samples*"))
    odd.write_text(odd.read_text().replace("verdicts", "opinions"))
    for name, why in (("cut", "line 2: not valid JSON"), ("odd", "not graded as a rubric")):
        assert why in words(see(tmp_path, "checkpoint", checkpoint=name)).replace("\\", "")
    at = see(tmp_path, "compare", against="base", **{"with": "odd"})
    assert "cannot be compared item by item" in words(at)
    assert str(tmp_path) not in words(at).replace("\\", "")
    see(tmp_path, "questions")


def test_a_large_sample_file_and_three_hundred_checkpoints(see, tmp_path):
    save(tmp_path / "big", {"r": [question(i, 0.5, texts=("long " * 250_000, "b")) for i in range(40)]})
    assert next((tmp_path / "big").glob("samples*")).stat().st_size > 50e6
    for i in range(300):
        results = {
            "r": {"score,rubric": i / 600, "score_stderr,rubric": 0.01},
            "piqa": {"acc,none": 0.9 - i / 900, "acc_stderr,none": 0.01},
        }
        save(tmp_path / f"run-step-{i}", {}, results=results, manifest=manifest(i))
    at = see(tmp_path, "checkpoint", checkpoint="big")
    assert "more characters in the samples file" in html(at)
    assert len(see(tmp_path).main.dataframe[0].value) == 301
    for page in ("balance", "training", "size", "compare"):
        see(tmp_path, page)


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
    monkeypatch.setenv(FOLDER, str(tmp_path))
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.secrets["auth"] = whole
    at.run()
    assert [button.label for button in at.button] == ["Log in"]
    assert len(at.dataframe) + len(at.info) == 0


def test_folders_that_cannot_be_read_are_told_before_the_page_starts(tmp_path):
    serve = partial(run_leaderboard, port=0, address="localhost", headless=True, base_path="", login=False)
    for folder, why in (("", "no such folder"), ("nosuch://x/y", "nosuch")):
        with pytest.raises(EquipoiseError, match=why):
            serve(folder)
