"""One ability of `general_core` as an lm-eval task.

    task: general_core_knowledge
    class: !function equipoise.tasks.general_core.task.AbilityTask
    output_type: multiple_choice
    doc_to_text: "Question: {{question}}\nAnswer:"
    metadata: {version: 1, ability: knowledge, chance: 0.25}

Choices are compared by the likelihood of their text; answers that are written are also asked for the likelihood of a
right one, in the same run. `--metadata seed=3` redraws the procedural abilities. Written for lm-eval 0.4.13.

Metrics: `acc` and `acc_norm` (per byte of a choice) or `exact_match`; `above_chance` = (m − c) / (1 − c) of the metric m that
counts, unclipped; `bpb`, bits per byte of the right answer, which moves before the accuracy does.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import datasets
import numpy as np
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from equipoise.harness_ext.errors import EquipoiseError, report_mistakes_in_one_line
from equipoise.tasks.general_core.items import documents
from equipoise.tasks.general_core.procedural.instructions import satisfied

GRADER = "1"
"""Part of a score's identity: a change here or in `satisfied` that can move a score changes it."""

_SUM = re.compile(r"[\d\s.,()+*/x×÷-]*=\s*(?=-?\d)")
"""What stands before the result where an answer is told with its sum: `3 + 4 = 7`."""
_NUMBER = re.compile(r"(?:(?<![\w.)])-)?\d[\d,]*(?:\.\d+)?")
HIGHER_IS_BETTER = {"acc": True, "acc_norm": True, "exact_match": True, "constraints": True, "above_chance": True, "bpb": False}


class AbilityTask(ConfigurableTask):  # type: ignore[misc]
    """A task whose documents are made here; see the module's docstring for its YAML."""

    def __init__(self, config: dict[str, Any]):
        report_mistakes_in_one_line()
        config = {k: v for k, v in config.items() if k != "class"}
        metadata = {"seed": 0, **(config.get("metadata") or {})}
        try:
            metadata["seed"] = int(str(metadata["seed"]))
        except ValueError:
            raise EquipoiseError(f"seed must be a whole number, not {metadata['seed']!r}, e.g. --metadata seed=3") from None
        self.documents = documents(str(metadata["ability"]), metadata["seed"])
        # a score is kept for these very items: whoever changes one has it computed again
        metadata["grader"] = GRADER
        metadata["items"] = hashlib.sha256(json.dumps(self.documents, sort_keys=True).encode()).hexdigest()[:12]
        self.OUTPUT_TYPE = config["output_type"]
        choices = {"doc_to_choice": "choices"} if self.OUTPUT_TYPE == "multiple_choice" else {}
        metrics = config.pop("metrics")
        super().__init__(
            config={
                "test_split": "test",
                **choices,
                "doc_to_target": "answer",
                "num_fewshot": 0,
                "process_results": partial(measure, metrics=metrics, chance=float(metadata["chance"])),
                "metric_list": [_metric(name) for name in ("above_chance", *metrics, "bpb")],
                **config,
                "metadata": metadata,
            }
        )

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Make the documents; nothing is fetched."""
        self.dataset = {"test": datasets.Dataset.from_list(self.documents)}

    def fewshot_context(
        self, doc: dict[str, Any], num_fewshot: int, system_instruction: str | None = None, **options: Any
    ) -> str | list[str]:
        """A document with `messages` is a conversation: real turns with a chat template, a transcript without."""
        template = options.get("chat_template") if options.get("apply_chat_template") else None
        if template is None or "messages" not in doc:
            context: str | list[str] = super().fewshot_context(doc, num_fewshot, system_instruction, **options)
            return context
        system = [{"role": "system", "content": system_instruction}] if system_instruction else []
        return str(template([*system, *({"role": m["role"], "content": m["content"]} for m in doc["messages"])]))

    def construct_requests(self, doc: dict[str, Any], ctx: str | list[str], **kwargs: Any) -> list[Instance]:
        """One log-likelihood per choice; for a written answer the generation, and the log-likelihood of a right one."""
        if self.OUTPUT_TYPE == "multiple_choice":
            requests: list[Instance] = super().construct_requests(doc, ctx, **kwargs)
            return requests
        delimiter = "" if kwargs.pop("apply_chat_template", False) else self.config.target_delimiter
        kwargs.pop("chat_template", None)
        generation = deepcopy(self.config.generation_kwargs)
        return [
            Instance(request_type="generate_until", doc=doc, arguments=(ctx, generation), idx=0, **kwargs),
            Instance(request_type="loglikelihood", doc=doc, arguments=(ctx, delimiter + _right_answer(doc)), idx=1, **kwargs),
        ]


def measure(doc: dict[str, Any], results: Sequence[Any], *, metrics: Sequence[str], chance: float) -> dict[str, float]:
    """The metrics of one document: of the log-likelihoods of its choices, or of the written text and a right answer's."""
    if "choices" in doc:
        logprobs = [logprob for logprob, _ in results]
        found = _choice(doc, logprobs)
        right = logprobs[doc["answer"]]
    else:
        text, (right, _) = results
        found = _constraints(doc, text) if "checks" in doc else {"exact_match": float(final_number(text) == float(doc["answer"]))}
    found = {name: found[name] for name in metrics}
    counted = found.get("acc_norm", found.get("acc", found.get("exact_match", 0.0)))
    bits = -right / math.log(2) / len(_right_answer(doc).encode())
    return {"above_chance": (counted - chance) / (1 - chance), **found, "bpb": bits}


def final_number(text: str) -> float | None:
    """The number an answer ends on: what its last "answer is" says, else its last number at all."""
    text = text.replace("−", "-")
    at = text.lower().rfind("answer is")
    said = text[at + len("answer is") :].lstrip(" :*$").split("\n")[0] if at >= 0 else ""
    found = _NUMBER.findall(_SUM.sub("", said, count=1))[:1] or _NUMBER.findall(text)[-1:]
    return float(found[0].replace(",", "")) if found else None


def _metric(name: str) -> dict[str, Any]:
    return {"metric": name, "aggregation": "mean", "higher_is_better": HIGHER_IS_BETTER[name]}


def _choice(doc: dict[str, Any], logprobs: Sequence[float]) -> dict[str, float]:
    per_byte = np.array(logprobs) / [len(choice.encode()) for choice in doc["choices"]]
    return {name: float(np.argmax(by) == doc["answer"]) for name, by in (("acc", logprobs), ("acc_norm", per_byte))}


def _constraints(doc: dict[str, Any], text: str) -> dict[str, float]:
    met = satisfied(text, json.loads(doc["checks"]))
    return {"acc": float(all(met)), "constraints": sum(met) / len(met)}


def _right_answer(doc: dict[str, Any]) -> str:
    """The text whose likelihood is measured."""
    if "choices" in doc:
        return str(doc["choices"][doc["answer"]])
    return str(doc["good"] if "checks" in doc else doc["solution"])
