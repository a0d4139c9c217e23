# ruff: noqa: F811  fixtures
"""Files that are broken, absurd or meant to harm: listed, and nothing else stops or leaks."""

import copy
import json
import os
import random
import time

import pytest
from test_index import counts, index, lm_eval, results, write  # noqa: F401
from test_index_formats import GROUPED, LIGHTEVAL

from equipoise.leaderboard.index import Index
from equipoise.leaderboard.index._content import UnreadableError
from equipoise.leaderboard.index._formats import read_results

BAD = {
    "": "not valid JSON",
    "nonsense": "not valid JSON",
    "[1, 2]": "holds a list",
    "null": "holds a NoneType",
    '{"results": [], "config": {}}': "the mapping 'results' is missing",
    '{"results": {}}': "no scores",
    '{"results": {"t": 3, "u": null}, "config": {}}': "no scores",
    "[" * 100_000: "nested too deeply",
    '{"a":' * 100_000: "nested too deeply",
    '{"results": {"t": {"acc": ' + "9" * 5000 + "}}}": "not valid JSON",
}


@pytest.mark.parametrize(("text", "reason"), BAD.items(), ids=range(len(BAD)))
def test_a_bad_file_is_one_line_and_stops_nothing(index, results, text, reason):
    write(results / "bad" / "results_1.json", text)
    assert index.refresh().added == 3
    [[file, line]] = index.problems().to_numpy().tolist()
    assert file == "bad/results_1.json"
    assert reason in line
    assert "\n" not in line
    assert len(line) < 300
    assert len(index.scores()) == 2
    assert counts(index.refresh()) == (0, 0, 0, 3)


def test_files_that_are_no_text_too_large_or_no_files(index, results):
    (results / "results_bytes.json").write_bytes(b"\xff\xfe\xfa{")
    with open(results / "results_huge.json", "wb") as file:
        file.truncate(2 << 30)
    with open(results / "70m_step1.json", "wb") as file:
        file.truncate(2 << 30)
    os.mkfifo(results / "results_pipe.json")
    (results / "results_folder.json").mkdir()
    start = time.monotonic()
    index.refresh()
    assert time.monotonic() - start < 5
    problems = index.problems().set_index("file")["reason"]
    assert list(problems.index) == ["results_bytes.json", "results_huge.json"]
    assert "too large" in problems["results_huge.json"]
    assert len(index.scores()) == 2


def test_samples_and_foreign_files_are_never_opened(index, results, monkeypatch):
    for name in ("samples_piqa_2024.jsonl", "samples_piqa.json", "tokenizer.json", "notes.txt", ".results_1.json"):
        with open(results / "a" / name, "wb") as file:
            file.truncate(50 << 20)
    write(results / ".hidden" / "results_1.json", lm_eval({"piqa": {"acc,none": 1}}))
    opened = []
    read = index._folder.read
    monkeypatch.setattr(index._folder, "read", lambda file, limit: opened.append(file.path) or read(file, limit))
    index.refresh()
    assert sorted(opened) == ["a/results_2024-01-01T00-00-00.json", "b/results_2024-01-01T00-00-00.json"]


def test_names_are_data(index, results, tmp_path):
    secret = write(tmp_path / "secret.json", lm_eval({"secret": {"acc,none": 1}}))
    names = [
        "../secret.json",
        str(secret),
        "<script>alert(1)</script>",
        "**bold** [a](b)",
        "a\nb\x00\x1b[31m",
        "n" * 10_000,
        "\ud800",
        "%s {x}",
    ]
    names.append("'; DROP TABLE scores; --")
    for i, name in enumerate(names):
        content = lm_eval({name: {f"{name},{name}": 0.5, "acc,none": float("nan")}}, model_name=name, chat_template=name)
        write(results / f"hostile{i}" / "results_1.json", content | {"group_subtasks": {name: [name, "x"], "x": [name]}})
        write(results / f"manifest{i}" / "results_1.json", lm_eval({name: {"acc,none": 0.5}}, equipoise={"key": name}))
        write(
            results / f"manifest{i}" / "checkpoint.json",
            {"name": name, "base": name, "mix": {name: 1}, "series": name, "stage": name},
        )
    write(results / "series.json", {"bases": {n: {"name": n, "weights_hash": n} for n in names}})
    index.refresh()
    assert "secret" not in set(index.scores()["task"])
    tasks = set(index.scores()["task"])
    assert {*names} - {"\ud800"} <= tasks
    assert "\\ud800" in tasks
    checkpoints = index.checkpoints()
    assert checkpoints["name"].is_unique
    assert len(checkpoints) == 2 + 2 * len(names)
    assert all("\n" not in reason and len(reason) < 300 for reason in index.problems()["reason"])
    for name in names[:-3]:
        assert len(index.scores(tasks=[name], metrics=[name])) == 1
    assert len(index.scores(tasks=["\ud800"])) == 3
    assert index.scores(tasks=["' OR true --"]).empty


def test_links_that_lead_out_are_not_followed(index, results, tmp_path):
    outside = write(tmp_path / "outside" / "results_1.json", lm_eval({"secret": {"acc,none": 1}}))
    (results / "results_link.json").symlink_to(outside)
    (results / "out").symlink_to(outside.parent)
    (results / "loop").symlink_to(results)
    (results / "broken.json").symlink_to(results / "nowhere.json")
    inside = write(results / "blobs" / "abc", lm_eval({"sciq": {"acc,none": 1}}, model_name="linked"))
    (results / "snapshot").mkdir()
    (results / "snapshot" / "results_2.json").symlink_to(inside)
    (results / "results_again.json").symlink_to(next(results.glob("a/*.json")))
    assert index.refresh().added == 3
    assert set(index.scores()["task"]) == {"piqa", "sciq"}
    assert set(index.scores(checkpoints=["linked"])["file"]) == {"snapshot/results_2.json"}
    assert index.problems()["file"].tolist() == ["out", "results_link.json"]
    (results / "out").unlink()
    index.refresh()
    assert index.problems()["file"].tolist() == ["results_link.json"]


def test_file_names_that_are_no_text(index, results):
    path = os.fsencode(results) + b"/results_\xff\n<b>.json"
    with open(path, "w") as file:
        json.dump(lm_eval({"sciq": {"acc,none": 1}}), file)
    index.refresh()
    assert index.scores(tasks=["sciq"])["file"].tolist() == ["results_\\udcff\n<b>.json"]


def test_an_unreadable_file_is_tried_again(index, results, monkeypatch):
    read = index._folder.read

    def refuse(file, limit):
        if file.path.startswith("a/"):
            raise PermissionError(13, "Permission denied")
        return read(file, limit)

    monkeypatch.setattr(index._folder, "read", refuse)
    assert counts(index.refresh()) == (2, 0, 0, 0)
    assert counts(index.refresh()) == (0, 0, 0, 2)
    assert index.problems()["reason"].tolist() == ["cannot be read (Permission denied)"]
    monkeypatch.setattr(index._folder, "read", read)
    assert counts(index.refresh()) == (0, 1, 0, 1)
    assert len(index.scores()) == 2


def test_groups_that_go_in_circles_or_grow_without_end():
    circle = lm_eval({"a": {"acc,none": 1}, "b": {"acc,none": 1}}, group_subtasks={"a": ["b"], "b": ["a"]})
    doubling = {f"g{i}": [f"g{i + 1}", f"g{i + 1}"] for i in range(40)}
    for content in (circle, lm_eval({"a": {"acc,none": 1}}, group_subtasks=doubling | {"g40": ["a"]})):
        found = read_results(json.dumps(content).encode(), "results")
        assert found.notes.lines() == ["group_subtasks cannot be followed: groups are left out"]
        assert [t.ability for t in found.tasks] == [t.name for t in found.tasks]


def test_absurd_counts():
    many = lm_eval({f"t{i}": {"acc,none": 1} for i in range(10_001)})
    wide = lm_eval({"t": {f"m{i},none": 1 for i in range(100_001)}})
    for content in (many, wide, LIGHTEVAL | {"results": many["results"]}):
        with pytest.raises(UnreadableError, match="no results file"):
            read_results(json.dumps(content).encode(), "results")


def test_an_endless_name_with_thousands_of_bad_numbers():
    content = lm_eval({"n" * 10_000_000: {f"{i},none": float("nan") for i in range(20_000)}})
    start = time.monotonic()
    [line] = read_results(json.dumps(content).encode(), "results").notes.lines()
    assert time.monotonic() - start < 10
    assert line.endswith("is not a number: shown as unknown, and 19999 more")
    assert len(line) < 300


def mutated(content, rng):
    """The content with some of its nodes replaced by values of other types."""
    odd = [
        None,
        True,
        -1,
        10**30,
        float("nan"),
        float("inf"),
        "",
        "x",
        "\ud800",
        [],
        [[]],
        {},
        {"": None},
        {"a": {"b": []}},
        "1e999",
    ]
    content = copy.deepcopy(content)
    for _ in range(rng.randint(1, 4)):
        node = content
        while True:
            key = rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
            if not isinstance(node[key], (dict, list)) or not node[key] or rng.random() < 0.1:
                node[key] = copy.deepcopy(rng.choice(odd))
                break
            node = node[key]
    return content


def test_a_thousand_odd_files(tmp_path):
    rng = random.Random(0)
    version_3 = {"results": {"t": {"acc": 1, "acc_stderr": 0}}, "versions": {"t": 0}, "config": {"model_args": "pretrained=a"}}
    manifest = {
        "name": "n",
        "tokens": {"a": 1},
        "mix": {"a": 1},
        "step": 1,
        "seed": 1,
        "parameters": 1,
        "base": "b",
        "learning_rate": 1,
    }
    for i in range(250):
        for j, content in enumerate((GROUPED | {"date": 1e9, "equipoise": {"key": "k"}}, LIGHTEVAL, version_3)):
            write(tmp_path / "odd" / f"{i % 100}" / f"results_{i}_{j}.json", mutated(content, rng))
        write(tmp_path / "odd" / f"{i}" / "checkpoint.json", mutated(manifest, rng))
    write(tmp_path / "odd" / "good" / "results.json", lm_eval({"sciq": {"acc,none": 0.25}}))
    with Index.open(str(tmp_path / "odd"), database=tmp_path / "i.duckdb") as index:
        refreshed = index.refresh()
        assert refreshed.added == 1001
        assert index.scores(tasks=["sciq"])["value"].tolist() == [0.25]
        assert len(index.scores(superseded=True)) > 2500
        assert index.checkpoints()["name"].is_unique
        assert index.problems()["reason"].str.contains("\n").sum() == 0


def test_a_link_onto_itself_and_names_that_are_equal_as_text(index, results):
    os.symlink(results / "loop", results / "loop")
    text = json.dumps(lm_eval({"piqa": {"acc,none": 0.5}}, model_name="c"))
    for name in (b"results_\xff.json", b"results_\\udcff.json"):
        with open(os.path.join(os.fsencode(results), name), "w") as file:
            file.write(text)
    index.refresh()
    assert counts(index.refresh())[:3] == (0, 0, 0)
    assert not index.scores(superseded=True).empty
    reasons = sorted(reason.partition(" (")[0].partition(",")[0] for reason in index.problems()["reason"])
    assert reasons == ["cannot be looked at", "is the name of two files"]
