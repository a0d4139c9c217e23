"""Reading result folders and showing one run."""

import json

import pytest
from test_lmeval_task import GOOD, evaluate

from equipoise.harness_ext.errors import ResultsError
from equipoise.harness_ext.results import Run, latest_run
from equipoise.harness_ext.summary import print_summary, summarise


@pytest.fixture
def folder(shop, tmp_path):
    """A real run's files, written as lm-eval writes them."""
    results, _ = evaluate(shop, [GOOD, "[red]No idea[/red] <script>", "Conversion is 2.5%."])
    samples = results.pop("samples")["shop"]
    out = tmp_path / "out" / "model"
    out.mkdir(parents=True)
    (out / "results_2026-01-01T00-00-00.json").write_text(json.dumps(results, default=str))
    with (out / "samples_shop_2026-01-01T00-00-00.jsonl").open("w") as file:
        file.writelines(json.dumps(row, default=str) + "\n" for row in samples)
    return tmp_path / "out"


def test_summary_is_the_samples_in_figures(folder):
    run = latest_run(folder)
    summary = summarise(run, "shop", run.samples("shop"))
    assert (summary.questions, summary.answers, summary.critical_failures) == (1, 3, 1)
    assert summary.metrics["score"].mean == pytest.approx((1.0 + 0 + 0.5) / 3)
    assert summary.consistency == 0.0
    assert summary.categories == [("shop", pytest.approx(0.5), 1)]


def test_printed_summary_shows_answer_and_verdicts(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    print_summary(folder, "shop-01")
    shown = capsys.readouterr().out
    assert "Conversion rate 2.50%" in shown
    assert "states 2.5" in shown
    assert "margin per visitor" in shown
    assert "samples_shop_2026-01-01T00-00-00.jsonl" in shown


def test_newest_run_wins(folder):
    newer = folder / "model" / "results_2026-02-01T00-00-00.json"
    newer.write_text('{"results": {}}')
    assert latest_run(folder).path == newer


def test_bad_result_folders(folder, tmp_path):
    with pytest.raises(ResultsError, match="it has shop-01"):
        print_summary(folder, "shop-99")
    with pytest.raises(ResultsError, match=r"no results_\*\.json"):
        latest_run(tmp_path / "shop")
    (path,) = folder.rglob("samples_*")
    path.write_text(path.read_text()[:-30])
    with pytest.raises(ResultsError, match="line 1: not valid JSON, the file may be cut off"):
        print_summary(folder)
    path.unlink()
    with pytest.raises(ResultsError, match="--log_samples"):
        print_summary(folder)
    (path,) = folder.rglob("results_*")
    path.write_text("{")
    with pytest.raises(ResultsError, match="cut off"):
        latest_run(folder)
    path.write_text('{"results": {"piqa": {"acc,none": 0.5}}}')
    with pytest.raises(ResultsError, match=r"samples_piqa.*--log_samples"):
        print_summary(folder)
    path.with_name(path.name.replace("results_", "samples_piqa_")).with_suffix(".jsonl").write_text(
        '{"doc_id": 0, "doc_hash": "a", "filter": "none", "doc": {}, "target": "", "arguments": {}, "filtered_resps": []}'
    )
    with pytest.raises(ResultsError, match="no rubric task, and no general task with a known chance level; it has piqa"):
        print_summary(folder)


def test_the_table_of_general_abilities(tmp_path, capsys):
    rows = [
        {
            "doc_id": i,
            "doc_hash": str(i),
            "filter": "none",
            "doc": {"tier": 1 + i % 2},
            "target": "",
            "arguments": {},
            "filtered_resps": [],
            "acc": float(i % 4 > 0),
            "bpb": 2.0,
        }
        for i in range(8)
    ]
    (tmp_path / "samples_quiz_1.jsonl").write_text("\n".join(map(json.dumps, rows)))
    results = {"results": {"quiz": {"acc,none": 0.75}}, "configs": {"quiz": {"metadata": {"chance": 0.5}}}}
    (tmp_path / "results_1.json").write_text(json.dumps(results))
    print_summary(tmp_path)
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("quiz"))
    # 6 of 8 right above 0.5; tier 1 (even) 2 of 4, tier 2 (odd) 4 of 4
    assert line.split() == ["quiz", "8", "0.750", "0.50", "+0.500", "-0.27…+1.27", "2.00", "+0.00", "+1.00"]


def test_an_unjudged_critical_criterion_is_said_to_be_unknown(shop, tmp_path):
    path = shop / "questions" / "shop.yml"
    judged = '    - {id: tone, text: Fit for a client, points: 1, dimension: reliability, critical: true, check: {judge: "Is the tone fit?"}}\n'
    path.write_text(path.read_text().replace("  graded_answers:", judged + "  graded_answers:"))
    results, _ = evaluate(shop, [GOOD])
    rows = [json.loads(json.dumps(row, default=str)) for row in results.pop("samples")["shop"]]
    summary = summarise(Run(tmp_path / "results_x.json", results), "shop", rows)
    assert (summary.unjudged_critical, summary.critical_failures) == (1, 0)
    assert summary.coverage == pytest.approx(14 / 15)
