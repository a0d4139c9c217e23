"""Real engines: SmolLM2-135M through lm-eval's transformers and vLLM backends, as the demo does it."""

import json
import sys

import pytest
from conftest import ROOT
from test_cli import run

from equipoise.harness_ext.results import latest_run
from equipoise.harness_ext.summary import rubric_tasks, summarise


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["hf", "vllm"])
def test_demo(engine, tmp_path, smollm2):
    done = run(
        [sys.executable, ROOT / "examples" / "demo.py", "--engine", engine, "--limit", "2", "--output", tmp_path / "out"],
        tmp_path,
        COLUMNS="120",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    latest = latest_run(tmp_path / "out")
    assert rubric_tasks(latest) == ["monetization45"]
    rows = latest.samples("monetization45")
    summary = summarise(latest, "monetization45", rows)
    assert (summary.questions, summary.answers) == (2, 6)
    answers = [json.loads(text) for row in rows for draws in row["filtered_resps"] for text in draws]
    assert all(len(a["graded_text"]) > 20 and len(a["verdicts"]) >= 6 for a in answers)
    assert len({row["arguments"][f"gen_args_{i}"]["arg_0"] for row in rows for i in range(3)}) == 6
    assert latest.results["configs"]["monetization45"]["generation_kwargs"]["max_gen_toks"] == 512
    for words in ("Score", "Consistency", "Critical failures", "Weakest categories", "One question", "Files"):
        assert words in done.stdout
