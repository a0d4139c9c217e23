"""Checkpoints against their base: files as lm-eval 0.4 writes them, numbers worked out by hand."""

import json
import sys
from hashlib import sha256
from statistics import mean

import pytest
from conftest import BIN
from test_cli import run

from equipoise.cli import main
from equipoise.harness_ext.compare import compare
from equipoise.harness_ext.errors import ResultsError
from equipoise.leaderboard.reports import paragraph

COLOURS = ["red", "green", "blue", "grey"]
RATE = {"id": "rate", "text": "States the rate", "points": 8, "dimension": "reliability", "critical": True}
LIFT = {"id": "lift", "text": "Promises a lift", "points": -2, "dimension": "business_impact"}


# fmt: off
def row(filter_name, doc, target, requests, answers, prompt=None, **metrics):
    """One line of a samples file, as lm-eval 0.4.13 writes it: log-likelihoods are text."""
    arguments = {f"gen_args_{i}": dict(zip(("arg_0", "arg_1"), request, strict=True)) for i, request in enumerate(requests)}
    hashed = {"doc_hash": json.dumps(doc), "prompt_hash": prompt or requests[0][0], "target_hash": str(target)}
    return {"doc": doc, "target": str(target), "arguments": arguments, "resps": [[a] for a in answers], "filtered_resps": answers,
            "filter": filter_name, "metrics": list(metrics), **{k: sha256(v.encode()).hexdigest() for k, v in hashed.items()}, **metrics}


def choice(item, right, *, choices=COLOURS, metric="acc", prompt=None, answer=0, **doc):
    """Multiple choice: the first choice is right, the second the mistake that is made."""
    doc = {"id": str(item), "question": f"Which colour has {item}?", "choices": list(choices), "answer": answer, **doc}
    scores = [["-1.5" if i == (answer if right else 1) else "-9.25", "False"] for i in range(len(choices))]
    requests = [(f"{doc['question']}\nAnswer:", f" {c}") for c in choices]
    return row("none", doc, answer, requests, scores, prompt, **{metric: float(right)})


def choices(rights, **more):
    """A whole task; "1101" is three right and one wrong."""
    return [choice(i, c == "1", **more) for i, c in enumerate(rights)]


def question(item, score, *, category="pricing", critical=False, form=0, texts=("An answer.", "Another."), harm=0.0, **metrics):
    """A rubric question with two phrasings."""
    doc = {"id": f"q-{item}", "category": category, "title": f"Title {item}", "form": form, "prompt": f"Prompt {item}, form {form}",
           "prompts": ["a", "b"], "criteria": json.dumps([RATE, LIFT])}
    verdicts = [{"id": "rate", "met": not critical, "why": "states 2.5", "span": "2.5"}, {"id": "lift", "met": harm > 0, "why": "", "span": ""}]
    graded = [[json.dumps({"verdicts": verdicts, "graded_text": text, "truncated": False})] for text in texts]
    known = dict.fromkeys(("score", "reliability", "business_impact", "pass_all", "pass_any"), score) | {
        "harm_any": harm, "flip_rate": 0.0, "critical_failure": float(critical), "coverage": 1.0, "truncated": 0.0}
    return row("rubric", doc, "ref", [(doc["prompt"], {}), ("b", {})], graded, **known | metrics)


def questions(scores, **more):
    """A whole rubric task."""
    return [question(i, score, **more) for i, score in enumerate(scores)]


def save(folder, samples, *, day=1, version=1, metadata=None, members=None, manifest=None, **more):
    """One run: `samples` holds the rows of each task."""
    stamp = f"2026-01-{day:02}T00-00-00.000000"
    folder.mkdir(parents=True, exist_ok=True)
    means = {t: {f"{m},{rows[0]['filter']}": mean(r[m] for r in rows) for m in rows[0]["metrics"]} for t, rows in samples.items()}
    config = {"generation_kwargs": {}, "repeats": 1, "metadata": {"version": version, **(metadata or {})}}
    results = {
        "results": {t: {"alias": t, **found} for t, found in means.items()}, "group_subtasks": members or {},
        "configs": {t: {"task": t, **config} for t in samples}, "versions": dict.fromkeys(samples, version),
        "n-shot": dict.fromkeys(samples, 0), "n-samples": {t: {"original": len(r), "effective": len(r)} for t, r in samples.items()},
        "config": {"model": "equipoise", "model_args": {"pretrained": "x", "dtype": "bfloat16", "engine": "vllm"}, "limit": None},
        "model_name": folder.name, "chat_template_sha": None, "system_instruction_sha": None, "total_evaluation_time_seconds": "54.4",
    }
    (folder / f"results_{stamp}.json").write_text(json.dumps(results | more))
    for task, rows in samples.items():
        lines = [json.dumps({"doc_id": i, **r}, ensure_ascii=False) + "\n" for i, r in enumerate(rows)]
        (folder / f"samples_{task}_{stamp}.jsonl").write_text("".join(lines), "utf-8")
    if manifest is not None:
        (folder / "checkpoint.json").write_text(json.dumps(manifest))
# fmt: on


def against(root, *samples, **options):
    """Comparison of checkpoints that are given as their samples, the base first."""
    names = ["base", *(f"other{i}" for i in range(len(samples) - 1))]
    for name, rows in zip(names, samples, strict=True):
        save(root / name, rows)
    return compare(names, results=root, **options)


def line(difference):
    return difference.base, difference.value, difference.mean


def test_documents_are_joined_by_hash_not_by_order(tmp_path):
    a, b, c = (lambda right, i=i: choice(i, right) for i in "abc")
    (found,) = against(tmp_path, {"t": [a(1), b(0), c(1)]}, {"t": [c(1), b(1), a(0)]}).compared
    (ability,) = found.general.abilities
    assert line(ability.difference) == pytest.approx((5 / 9, 5 / 9, 0.0))
    assert (ability.difference.better, ability.difference.worse) == (1, 1)
    assert ([f.identifier for f in ability.lost], [f.identifier for f in ability.won]) == (["a"], ["b"])


def test_the_newest_of_several_files_counts_where_it_fits(tmp_path):
    for name, rights, day, version in (
        ("base", "1111", 1, 1),
        ("base", "1100", 3, 1),
        ("new", "0000", 2, 1),
        ("new", "1110", 11, 1),
    ):
        save(tmp_path / name, {"t": choices(rights)}, day=day, version=version)
    save(tmp_path / "base", {"u": choices("1")}, day=4)
    save(tmp_path / "new", {"t": choices("0000")}, day=12, version=2)
    (c,) = compare(["base", "new"], results=tmp_path).compared
    assert line(c.general.abilities[0].difference) == pytest.approx((1 / 3, 2 / 3, 1 / 3))
    assert (c.missing, c.unmatched) == (["u"], [])
    assert "Not complete: u of the base is not scored for it." in paragraph(compare(["base", "new"], results=tmp_path), c)
    assert c.warnings == [
        "t: of new an older file counts, results_2026-01-11T00-00-00.000000.json: the newest does not fit as well"
    ]


ALL = "1" * 100
A, B, R = ({"a": choices("1")}, {"b": choices("1")}, {"r": questions([1])})
# fmt: off
MISFITS = {  # samples and options of the base, of the new one, the error
    "version": (A, {}, A, {"version": 2}, "a: base was scored with version 1, new with 2: "),
    "grader": (R, {"metadata": {"grader": "1"}}, R, {"metadata": {"grader": "2"}}, r"r: .*1 \(grader 1\), new with 1 \(grader 2\)"),
    "form": (R, {}, {"r": questions([1], form=2)}, {"metadata": {"form": 2}}, "r: base answered form 1, new form 2; "),
    "seed": (A, {}, {"a": choices("1", draw=1)}, {"metadata": {"seed": 1}}, "a: base and new have no document in common .*seed"),
    "documents": (A, {}, {"a": [choice("z", True)]}, {}, "a: base and new have no document in common .*--limit"),
    "task": (A, {}, B, {}, "no task in common: base has a; new has b"),
    "metric": (A, {}, {"a": choices("1", metric="acc_norm")}, {}, "a: base was scored by acc, new by acc_norm"),
    "members": (A, {"members": {"g": ["a"]}}, A | B, {"members": {"g": ["a", "b"]}}, "g: base has its tasks a, new a, b; "),
}
# fmt: on


@pytest.mark.parametrize("what", MISFITS)
def test_what_does_not_belong_together_is_one_line(what, tmp_path):
    base, base_run, new, new_run, expected = MISFITS[what]
    save(tmp_path / "base", base, **base_run)
    save(tmp_path / "base", {"r": questions([1], form=1)}, day=2, metadata={"form": 1})  # is not to blame for any of it
    save(tmp_path / "new", new, **new_run)
    with pytest.raises(ResultsError, match=rf"^{expected}".replace("has a;", "has r, a;")) as error:
        compare(["base", "new"], results=tmp_path)
    assert "\n" not in str(error.value)


def changed(old, new):
    return lambda path: path.write_text(path.read_text().replace(old, new))


DAMAGE = {
    "results cut off": (
        "results_*",
        lambda path: path.write_text(path.read_text()[:-60]),
        "json: not valid JSON, the file may be cut off",
    ),
    "samples cut off": ("samples_t*", lambda path: path.write_text(path.read_text()[:-60]), "jsonl, line 3: not valid JSON"),
    "last line gone": ("samples_t*", lambda path: path.write_text(path.read_text()[: -len('{"doc_id": 2')]), "not valid JSON"),
    "fewer samples": ("samples_t*", lambda path: path.write_text(path.read_text().split("\n")[0]), "jsonl: has 1 of 3 documents"),
    "no samples": ("samples_r*", lambda path: path.unlink(), "samples_r.*jsonl: missing; run lm_eval with --log_samples"),
    "acc": ("samples_t*", changed('"acc": 0.0', '"acc": NaN'), "t, document 2: acc is nan"),
    "bits": ("samples_t*", changed('"bpb": 1.0', '"bpb": Infinity'), "t, document 0: bpb is inf"),
    "dimension": ("samples_r*", changed('"reliability": 0.5', '"reliability": NaN'), "r, document 0: reliability is nan"),
    "critical": (
        "samples_r*",
        changed('"critical_failure": 0.0', '"critical_failure": null'),
        "r, document 0: critical_failure is None",
    ),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damaged_files_are_one_line(what, tmp_path):
    pattern, damage, expected = DAMAGE[what]
    for name in ("base", "new"):
        save(tmp_path / name, {"t": [r | {"bpb": 1.0} for r in choices("110")], "r": questions([0.5])})
    (path,) = (tmp_path / "new").glob(pattern)
    damage(path)
    with pytest.raises(ResultsError, match=expected):
        compare(["base", "new"], results=tmp_path)


def test_wrong_names_are_one_line(tmp_path, monkeypatch):
    for name in ("run-step-1", "run-step-2", "run-step-3", "other"):
        for day in (1, 2, 3):
            save(tmp_path / name, A, day=day)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "linked").symlink_to("other")
    for names, expected in (
        (["run-step-1"], "only run-step-1 to compare: name a base"),
        ([], "no series.json in it, so name the base"),
        (["run-step-1", "run-step-1/"], "run-step-1 is named twice"),
        (["other", str(tmp_path / "other")], "other is named twice"),
        (["other", "linked"], "named twice"),
        (["other", "run-step-9"], r"no such checkpoint in .*; there is run-step-3, run-step-2, run-step-1$"),
        (["other", "empty"], r"empty: no results_\*\.json in it; score it first"),
    ):
        with pytest.raises(ResultsError, match=expected):
            compare(names, results=tmp_path.relative_to(tmp_path))
    for margin in (0, 1, -0.03, float("nan")):
        with pytest.raises(ResultsError, match=r"--margin .*: must be between 0 and 1"):
            compare(["other", "run-step-1"], results=tmp_path, margin=margin)
    with pytest.raises(ResultsError, match="nothing to compare"):
        compare([])
    with pytest.raises(ResultsError, match="nowhere: no such folder"):
        compare([], results=tmp_path / "nowhere")


def test_a_series_alone_is_compared_with_its_base_in_the_order_of_steps(tmp_path):
    for name, step in (("base", None), ("s-100", 100), ("s-20", 20)):
        save(tmp_path / name, A, manifest={"name": name, "step": step})
    (tmp_path / "series.json").write_text(json.dumps({"bases": {"tokenizer": {"name": "base", "weights_hash": "0"}}}))
    found = compare([], results=tmp_path)
    assert (found.base.name, [c.name for c in found.compared]) == ("base", ["s-20", "s-100"])


def test_stock_layout_has_one_folder_per_model_inside(tmp_path):
    folders = [tmp_path / out / "org__model" for out in ("before", "after")]
    for folder in folders:
        save(folder, A)
    found = compare([str(folder.parent) for folder in folders])
    assert (found.base.name, found.compared[0].name) == ("before", "after")
    told_apart = compare([str(folder) for folder in folders])
    assert [told_apart.base.name, told_apart.compared[0].name] == [str(folder) for folder in folders]
    save(tmp_path / "after" / "org__second", A)
    with pytest.raises(ResultsError, match=r"has the results of 2 models \(org__model, org__second"):
        compare([str(folder.parent) for folder in folders])


def test_what_only_one_has_answered_does_not_count_and_is_said(tmp_path):
    base = [choice(i, right, choices=COLOURS[: 2 if i < 4 else 4]) for i, right in enumerate([1, 0, 1, 0, 1, 1])]
    against(tmp_path, {"t": base}, {"t": base[:4]})
    for names, sizes in ((["base", "other0"], "6 and 4"), (["other0", "base"], "4 and 6")):
        (c,) = compare(names, results=tmp_path).compared
        (ability,) = c.general.abilities
        assert (*line(ability.difference), ability.chance) == pytest.approx((0.0, 0.0, 0.0, 0.5))  # of two choices, on these four
        assert c.warnings == [f"t: only 4 documents are in both ({sizes} were answered)"]


def test_differing_prompts_and_settings_are_warned_about(tmp_path):
    save(tmp_path / "base", {"t": choices("1100")})
    other = [choice(i, True, prompt="another" if i < 3 else None) for i in range(4)]
    save(tmp_path / "new", {"t": other}, chat_template_sha="abc", **{"n-shot": {"t": 5}})
    warnings = compare(["base", "new"], results=tmp_path).compared[0].warnings
    assert warnings[0] == "t: few-shot examples, chat template differ"
    assert warnings[1].startswith("t: the prompts of 3 of 4 documents differ")


def strict(text):
    def refuse(constant):
        raise AssertionError(f"{constant} in JSON")

    return json.loads(text, parse_constant=refuse)


def gate(monkeypatch, *arguments, flag="--gate"):
    monkeypatch.setattr(sys, "argv", ["equipoise", "compare", flag, *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_exit_codes_of_the_gate(tmp_path, monkeypatch, capsys):
    for name, rights in (("base", ALL), ("same", ALL), ("lost", "0" * 100), ("few", "1" * 10)):
        save(tmp_path / name, {"t": choices(rights)})
    save(tmp_path / "trade", {"r": questions([0.5])})
    options = ("--results", tmp_path)
    for names, code in (
        (["same"], 0),
        (["same", "lost", "few"], 1),
        (["same", "few"], 3),
        ([], 2),
        (["trade"], 2),
        (["unknown"], 2),
    ):
        assert gate(monkeypatch, "base", *names, *options) == code, names
    assert gate(monkeypatch, "base", "lost", *options, flag="--json") == 0
    assert gate(monkeypatch, "trade", tmp_path / "trade" / "..", *options) == 2
    save(tmp_path / "trade2", {"r": questions([0.5])})
    assert gate(monkeypatch, "trade", "trade2", *options) == 3  # nothing general to tell by
    for wrong in (["--margin", "1.5"], ["--margin", "x"], ["--output", tmp_path / "r.pdf"], ["--domain", "nothing"]):
        assert gate(monkeypatch, "base", "same", *options, *wrong) == 2
    capsys.readouterr()
    assert (
        gate(monkeypatch, "base", "same", *options, "--json", "--output", tmp_path / "r.html", "--output", tmp_path / "r.MD") == 0
    )
    assert strict(capsys.readouterr().out)["base"]["name"] == "base"
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "r.MD").read_text().startswith("## Checkpoints against base")


def test_the_command_prints_the_verdict_or_one_line(tmp_path):
    for name, rights in (("base", ALL), ("lost [bold]", "0" * 100)):
        save(tmp_path / name, {"t": choices(rights)})
    done = run([BIN / "equipoise", "compare", "base", "lost [bold]", "--results", ".", "--gate"], tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.count("lost [bold]") == 2
    assert "Against base, lost [bold] has no domain task. General ability has collapsed" in done.stdout
    done = run([BIN / "equipoise", "compare", "base", "lots", "--results", ".", "--gate"], tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "equipoise: lots: no such checkpoint in .; there is lost [bold]" in done.stderr
