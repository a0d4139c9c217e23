"""Every page of the leaderboard on real and hostile folders, without a browser; `tests/browser` has the rest."""

import json
import random
import re
import shutil
from pathlib import Path
from statistics import mean

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from test_compare import choices, question, questions, save

from equipoise.leaderboard import data
from equipoise.leaderboard._environment import FOLDER

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
