"""What each tool writes, read as one."""

import math

import pytest
from test_index import lm_eval

from equipoise.leaderboard.index._formats import kind_of, read_results
from equipoise.leaderboard.index._lighteval import read_lighteval
from equipoise.leaderboard.index._lm_eval import read_lm_eval
from equipoise.leaderboard.index._lm_eval_v3 import read_lm_eval_v3


def by_task(content):
    return {task.name: task for task in content.tasks}


def numbers(task):
    return {(s.metric, s.filter): (s.value, s.stderr) for s in task.scores}


GROUPED = lm_eval(
    {
        "mmlu": {"acc,none": 0.4, "acc_stderr,none": 0.1, "name": "mmlu", "sample_len": 3},
        "mmlu_stem": {"acc,none": 0.5, "acc_stderr,none": "N/A"},
        "mmlu_physics": {"acc,none": 0.5},
        "mmlu_law": {"acc,none": 0.3},
        "gsm8k": {"exact_match,strict-match": 0.1, "exact_match_stderr,strict-match": 0.02, "exact_match,flexible-extract": 0.2},
        "monetization45": {"score,rubric": -0.1, "score_stderr,rubric": 0.01},
    },
    group_subtasks={
        "equipoise": ["mmlu", "monetization45"],
        "mmlu": ["mmlu_stem", "mmlu_law"],
        "mmlu_stem": ["mmlu_physics"],
        "gsm8k": [],
    },
    higher_is_better={"gsm8k": {"exact_match": True}, "mmlu": {"acc": None}},
    configs={"mmlu_law": {"metric_list": [{"metric": "acc", "higher_is_better": True}], "num_fewshot": 5}},
    **{"n-samples": {t: {"original": 9, "effective": 7} for t in ("mmlu_physics", "mmlu_law", "gsm8k", "monetization45")}},
)


def test_groups_filters_and_abilities():
    tasks = by_task(read_lm_eval(GROUPED))
    assert [name for name, task in tasks.items() if task.is_group] == ["mmlu", "mmlu_stem"]
    assert {name: task.ability for name, task in tasks.items()} == {
        **dict.fromkeys(("mmlu", "mmlu_stem", "mmlu_physics", "mmlu_law"), "mmlu"),
        "gsm8k": "gsm8k",
        "monetization45": "monetization45",
    }
    assert numbers(tasks["gsm8k"]) == {
        ("exact_match", "strict-match"): (0.1, 0.02),
        ("exact_match", "flexible-extract"): (0.2, None),
    }
    assert numbers(tasks["mmlu_stem"]) == {("acc", "none"): (0.5, None)}
    assert [tasks[name].documents for name in ("mmlu", "mmlu_stem", "gsm8k")] == [3, None, 7]
    assert [tasks[name].scores[0].higher_is_better for name in ("gsm8k", "mmlu", "mmlu_law")] == [True, None, True]
    assert (tasks["monetization45"].form, tasks["gsm8k"].form, tasks["monetization45"].is_rubric) == (0, None, True)


def test_groups_that_are_only_under_groups():
    content = lm_eval({"piqa": {"acc,none": 0.5}}, groups={"all_of_it": {"acc,none": 0.5, "alias": "x"}, "piqa": {"f1,none": 1}})
    tasks = by_task(read_lm_eval(content))
    assert tasks["all_of_it"].is_group
    assert numbers(tasks["piqa"]) == {("f1", "none"): (1, None), ("acc", "none"): (0.5, None)}


@pytest.mark.parametrize(
    ("config", "name", "model"),
    [
        ({"model_args": "pretrained=org/m,revision=step12,dtype=float32"}, None, "org/m@step12"),
        ({"model_args": {"pretrained": "org/m", "peft": "runs/adapter"}}, "org/m", "runs/adapter"),
        ({"model_args": {"pretrained": "org/m"}, "model_revision": "main"}, "called", "called"),
        ({"model_args": "model=gpt-x,base_url=http://host/v1"}, None, "gpt-x"),
        ({"model_args": None}, None, None),
        ("nonsense", 7, "7"),
    ],
)
def test_model_names(config, name, model):
    assert read_lm_eval(lm_eval({"piqa": {"acc,none": 1}}, config=config, model_name=name)).model == model


def test_what_two_runs_must_share_to_be_the_same():
    def identity(**more):
        return read_lm_eval(lm_eval({"t": {"acc,none": 1}}, **more)).tasks[0].identity

    same = identity()
    hf = {"model": "hf", "model_args": "pretrained=org/model-1b,dtype=float32"}
    assert identity(configs={"t": {"metadata": {"form": 7, "seed": 0}}}) == same  # --metadata stands in the config of every task
    assert identity(date=1, config={**hf, "limit": None, "batch_size": 4}) == same
    assert identity(chat_template_sha=None, system_instruction=None) == same
    others = [
        identity(versions={"t": 2}),
        identity(**{"n-shot": {"t": 5}}),
        identity(config={**hf, "limit": 10}),
        identity(configs={"t": {"metadata": {"seed": 7}}}),
        identity(chat_template_sha="x"),
        identity(chat_template="{{ messages }}"),
        identity(system_instruction_sha="x"),
        identity(config={**hf, "model": "vllm"}),
        identity(config={**hf, "model_args": "pretrained=org/model-1b,dtype=bfloat16"}),
        identity(config={**hf, "model_args": hf["model_args"] + ",load_in_4bit=True"}),
        identity(config={**hf, "gen_kwargs": {"temperature": 1}}),
        identity(configs={"t": {"generation_kwargs": {"do_sample": True}}}),
        identity(configs={"t": {"repeats": 8}}),
        identity(fewshot_as_multiturn=True),
        identity(equipoise={"key": "k"}),
    ]
    assert len({same, *others}) == 16
    assert others[-1] == "k"
    assert identity(config={**hf, "limit": 10.0}) == others[2]


def test_a_known_metric_as_text_is_told():
    found = read_lm_eval(
        lm_eval({"t": {"acc,none": "N/A", "mood,none": "good", "acc_norm,none": 0.5, "acc_norm_stderr,none": "N/A"}})
    )
    assert list(found.notes.lines()) == ["t acc,none = N/A is not a number: left out"]
    assert [(s.metric, s.stderr) for s in found.tasks[0].scores] == [("acc_norm", None)]


@pytest.mark.parametrize(
    ("arguments", "model", "base"),
    [
        ("pretrained=org/base,peft=runs/ad", "runs/ad", "org/base"),
        ("pretrained=org/base,enable_lora=True,lora_local_path=/ad", "/ad", "org/base"),
        ("pretrained=org/base,revision=r1,peft=ad", "ad@r1", "org/base@r1"),
        ("pretrained=org/base,subfolder=step100", "org/base/step100", None),
        ("pretrained=org/base,gguf_file=q2.gguf", "org/base/q2.gguf", None),
        ("pretrained=org/base", "org/base", None),
    ],
)
def test_what_a_model_is_called(arguments, model, base):
    found = read_lm_eval(lm_eval({"t": {"acc,none": 1}}, config={"model_args": arguments}, model_name="org/base"))
    assert (found.model, found.base) == (model, base)


def test_numbers_that_are_none():
    content = lm_eval({"t": {"a,none": math.nan, "b,none": math.inf, "c,none": None, "d,none": "0.5", "e,none": True, " ": " "}})
    content["results"]["t"] |= {"d_stderr,none": math.nan, "f,none": 10**400, "g,none": 1, "g_stderr,none": -1}
    found = read_lm_eval(content)
    values = {metric: value for (metric, _), value in numbers(found.tasks[0]).items()}
    assert values == {"a": (None, None), "b": (None, None), "c": (None, None), "d": (0.5, None), "f": (None, None), "g": (1, None)}
    assert found.notes.lines() == ["t a,none = nan is not a number: shown as unknown, and 3 more"]


def test_evalchemy_and_other_forks():
    metrics = {"accuracy_avg": 0.3, "accuracy_std_err": 0.04, "num_total": 30, "run_stats": [1], "examples": {}}
    task = read_lm_eval({"results": {"AIME24": metrics}, "versions": {}, "config": {}}).tasks[0]
    assert numbers(task) == {("accuracy_avg", "none"): (0.3, 0.04)}


def test_lm_eval_3():
    content = {
        "results": {
            "hendrycksTest-law": {"acc": 0.2, "acc_stderr": 0.03},
            "hendrycksTest-art": {"acc": 0.4},
            "lambada": {"ppl": 9.5, "ppl_stderr": 0.5, "made_up": 1},
        },
        "versions": {"hendrycksTest-law": 0, "lambada": 1},
        "config": {"model_args": "pretrained=org/pythia-1b,revision=step8", "num_fewshot": 5, "limit": None},
    }
    found = read_lm_eval_v3(content)
    tasks = by_task(found)
    assert (found.format, found.model, found.date) == ("lm-eval 0.3", "org/pythia-1b@step8", None)
    assert [t.ability for t in found.tasks] == ["hendrycksTest", "hendrycksTest", "lambada"]
    assert [t.is_group for t in found.tasks] == [False] * 3
    assert numbers(tasks["lambada"]) == {("ppl", "none"): (9.5, 0.5), ("made_up", "none"): (1, None)}
    assert [s.higher_is_better for s in tasks["lambada"].scores] == [False, None]
    assert (tasks["lambada"].shots, tasks["lambada"].version, tasks["lambada"].documents) == (5, "1", None)


LIGHTEVAL = {
    "config_general": {"model_name": "org/m-7b", "max_samples": 50, "model_size": "13.99 GB", "lighteval_sha": "?"},
    "results": {
        "leaderboard|mmlu:law|5": {"acc": 0.4, "acc_stderr": 0.01},
        "leaderboard|mmlu:art|5": {"acc": 0.2, "acc_stderr": 0.01},
        "leaderboard|mmlu:_average|5": {"acc": 0.3, "acc_stderr": 0.01},
        "lighteval|gsm8k|0|0": {"extractive_match": 0.1, "extractive_match_stderr": 0.01},
        "all": {"acc": 0.3},
    },
    "versions": {"leaderboard|mmlu:law|5": 2, "lighteval|gsm8k|0|0": 0},
    "config_tasks": {
        "leaderboard|mmlu:law": {"effective_num_docs": 50, "metric": [{"metric_name": "acc", "higher_is_better": True}]},
        "lighteval|gsm8k|0|0": {
            "effective_num_docs": -1,
            "metrics": [{"metric_name": "extractive_match", "higher_is_better": True}],
        },
    },
}


def test_lighteval():
    found = read_lighteval(LIGHTEVAL)
    tasks = by_task(found)
    assert (found.format, found.model, found.parameters) == ("lighteval", "org/m-7b", None)
    assert list(tasks) == ["leaderboard|mmlu:law", "leaderboard|mmlu:art", "leaderboard|mmlu", "lighteval|gsm8k", "all"]
    assert [t.is_group for t in found.tasks] == [False, False, True, False, True]
    assert [t.ability for t in found.tasks] == [*["leaderboard|mmlu"] * 3, "lighteval|gsm8k", None]
    assert [t.shots for t in found.tasks] == [5, 5, 5, 0, None]
    assert [t.documents for t in found.tasks] == [50, None, None, None, None]
    assert {s.stderr for t in found.tasks for s in t.scores} == {None}
    assert tasks["lighteval|gsm8k"].scores[0].higher_is_better is True
    assert tasks["leaderboard|mmlu:law"].version == "2"


def test_lighteval_of_newer_releases():
    general = {"model_config": {"model_name": "org/m", "revision": "v2"}, "max_samples": None}
    found = read_lighteval(
        {"config_general": general, "results": {"gsm8k|0": {"em": 1}}, "config_tasks": {"gsm8k|0": {"version": 3}}}
    )
    assert (found.model, found.tasks[0].name, found.tasks[0].shots, found.tasks[0].version) == ("org/m@v2", "gsm8k", 0, "3")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("results_2024-01-01T00-00-00.json", "results"),
        ("model/results.json", "results"),
        ("70m_step8.json", "maybe"),
        ("model/checkpoint.json", "manifest"),
        ("series.json", "bases"),
        ("series.yaml", "settings"),
        ("model/series.yaml", None),
        ("model/samples_piqa_2024.json", None),
        ("samples_piqa_2024.jsonl", None),
        ("gsm8k_write_out_info.json", None),
        ("model/tokenizer.json", None),
        ("model/model.safetensors.index.json", None),
        ("results_1.parquet", None),
    ],
)
def test_which_files_are_opened(path, kind):
    assert kind_of(path) == kind


def test_json_of_other_names_is_results_only_where_it_says_so():
    results = b'{"results": {"t": {"acc": 1}}'
    assert read_results(results + b', "versions": {}}', "maybe").format == "lm-eval 0.3"
    assert read_results(results + b', "config": {}}', "maybe").tasks[0].name == "t"
    for other in (results + b"}", b'{"results": 3, "config": {}}', b'{"loss": 1}', b'{"loss": "results"'):
        assert read_results(other, "maybe") is None


def test_the_chance_level_of_a_task_comes_from_its_run_else_from_its_own_config():
    content = {
        "results": {"a": {"acc,none": 0.5}, "b": {"acc,none": 0.5}, "c": {"acc,none": 0.5}},
        "configs": {name: {"metadata": {"chance": 0.25}} for name in ("a", "b")} | {"c": {"metadata": {"chance": "high"}}},
        "equipoise": {"measures": {"a": {"metric": "acc", "chance": 0.2}}},
    }
    assert [task.chance for task in read_lm_eval(content).tasks] == [0.2, 0.25, None]
