"""general_core: its items, what they give away, its tasks under real lm-eval."""

import json
import statistics
from collections import Counter
from pathlib import Path

import pytest
import yaml
from lm_eval.tasks import TaskManager

from equipoise.harness_ext.balance import COLLECTIONS
from equipoise.harness_ext.errors import EquipoiseError
from equipoise.tasks.general_core.items import DRAWN, documents
from equipoise.tasks.general_core.task import final_number, measure

TASKS = Path(__file__).parent.parent / "tasks"
STORED = ("knowledge", "endings", "reading", "acceptability", "refusal")
CHOSEN = (*STORED, "logic", "code_reading", "recall")
AT_LEAST = {"knowledge": 200, "endings": 150, "reading": 120, "acceptability": 200}


@pytest.fixture(scope="module")
def items():
    return {ability: documents(ability) for ability in (*STORED, *DRAWN)}


def test_enough_items_in_equal_tiers(items):
    assert sum(map(len, items.values())) >= 2_400
    for ability, docs in items.items():
        assert len(docs) >= AT_LEAST.get(ability, 160), ability
        tiers = Counter(doc["tier"] for doc in docs)
        assert set(tiers) == {1, 2, 3, 4}
        assert ability == "recall" or max(tiers.values()) == min(tiers.values()), ability
        assert {doc["tier"] for doc in docs[:4]} == {1, 2, 3, 4}, "a small --limit takes some of each"


def test_no_item_twice_and_no_identifier_twice(items):
    for ability, docs in items.items():
        assert len({doc["id"] for doc in docs}) == len(docs), ability
        bare = [{k: v for k, v in doc.items() if k not in ("id", "tier", "kind", "answer", "cluster")} for doc in docs]
        texts = [json.dumps(b | {"choices": sorted(b.get("choices", []))}, sort_keys=True) for b in bare]
        assert len(set(texts)) == len(docs), ability


@pytest.mark.parametrize("ability", CHOSEN)
def test_positions_are_balanced_and_choices_differ(items, ability):
    docs = items[ability]
    positions = Counter(doc["answer"] for doc in docs)
    choices = len(docs[0]["choices"])
    assert set(positions) == set(range(choices))
    assert max(positions.values()) - min(positions.values()) <= 1
    assert all(len({c.strip().lower() for c in doc["choices"]}) == choices for doc in docs if ability != "code_reading")
    assert all(len(set(doc["choices"])) == choices for doc in docs)


def shared(doc, keys):
    """Credit of a strategy that takes the choice of greatest key: shared among ties."""
    best = [i for i, key in enumerate(keys) if key == max(keys)]
    return (doc["answer"] in best) / len(best)


STRATEGIES = {
    "longest": lambda doc: shared(doc, [len(c.encode()) for c in doc["choices"]]),
    "shortest": lambda doc: shared(doc, [-len(c.encode()) for c in doc["choices"]]),
    "most words": lambda doc: shared(doc, [len(c.split()) for c in doc["choices"]]),
}


@pytest.mark.parametrize("ability", CHOSEN)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_length_gives_nothing_away(items, ability, strategy):
    docs = items[ability]
    chance = 1 / len(docs[0]["choices"])
    assert statistics.mean(STRATEGIES[strategy](doc) for doc in docs) == pytest.approx(chance, abs=0.05)


@pytest.mark.parametrize("ability", CHOSEN)
def test_the_majority_gives_nothing_away(items, ability):
    """Always the right answer that is most frequent, where it is offered."""
    docs = items[ability]
    chance = 1 / len(docs[0]["choices"])
    common = [text for text, _ in Counter(doc["choices"][doc["answer"]] for doc in docs).most_common(5)]
    for text in common:
        offered = [doc for doc in docs if text in doc["choices"]]
        right = sum(doc["choices"][doc["answer"]] == text for doc in offered) + (len(docs) - len(offered)) * chance
        assert right / len(docs) <= chance + 0.05, text


def test_refusals_are_balanced_in_every_tier(items):
    for tier in (1, 2, 3, 4):
        harmful = [doc["harmful"] for doc in items["refusal"] if doc["tier"] == tier]
        assert sum(harmful) * 2 == len(harmful)


@pytest.mark.parametrize("ability", DRAWN)
def test_a_seed_redraws(items, ability):
    """Another seed, other items; the same seed, the same items."""
    other = documents(ability, seed=3)
    assert other == documents(ability, seed=3)
    keys = ("question", "code", "instruction", "messages")
    texts, others = ({json.dumps([doc.get(k) for k in keys]) for doc in docs} for docs in (items[ability], other))
    assert len(texts & others) < 0.2 * len(texts)


def test_stored_items_do_not_depend_on_the_seed(items):
    assert {d["id"]: d["question"] for d in documents("knowledge", seed=3)} == {d["id"]: d["question"] for d in items["knowledge"]}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("He has 5 + 7 = 12 apples. The answer is 12.", 12),
        ("The answer is 1,200 euros, not 1,000.", 1200),
        ("The answer is 3 + 4 = 7.", 7),
        ("**Answer is: 7**\nThat is 3 more.", 7),
        ("First 3, then 4, so 7.", 7),
        ("10-3 is what is left", 3),
        ("it is -4", -4),
        ("about 2.5 metres", 2.5),
        ("The answer is 7 (since x = 3).", 7),
        ("The answer is 3 x 4 = 12 eggs, or a dozen.", 12),
        ("It is −4", -4),
        ("no idea", None),
    ],
)
def test_the_number_an_answer_ends_on(text, number):
    assert final_number(text) == number


def test_every_right_answer_counts_as_right(items):
    """The stored solutions of word problems, and the sample answers to instructions; their bad samples do not."""
    for doc in items["word_problems"]:
        assert measure(doc, [doc["solution"], (-1.0, False)], metrics=["exact_match"], chance=0.0)["exact_match"] == 1
        wrong = doc["solution"].rpartition(" ")[0] + f" {int(doc['answer']) + 1}."
        assert measure(doc, [wrong, (-1.0, False)], metrics=["exact_match"], chance=0.0)["exact_match"] == 0
    for doc in items["instructions"]:
        good, bad = (measure(doc, [doc[k], (-1.0, False)], metrics=["acc", "constraints"], chance=0.0) for k in ("good", "bad"))
        assert (good["acc"], good["constraints"]) == (1, 1)
        assert bad["acc"] == 0


def test_bits_per_byte_and_shares_above_chance():
    doc = {"choices": ["a cat", "two dogs and a cat"], "answer": 0}
    found = measure(doc, [(-10.0, False), (-12.0, False)], metrics=["acc", "acc_norm"], chance=0.5)
    assert (found["acc"], found["acc_norm"], found["above_chance"]) == (1.0, 0.0, -1.0)
    assert found["bpb"] == pytest.approx(10 / 0.6931471805599453 / 5)


def test_our_groups_name_tasks_that_exist():
    """Every member is one of ours or one of lm-eval's."""
    known = set(TaskManager().all_tasks)
    groups = {}
    for path in TASKS.rglob("*.yaml"):
        text = path.read_text()
        if text.startswith(("group:", "#")):
            config = yaml.safe_load(text)
            groups[config["group"]] = config["task"]
    assert set(groups) == set(COLLECTIONS)
    for group, members in groups.items():
        assert group in known
        assert set(members) <= known, group
    assert len(groups["general_core"]) == 10


def test_a_seed_that_is_no_number_is_one_line():
    manager = TaskManager(include_path=[str(TASKS)], include_defaults=False, metadata={"seed": "x"})
    with pytest.raises(EquipoiseError, match="seed must be a whole number, not 'x'"):
        manager.load(["general_core_knowledge"])


@pytest.mark.slow
def test_lm_eval_runs_it_on_a_real_model(smollm2):
    """Plain lm-eval with its hf model: every ability has its metrics, conversations are turns, G is the group's mean."""
    from lm_eval import simple_evaluate

    results = simple_evaluate(
        model="hf", model_args=f"pretrained={smollm2}", device="cpu", tasks=["general_core"], limit=4, apply_chat_template=True, bootstrap_iters=0,
        gen_kwargs={"max_gen_toks": 8},
    )  # fmt: skip
    per_task = {name: r["above_chance,none"] for name, r in results["results"].items() if name != "general_core"}
    assert results["results"]["general_core"]["above_chance,none"] == pytest.approx(statistics.mean(per_task.values()))
    assert all(0 < results["results"][name]["bpb,none"] < 30 for name in per_task)
    (recall,) = [r for r in results["samples"]["general_core_recall"] if r["doc_id"] == 0]
    assert recall["arguments"][0][0].count("<|im_start|>user") == sum(m["role"] == "user" for m in recall["doc"]["messages"])
