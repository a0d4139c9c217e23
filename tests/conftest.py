"""Shared parts of the tests: real questions, a real model, and a scripted language model for what a real one won't do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from equipoise.harness_ext.models import bundled_model
from equipoise.harness_ext.rubric import QuestionSet, load_questions

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def monetization45() -> QuestionSet:
    """The 45 questions."""
    return load_questions(ROOT / "tasks" / "monetization45")


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """Folder of the bundled model, converted once per machine."""
    return bundled_model("smollm2-135m")


QUESTION = """\
category: shop
questions:
- id: shop-01
  title: Conversion
  params:
    visits: {canonical: 2000, draw: [2500, 4000, 5000]}
    orders: {canonical: 50, draw: [75, 90, 110]}
    shop: {canonical: "Orla's \\"Mugs\\"", draw: [Kite Bags, Aster Shoes]}
  let:
    rate: "orders / visits * 100"
  prompt: |
    {{ shop }} had {{ visits|num }} visits and {{ orders }} orders.

    What is its conversion rate, and should it run the half-price sale without a control group?
  variants:
    - "Orders: {{ orders }}. Visits: {{ visits|num }}. Shop: {{ shop }}. Conversion rate? Sale without a control group, yes or no?"
    - "Is a half-price sale without a control group wise for {{ shop }}? Give the conversion rate too ({{ orders }} of {{ visits|num }} visits)."
  reference: |
    The conversion rate is {{ rate|num(2) }}%. Do not run the sale without a control group: keep a random tenth of the
    visitors at full price for two weeks and compare margin per visitor.
  criteria:
    - {id: rate, text: "Conversion rate {{ rate|num(2) }}%", points: 5, dimension: reliability, critical: true,
       check: {number: "{{ rate }}", canonical: 2.5, unit: percent, of: [conversion]}}
    - {id: decide, text: "Declines the sale as planned", points: 3, dimension: business_impact,
       check: {choice: {run: ["run the sale"], decline: ["decline the sale"]}, answer: decline}}
    - {id: margin, text: "Compares margin per visitor", points: 2, dimension: business_impact,
       check: {any: ["margin per visit"]}}
    - {id: promise, text: "Promises a lift", points: -4, dimension: reliability, check: {any: ["will (surely |certainly )?(lift|raise|boost)"]}}
  graded_answers:
    - {answer: "Conversion is 2.5%. I'd decline the sale.", met: [rate, decide]}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A one-question set with its task file; quotes and line breaks in its prompt."""
    folder = tmp_path / "shop"
    (folder / "questions").mkdir(parents=True)
    (folder / "questions" / "shop.yml").write_text(QUESTION)
    (folder / "shop.yaml").write_text(
        "task: shop\nclass: !function equipoise.harness_ext.lmeval_task.RubricTask\nmetadata:\n  version: 3\n"
    )
    return folder
