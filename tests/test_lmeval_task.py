"""The lm-eval task, through real lm-eval: requests, grading, metrics and sample files."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import lm_eval
import pytest
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager
from test_cli import run

from equipoise.harness_ext.errors import RubricError
from equipoise.harness_ext.lmeval_task import looks_truncated, parse_form
from equipoise.harness_ext.scoring import METRICS

GOOD = "The conversion rate is 2.50%. Do not run the sale; compare margin per visitor first."


class ScriptedLM(LM):
    """Answers from a queue, in the order of the requests; keeps what it was asked."""

    def __init__(self, answers):
        super().__init__()
        self.answers, self.asked = list(answers), []

    def generate_until(self, requests, disable_tqdm=False):
        self.asked += [r.args for r in requests]
        return [self.answers[i % len(self.answers)] for i in range(len(requests))]

    def loglikelihood(self, requests, disable_tqdm=False):
        raise AssertionError("a rubric task only generates")

    loglikelihood_rolling = loglikelihood


def evaluate(folder, answers, metadata=None, **options):
    model = ScriptedLM(answers)
    manager = TaskManager(include_path=str(folder), include_defaults=False, metadata=metadata or {})
    results = lm_eval.simple_evaluate(model=model, tasks=["shop"], task_manager=manager, bootstrap_iters=0, **options)
    return results, model


def test_three_phrasings_are_three_requests_of_one_document(shop):
    results, model = evaluate(shop, [GOOD, "No idea.", "Conversion is 2.5%; we will surely boost it."])
    (sample,) = results["samples"]["shop"]
    assert len({prompt for prompt, _ in model.asked}) == 3
    assert all("2,000" in prompt and "50" in prompt for prompt, _ in model.asked)
    assert model.asked[0][1]["max_gen_toks"] == 1024
    assert set(sample["metrics"]) == set(METRICS)
    assert sample["score"] == pytest.approx((1.0 + 0.0 + 0.1) / 3)
    assert sample["pass_any"] == 1.0
    assert sample["pass_all"] == 0.0
    assert sample["harm_any"] == 1.0
    assert sample["critical_failure"] == 1.0
    graded = json.loads(sample["filtered_resps"][2][0])
    assert {v["id"]: v["met"] for v in graded["verdicts"]} == {"rate": True, "decide": False, "margin": False, "promise": True}
    assert results["results"]["shop"]["score,rubric"] == pytest.approx(sample["score"])


def test_a_form_changes_facts_and_answer(shop):
    canonical, asked = evaluate(shop, [GOOD])
    drawn, redrawn = evaluate(shop, [GOOD], metadata={"form": "7"})
    assert drawn["configs"]["shop"]["metadata"]["form"] == 7
    assert asked.asked[0][0] != redrawn.asked[0][0]
    assert drawn["results"]["shop"]["score,rubric"] < canonical["results"]["shop"]["score,rubric"]


def test_the_request_cache_of_lm_eval_never_mixes_forms(shop):
    _, seventh = evaluate(shop, [GOOD], metadata={"form": 7}, cache_requests=True)
    _, canonical = evaluate(shop, [GOOD], cache_requests=True)
    assert "2,000" in canonical.asked[0][0]
    assert "2,000" not in seventh.asked[0][0]


def test_version_follows_the_questions(shop):
    before, _ = evaluate(shop, [GOOD])
    path = shop / "questions" / "shop.yml"
    path.write_text(path.read_text().replace("points: 2", "points: 1"))
    after, _ = evaluate(shop, [GOOD])
    assert before["versions"]["shop"].startswith("3-")
    assert before["versions"]["shop"] != after["versions"]["shop"]


def test_repeats_are_graded_per_draw_then_averaged(shop):
    results, model = evaluate(shop, [GOOD, ""], metadata={"repeats": 2})
    (sample,) = results["samples"]["shop"]
    assert len(model.asked) == 6
    assert [len(draws) for draws in sample["filtered_resps"]] == [2, 2, 2]
    assert sample["score"] == pytest.approx(0.5)
    assert sample["pass_all"] == pytest.approx(0.5)  # all phrasings right in one draw, none in the other


def test_thinking_is_not_graded_and_truncation_is_reported(shop):
    long_thought = "<think>" + "The conversion rate is 2.5%. " * 100
    results, _ = evaluate(shop, [f"<think>It is 9%.</think>{GOOD}", long_thought, GOOD])
    (sample,) = results["samples"]["shop"]
    assert json.loads(sample["filtered_resps"][0][0])["graded_text"] == GOOD
    assert json.loads(sample["filtered_resps"][1][0])["graded_text"] == ""
    assert sample["truncated"] == pytest.approx(1 / 3)


def test_limit_few_shot_system_and_generation_settings(shop):
    results, model = evaluate(
        shop, [GOOD], limit=1, num_fewshot=5, system_instruction="You are terse.", gen_kwargs="max_gen_toks=64,until=STOP"
    )
    assert all(prompt.startswith("You are terse.") and prompt.count("Orla") == 1 for prompt, _ in model.asked)
    assert {options["max_gen_toks"] for _, options in model.asked} == {64}
    assert results["n-samples"]["shop"] == {"original": 1, "effective": 1}


def test_truncation_estimate():
    assert not looks_truncated("short and cut", 100)
    assert looks_truncated("word " * 100 + "and then", 100)
    assert not looks_truncated("word " * 100 + "end.", 100)


@pytest.mark.parametrize("form", ["abc", -1, "1.5", 10**9])
def test_unknown_form(shop, form):
    with pytest.raises(RubricError, match="unknown form"):
        evaluate(shop, [GOOD], metadata={"form": form})


def test_forms_that_mean_canonical():
    assert parse_form("canonical") == parse_form("0") == parse_form(0) == 0


def test_unknown_repeats(shop):
    with pytest.raises(RubricError, match="repeats must be"):
        evaluate(shop, [GOOD], metadata={"repeats": 0})


def test_the_command_line_ends_in_one_line_on_a_mistake(shop, tmp_path):
    done = run(
        [
            sys.executable,
            "-m",
            "lm_eval",
            "--model",
            "dummy",
            "--tasks",
            "shop",
            "--include_path",
            str(shop),
            "--metadata",
            "form=x",
        ],
        tmp_path,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("equipoise: unknown form 'x'")


class ChatServer:
    """A local chat completions endpoint that returns one answer and keeps the prompts it got."""

    def __init__(self, answer):
        prompts = self.prompts = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                prompts.append(request["messages"])
                body = json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": answer}}]}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()


def test_chat_api_gets_three_prompts_and_writes_readable_samples(shop, tmp_path):
    with ChatServer(GOOD) as server:
        url = f"http://127.0.0.1:{server.server.server_port}/v1/chat/completions"
        done = run(
            [sys.executable, "-m", "lm_eval", "--model", "local-chat-completions", "--model_args", f"model=local,base_url={url},num_concurrent=1",
             "--tasks", "shop", "--include_path", str(shop), "--apply_chat_template", "--system_instruction", "Be \"brief\".\nPlease.",
             "--log_samples", "--output_path", str(tmp_path / "out")],
            tmp_path,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(server.prompts) == 3
    assert all(m[0] == {"role": "system", "content": 'Be "brief".\nPlease.'} for m in server.prompts)
    asked = [m[-1]["content"] for m in server.prompts]
    assert len(set(asked)) == 3
    assert any(text.startswith('Orla\'s "Mugs" had 2,000 visits and 50 orders.\n\nWhat is') for text in asked)
    (path,) = (tmp_path / "out").rglob("samples_shop_*.jsonl")
    (row,) = [json.loads(line) for line in path.read_text().splitlines()]
    verdicts = json.loads(row["filtered_resps"][0][0])["verdicts"]
    assert verdicts[0] == {"id": "rate", "met": True, "why": "states 2.5", "span": "The conversion rate is 2.50%"} | {
        "span": verdicts[0]["span"]
    }
    assert "2.50%" in verdicts[0]["span"]
