"""Shared parts of the tests: real questions, a real model, and a scripted language model for what a real one won't do."""

from __future__ import annotations

import json
import os
import shutil
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


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory, smollm2: Path) -> Path:
    """A real Llama of 7 million random parameters, its LM head tied to the embedding, with SmolLM2's tokenizer: loads in no time, answers nonsense."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    config = LlamaConfig(
        vocab_size=49152,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        initializer_range=0.2,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy2(smollm2 / name, folder / name)
    return folder


def neighbour(base: Path, target: Path, seed: int, noise: float = 0.05) -> Path:
    """A checkpoint near another: the same tensors with noise, as training leaves them."""
    import torch
    from safetensors.torch import load_file, save_file

    shutil.copytree(base, target, ignore=shutil.ignore_patterns("*.safetensors", "checkpoint.json"))
    generator = torch.Generator().manual_seed(seed)
    weights = load_file(base / "model.safetensors")
    changed = {n: (w + noise * w.float().std() * torch.randn(w.shape, generator=generator)).to(w.dtype) for n, w in weights.items()}
    save_file(changed, target / "model.safetensors", metadata={"format": "pt"})
    return target


def lora(base: Path, target: Path, seed: int) -> Path:
    """A LoRA adapter of a base, with random weights, as peft saves it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base, dtype="auto")
    adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=16, target_modules=["q_proj", "v_proj", "down_proj"]))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    adapted.save_pretrained(target)
    return target


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """A run of three checkpoints that started from `tiny_base`, with the first and last fields a trainer writes."""
    run = tmp_path_factory.mktemp("runs") / "mix20"
    for step in (100, 200, 1000):
        folder = neighbour(tiny_base, run / f"checkpoint-{step}", seed=step)
        manifest = {"step": step, "base": str(tiny_base), "tokens": {"domain": 8 * step, "general": 2 * step}, "note": "kept"}
        (folder / "checkpoint.json").write_text(json.dumps(manifest))
    return run


TASK = """\
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{prompt}"
doc_to_choice: {choices}
doc_to_target: y
metric_list: [{{metric: acc}}, {{metric: acc_norm}}]
metadata: {{version: {version}}}
"""


def write_choice_tasks(folder: Path, version: int = 1) -> Path:
    """Two multiple-choice tasks of 12 items: `letters` (one-token choices) and `sentences` (longer ones that begin alike)."""
    folder.mkdir(exist_ok=True)
    rows = []
    for i in range(12):
        right, wrong = (i + 2) * 3, (i + 2) * 3 + 1 + i % 3
        options = [f"The shop sold {n} mugs." for n in ([right, wrong, i] if i % 2 else [i, right, wrong])]
        rows.append(
            {"q": f"Day {i}: {i + 2} customers bought three mugs each. " * (1 + i % 5), "o": options, "y": 0 if i % 2 else 1}
        )
    (folder / "rows.json").write_text(json.dumps(rows))
    listed = "{{q}}\\nA. {{o[0]}}\\nB. {{o[1]}}\\nC. {{o[2]}}\\nAnswer:"
    for name, prompt, choices in (("letters", listed, "[A, B, C]"), ("sentences", "{{q}}Answer:", "o")):
        text = TASK.format(name=name, data=folder / "rows.json", prompt=prompt, choices=choices, version=version)
        (folder / f"{name}.yaml").write_text(text)
    return folder


@pytest.fixture(scope="session")
def choice_tasks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for `--include-path` with the tasks `letters` and `sentences`."""
    return write_choice_tasks(tmp_path_factory.mktemp("choice") / "tasks")
