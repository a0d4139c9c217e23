"""The lm-eval task behind every question set: one document per question, one request per phrasing.

A task is a folder with a YAML file of a few lines and its questions beside it:

    task: monetization45
    class: !function equipoise.harness_ext.lmeval_task.RubricTask
    metadata: {version: 1}

`--metadata form=7` asks parallel form 7; `--metadata repeats=4` draws four answers per phrasing (with
`--gen_kwargs do_sample=true,temperature=0.7`). Written for lm-eval 0.4.13.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import lru_cache, partial
from itertools import zip_longest
from pathlib import Path
from statistics import mean
from typing import Any

import datasets
from lm_eval.api.filter import Filter, FilterEnsemble
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from equipoise.harness_ext.errors import RubricError, report_mistakes_in_one_line
from equipoise.harness_ext.grading import GRADER_VERSION, Verdict, answer_text, grade_answer
from equipoise.harness_ext.rubric import CANONICAL, Criterion, RenderedQuestion, fingerprint, load_questions, render_form
from equipoise.harness_ext.scoring import METRICS, question_metrics

FILTER = "rubric"
"""Name of the filter stage in result files: metrics are called "score,rubric"."""

DEFAULT_GENERATION = {"until": [], "max_gen_toks": 1024, "do_sample": False, "temperature": 0.0}
MAX_FORM = 1_000_000


class RubricTask(ConfigurableTask):  # type: ignore[misc]
    """Questions with scoring guidelines as one lm-eval task."""

    OUTPUT_TYPE = "generate_until"

    def __init__(self, config: dict[str, Any]):
        report_mistakes_in_one_line()
        config = {k: v for k, v in config.items() if k != "class"}
        metadata = dict(config.get("metadata") or {})
        self.questions_folder = _questions_folder(config, metadata)
        metadata["form"] = parse_form(metadata.get("form", CANONICAL))
        # a score is comparable only with scores of the same questions, graded by the same rules
        metadata["version"] = f"{metadata.get('version', 0)}-{fingerprint(self.questions_folder)}"
        metadata["grader"] = GRADER_VERSION
        config = {
            "output_type": "generate_until",
            "test_split": "test",
            "doc_to_text": "prompt",
            "doc_to_target": "reference",
            "num_fewshot": 0,
            "repeats": _repeats(metadata),
            "process_results": process_results,
            "metric_list": [{"metric": m, "aggregation": "mean", "higher_is_better": up} for m, up in METRICS.items()],
            **config,
            "generation_kwargs": DEFAULT_GENERATION | (config.get("generation_kwargs") or {}),
            "metadata": metadata,
        }
        super().__init__(config=config)

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Render the questions of the chosen form; nothing is fetched."""
        self.dataset = load_documents(self.questions_folder, self.config.metadata["form"])

    def build_all_requests(self, **options: Any) -> None:
        """Build the requests anew: lm-eval's request cache does not know forms, and would hand form 7 to form 0."""
        super().build_all_requests(**options | {"cache_requests": False, "rewrite_requests_cache": False})

    def fewshot_context(self, doc: dict[str, Any], *args: Any, **kwargs: Any) -> list[str]:
        """One context per phrasing, each built by lm-eval itself: a chat model's context is not plain text."""
        return [super(RubricTask, self).fewshot_context({**doc, "prompt": prompt}, *args, **kwargs) for prompt in doc["prompts"]]

    def construct_requests(self, doc: dict[str, Any], ctx: Sequence[str], **kwargs: Any) -> list[Instance]:
        """One request per phrasing."""
        kwargs.pop("apply_chat_template", None)
        kwargs.pop("chat_template", None)
        return [
            Instance(
                request_type="generate_until", doc=doc, arguments=(context, dict(self.config.generation_kwargs)), idx=i, **kwargs
            )
            for i, context in enumerate(ctx)
        ]

    def apply_filters(self) -> None:
        """Grade all answers. Built here, when the command line's generation settings are known."""
        limit = int(self.config.generation_kwargs.get("max_gen_toks", DEFAULT_GENERATION["max_gen_toks"]))
        self._filters = [FilterEnsemble(name=FILTER, filters=[partial(RubricFilter, max_gen_toks=limit)])]
        super().apply_filters()


class RubricFilter(Filter):  # type: ignore[misc]
    """Grade every answer; each becomes one JSON text, because lm-eval writes anything else as Python source."""

    def __init__(self, max_gen_toks: int = DEFAULT_GENERATION["max_gen_toks"], **kwargs: Any):  # type: ignore[assignment]
        super().__init__(**kwargs)
        self.max_gen_toks = max_gen_toks

    def apply(self, resps: Iterable[Sequence[str]], docs: Iterable[dict[str, Any]]) -> list[list[str]]:
        """Per request a list with one JSON text per draw: `verdicts`, `graded_text`, `truncated`."""
        return [
            [json.dumps(self.grade(doc, raw), ensure_ascii=False) for raw in draws] for draws, doc in zip(resps, docs, strict=True)
        ]

    def grade(self, doc: dict[str, Any], raw: str) -> dict[str, Any]:
        """Verdicts on one raw answer to one document."""
        verdicts = grade_answer(raw, criteria_of(doc), doc["prompts"])
        return {
            "verdicts": [asdict(v) for v in verdicts],
            "graded_text": answer_text(raw),
            "truncated": looks_truncated(raw, self.max_gen_toks),
        }


def process_results(doc: dict[str, Any], results: Sequence[Sequence[str]]) -> dict[str, float]:
    """Metrics of one document from the graded answers to its phrasings: computed per draw, then averaged over draws."""
    criteria = criteria_of(doc)
    per_draw = []
    for draw in zip(*results, strict=True):
        graded = [json.loads(text) for text in draw]
        metrics = question_metrics(criteria, [[Verdict(**v) for v in g["verdicts"]] for g in graded])
        per_draw.append(metrics | {"truncated": mean(float(g["truncated"]) for g in graded)})
    return {name: mean(m[name] for m in per_draw) for name in METRICS}


def load_documents(folder: Path, form: int) -> dict[str, datasets.Dataset]:
    """A question set in one form as an lm-eval dataset; its first documents are one of each category, for `--limit`."""
    by_category: dict[str, list[RenderedQuestion]] = defaultdict(list)
    for question in render_form(load_questions(folder), form):
        by_category[question.category].append(question)
    rounds = zip_longest(*by_category.values())
    return {"test": datasets.Dataset.from_list([document(q) for questions in rounds for q in questions if q])}


def document(question: RenderedQuestion) -> dict[str, Any]:
    """What a samples file keeps of a question: enough to grade its answers again."""
    fields = question.model_dump(exclude={"criteria", "prompts"})
    criteria = [c.model_dump(by_alias=True, exclude_none=True) for c in question.criteria]
    return {
        **fields,
        "prompt": question.prompts[0],
        "prompts": question.prompts,
        "criteria": json.dumps(criteria, ensure_ascii=False),
    }


def criteria_of(doc: dict[str, Any]) -> tuple[Criterion, ...]:
    """The criteria that a document carries."""
    return _parse_criteria(doc["criteria"])


@lru_cache(maxsize=4096)
def _parse_criteria(text: str) -> tuple[Criterion, ...]:
    return tuple(Criterion.model_validate(c) for c in json.loads(text))


def looks_truncated(raw: str, max_gen_toks: int) -> bool:
    """Whether an answer was probably cut off by the token limit: long enough, and it stops mid-sentence or mid-thought.

    lm-eval hands over text only, so this is an estimate: a token is at least one character.
    """
    text = raw.rstrip()
    if len(text) < max_gen_toks:
        return False
    return not answer_text(raw).strip() or text[-1] not in ".!?:)]}\"'*|`>"


def parse_form(value: object) -> int:
    """A form number from `--metadata form=…`. Raises `RubricError` for anything but canonical or 0 … 1,000,000."""
    if value == "canonical":
        return CANONICAL
    try:
        form = int(str(value))
    except ValueError:
        form = -1
    if not 0 <= form <= MAX_FORM:
        raise RubricError(f"unknown form {value!r}: use canonical (= 0) or a whole number up to {MAX_FORM}, e.g. --metadata form=7")
    return form


def _repeats(metadata: dict[str, Any]) -> int:
    try:
        repeats = int(str(metadata.get("repeats", 1)))
    except ValueError:
        repeats = 0
    if repeats < 1:
        raise RubricError(f"repeats must be a whole number from 1, not {metadata['repeats']!r}")
    return repeats


def _questions_folder(config: dict[str, Any], metadata: dict[str, Any]) -> Path:
    source = metadata.get("config_source", "inline")
    if source == "inline":
        raise RubricError(
            f"task {config.get('task')!r} must be loaded from its YAML file, so that its questions are found beside it"
        )
    return Path(source).parent
