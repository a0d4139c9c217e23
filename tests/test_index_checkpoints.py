# ruff: noqa: F811  fixtures
"""Which checkpoint a file belongs to, and what is known of it."""

import pytest
from test_index import counts, index, lm_eval, results, value, write  # noqa: F401

from equipoise.leaderboard.index import Index
from equipoise.leaderboard.index._names import amount, parameters_in, series_in, step_in, time_in, tokens_in


@pytest.mark.parametrize(
    ("name", "size", "step", "series"),
    [
        ("EleutherAI/pythia-v1.1-1.4b@step63000", 1_400_000_000, 63_000, "EleutherAI/pythia-v1.1-1.4b"),
        ("70m_step128", 70_000_000, 128, "70m"),
        ("smollm2-135m", 135_000_000, None, "smollm2-135m"),
        ("org/Model-7B/checkpoint-300", 7_000_000_000, 300, "org/Model-7B"),
        ("mix20-step-24", None, 24, "mix20"),
        ("mix20-step-600-alpha-0.5", None, 600, "mix20-alpha-0.5"),
        ("checkpoint-300", None, 300, ""),
        ("step-24/final", None, 24, "final"),
        ("TinyLlama-1.1B-intermediate-step-1431k-3T", 1_100_000_000, 1_431_000, "TinyLlama-1.1B-intermediate-3T"),
        ("OLMo-2-1124-7B@stage1-step1000-tokens5B", 7_000_000_000, 1000, "OLMo-2-1124-7B@stage1-tokens5B"),
        ("Qwen3-30B-A3B", 30_000_000_000, None, "Qwen3-30B-A3B"),
        ("Mixtral-8x7B-v0.1", None, None, "Mixtral-8x7B-v0.1"),
        ("llama3.2:3b-instruct-q4_K_M", 3_000_000_000, None, "llama3.2:3b-instruct-q4_K_M"),
        ("llama-300B-tokens", None, None, "llama-300B-tokens"),
        ("gpt-4-8bit", None, None, "gpt-4-8bit"),
        ("/models/70b/qwen-7b", 7_000_000_000, None, "/models/70b/qwen-7b"),
        ("footstep-5", None, None, "footstep-5"),
    ],
)
def test_names(name, size, step, series):
    assert (parameters_in(name), step_in(name), series_in(name)) == (size, step, series)


def test_amounts_and_tokens():
    assert [amount(a) for a in ("1.4b", "300", "2T", "x", "1e3", "9" * 20)] == [1_400_000_000, 300, 2 * 10**12, None, None, None]
    assert [tokens_in(n) for n in ("x-step1-tokens5B", "m-300B-tokens", "m-1.5t-tok", "m-7b")] == [5e9, 300e9, 1.5e12, None]
    assert time_in("results_2024-04-02T10-38-22.5.json") == 1_712_054_302.5
    assert time_in("results_2024-99-02T10-38-22.json") is time_in("results.json") is None


def scored(folder, model, value=0.5, /, **manifest):
    """A folder of results with a manifest."""
    write(folder / "results_2024-01-01T00-00-00.json", lm_eval({"piqa": {"acc,none": value}}, model_name=model))
    write(folder / "checkpoint.json", manifest)


@pytest.fixture
def series(tmp_path):
    root = tmp_path / "series"
    scored(root / "base", "x", name="base-1b", weights_hash="b", parameters=1_000_000_000)
    for step in (100, 20):
        trained = {"tokens": {"domain": 8 * step, "general": 2 * step}, "mix": {"domain": 0.8, "general": 0.2}, "seed": 3}
        trained |= {
            "config_hash": "c",
            "stage": "sft",
            "learning_rate": 1e-5,
            "kind": "full",
            "base": "/models/b",
            "base_hash": "b",
        }
        scored(root / f"mix-{step}", "x", name=f"mix-step-{step}", step=step, weights_hash=str(step), **trained)
    return root


def read(root, tmp_path):
    with Index.open(str(root), database=tmp_path / "i.duckdb") as opened:
        opened.refresh()
        return opened.checkpoints().set_index("name"), opened.scores(), opened.problems().to_numpy().tolist()


def test_manifests(series, tmp_path):
    checkpoints, scores, problems = read(series, tmp_path)
    assert checkpoints.index.tolist() == ["base-1b", "mix-step-20", "mix-step-100"]
    row = checkpoints.loc["mix-step-100"]
    assert row[["series", "base", "step", "tokens", "recipe", "seed", "stage", "learning_rate", "kind"]].tolist() == [
        *("mix", "base-1b", 100, 1000, "c", 3, "sft", 1e-5, "full")
    ]
    assert (row["mix"], row["folder"], row["files"]) == ('{"domain": 0.8, "general": 0.2}', "mix-100", 1)
    assert checkpoints["is_base"].tolist() == [True, False, False]
    assert checkpoints["step"].isna().tolist() == [True, False, False]
    assert scores["checkpoint"].tolist() == checkpoints.index.tolist()
    assert problems == []


def test_a_series_file_of_the_scorer_names_the_base(tmp_path):
    root = tmp_path / "series"
    scored(root / "base", "x", name="base-1b", weights_hash="b")
    scored(root / "tuned", "x", name="tuned", weights_hash="t")
    write(root / "series.json", {"bases": {"family": {"name": "base-1b", "weights_hash": "b"}}})
    checkpoints, _, _ = read(root, tmp_path)
    assert checkpoints["base"].fillna("").to_dict() == {"base-1b": "", "tuned": "base-1b"}
    assert checkpoints["is_base"].to_dict() == {"base-1b": True, "tuned": False}


def test_one_name_in_two_folders_is_two_checkpoints(tmp_path):
    root = tmp_path / "series"
    scored(root / "a", "x", 0.1, name="twin")
    scored(root / "b", "x", 0.2, name="twin")
    scored(root / "c", "x", 0.3)
    scored(root / "d" / "c", "x", 0.4)
    write(root / "e" / "results_1.json", lm_eval({"piqa": {"acc,none": 0.5}}, model_name="twin"))
    _, scores, _ = read(root, tmp_path)
    found = dict(zip(scores["checkpoint"], scores["value"], strict=True))
    assert found == {"twin (a)": 0.1, "twin (b)": 0.2, "c (c)": 0.3, "c (d/c)": 0.4, "twin (e)": 0.5}


def test_names_stay_unique_whatever_they_are(tmp_path):
    root = tmp_path / "series"
    for i, name in enumerate(("x", "x (0)", "x", "x (0) #2", "x (2)", "x (0)", "x (1) (0)")):
        scored(root / str(i), "m", name=name)
    checkpoints, scores, _ = read(root, tmp_path)
    assert checkpoints.index.is_unique
    assert scores["checkpoint"].nunique() == 7


def test_files_that_do_not_name_their_model(tmp_path):
    root = tmp_path / "plain-7b"
    nameless = {"results": {"piqa": {"acc": 0.5}}, "versions": {"piqa": 0}}
    for path in ("1b_step10.json", "1b_step20.json", "results.json", "run-3b/checkpoint-5/results_1.json"):
        write(root / path, nameless)
    checkpoints, _, _ = read(root, tmp_path)
    known = checkpoints[["parameters", "step", "series"]].astype(object)
    assert known.where(known.notna(), None).to_numpy().tolist() == [
        [1_000_000_000, 10, "1b"],
        [1_000_000_000, 20, "1b"],
        [7_000_000_000, None, "plain-7b"],
        [3_000_000_000, 5, "run-3b"],
    ]


def test_series_yaml_is_the_last_word(series, tmp_path):
    write(
        series / "series.yaml",
        """
        checkpoints:
          "*": {size: 1.4b, series: all}
          "mix-*": {tokens: 5k, mix: {domain: 1}, base: "elsewhere"}
          "mix-step-20": {step: 21}
        roles: {"*": ignore, "pi*": domain}
        """,
    )
    checkpoints, scores, problems = read(series, tmp_path)
    assert problems == []
    assert set(checkpoints["parameters"]) == {1_400_000_000}
    assert checkpoints.loc["mix-step-20", ["step", "tokens", "mix", "base", "series"]].tolist() == [
        *(21, 5000, '{"domain": 1.0}', "elsewhere", "all")
    ]
    assert not checkpoints["is_base"].any()
    assert scores["role"].tolist() == ["domain"] * 3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("checkpoints: {a: {sise: 7b}}", "checkpoints: a: sise: unknown key"),
        ("chekpoints: {}", "chekpoints: unknown key"),
        ("checkpoints: {a: {size: big}}", "'big' is no number like 1400000000 or 1.4b"),
        ("checkpoints: {a: {step: -1}}", "checkpoints: a: step: "),
        ("checkpoints: {a: {mix: {x: .nan}}}", "checkpoints: a: mix: x: "),
        ("roles: {a: generall}", "roles: a: Input should be 'domain', 'general' or 'ignore'"),
        ("- 1", "file: "),
        ("a: [", "not valid YAML"),
        ("[" * 5000, "YAML"),
        ("\x00", "not valid YAML"),
        ("a: &a {x: 1}\nb: {<<: [*a, *a]}", "not valid YAML"),
    ],
)
def test_a_wrong_series_yaml_is_one_line_and_changes_nothing(series, tmp_path, text, reason):
    write(series / "series.yaml", text)
    checkpoints, _, problems = read(series, tmp_path)
    [[file, line]] = problems
    assert file == "series.yaml"
    assert reason in line
    assert "nothing of this file is used" in line
    assert "\n" not in line
    assert len(checkpoints) == 3


def test_a_changed_manifest_or_series_yaml_counts(index, results):
    index.refresh()
    write(results / "a" / "checkpoint.json", {"name": "renamed", "step": 7})
    assert counts(index.refresh()) == (1, 0, 0, 2)
    assert value(index, "renamed") == 0.5
    write(results / "series.yaml", "roles: {piqa: ignore}")
    assert counts(index.refresh()) == (1, 0, 0, 3)
    assert set(index.scores()["role"]) == {"ignore"}
    (results / "series.yaml").unlink()
    (results / "a" / "checkpoint.json").write_text("{")
    assert counts(index.refresh()) == (0, 1, 1, 2)
    assert set(index.scores()["role"]) == {"general"}
    assert index.checkpoints()["name"].tolist() == ["org/a-1b", "org/b-1b"]
    assert index.problems()["file"].tolist() == ["a/checkpoint.json"]


def facts(root):
    with Index.open(str(root), database=root.parent / "facts.duckdb") as found:
        found.refresh()
        return found.checkpoints().set_index("name")


def test_a_base_of_other_weights_is_no_base(tmp_path):
    root = tmp_path / "results"
    scored(root / "old", "x", name="smollm2", weights_hash="OLD")
    scored(root / "tuned", "y", name="tuned", base="smollm2", base_hash="NEW")
    scored(root / "older", "z", name="older", base="smollm2", base_hash="OLD")
    found = facts(root)
    assert found.loc["smollm2", "is_base"]  # of one of them
    assert found["base"].dropna().to_dict() == {"tuned": "smollm2 (other weights)", "older": "smollm2"}


def test_a_manifest_stands_above_the_folder_that_lm_eval_makes(tmp_path):
    root = tmp_path / "results"
    for step in (100, 200):
        folder = root / f"step-{step}"
        write(folder / "org__base" / "results_1.json", lm_eval({"piqa": {"acc,none": 0.5}}, model_name="org/base"))
        write(folder / "checkpoint.json", {"name": f"run/step-{step}", "step": step})
    write(root / "both" / "checkpoint.json", {"name": "unclear"})
    for name in ("x", "y"):  # of unknown models
        write(root / "unknown" / name / "results_1.json", lm_eval({"piqa": {"acc,none": 0.5}}, model_name=None, config={}))
    write(root / "unknown" / "checkpoint.json", {"name": "unknown", "step": 7})
    for name in ("one", "two"):
        write(root / "both" / name / "results_1.json", lm_eval({"piqa": {"acc,none": 0.5}}, model_name=name))
    assert facts(root)["step"].fillna(-1).to_dict() == {
        "run/step-100": 100,
        "run/step-200": 200,
        "one": -1,
        "two": -1,
        "x": -1,
        "y": -1,
    }


def test_an_adapter_has_the_base_that_its_file_names(tmp_path):
    root = tmp_path / "results"
    write(root / "a" / "results_1.json", lm_eval({"piqa": {"acc,none": 0.5}}))
    peft = {"model_args": "pretrained=org/model-1b,peft=ad"}
    write(root / "b" / "results_1.json", lm_eval({"piqa": {"acc,none": 0.5}}, config=peft))
    assert facts(root)["base"].dropna().to_dict() == {"ad": "org/model-1b"}


def test_two_runs_of_one_name_are_two_series(tmp_path):
    root = tmp_path / "results"
    for run in ("one", "two"):
        for step in (10, 20):
            scored(root / run / f"mix20-step-{step}", "x", name=f"mix20-step-{step}", step=step)
    scored(root / "two" / "mix20-step-30", "x", name="mix20-step-30", step=30)  # only one of them got so far
    scored(root / "two" / "s40", "x", name="mix20-step-40", step=40)
    assert sorted(facts(root)["series"].value_counts().items()) == [("mix20 (one)", 2), ("mix20 (two)", 4)]


def test_a_copy_of_the_base_is_not_the_base(tmp_path):
    root = tmp_path / "results"
    scored(root / "base", "x", name="base", weights_hash="H")
    scored(root / "run" / "step-0", "x", name="run/step-0", weights_hash="H", base="base", base_hash="H", step=0)
    scored(root / "run" / "step-9", "x", name="run/step-9", base="base", base_hash="H", step=9)
    assert facts(root).loc["run/step-9", "base"] == "base"


def test_results_in_several_folders_are_counted(tmp_path):
    root = tmp_path / "results"
    for folder in ("a", "b"):
        write(root / folder / "results_1.json", lm_eval({"piqa": {"acc,none": 0.5}}))
    assert facts(root)["folders"].tolist() == [2]
