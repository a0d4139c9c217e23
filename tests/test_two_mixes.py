"""The example of two mixes: its training data is right, and shares nothing with the questions that the model is evaluated on."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from conftest import ROOT

from equipoise.harness_ext.rubric import load_questions, render_form

sys.path.insert(0, str(ROOT / "examples" / "two_mixes"))
import domain

QUESTIONS = ROOT / "tasks" / "monetization45" / "questions"
FORMS = range(6)
COUNT = 2_000
WORDS = 8
NAMED_IN_TEXT = (
    "Alder/Amber/Birch/Cedar/Dunmore/Quillon/Tallo/Corvane/Sentria/Norland/Vesk/Workbench/Twin/Gazette/Mexico/Austria/Ana/Ben"
)
NAMED_IN_TEXT += "/Northern Post/Kanal 24/Fjord FM/Day One"
"""Names that the questions have outside their parameters."""


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+|\d+(?:[.,]\d+)*", text.lower())


def ngrams(text: str, size: int = WORDS) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[i : i + size]) for i in range(len(found) - size + 1)}


@lru_cache(maxsize=1)
def evaluation_texts() -> tuple[str, ...]:
    """Every prompt, variant, reference and title of the questions, in all forms."""
    questions = load_questions(QUESTIONS)
    rendered = [question for form in FORMS for question in render_form(questions, form)]
    return tuple(text for question in rendered for text in (*question.prompts, question.reference, question.title))


@lru_cache(maxsize=1)
def evaluation_names() -> frozenset[str]:
    """Company and product names: the text parameters that are written with a capital, and those fixed in the texts."""
    drawn = {
        value
        for _, question in load_questions(QUESTIONS)
        for name, param in question.params.items()
        for value in (param.canonical, *param.draw)
        if isinstance(value, str) and value[0].isupper() and name not in ("tier",)
    }
    return frozenset(drawn | set(NAMED_IN_TEXT.split("/")))


@lru_cache(maxsize=1)
def generated() -> tuple[domain.Item, ...]:
    return tuple(domain.items(COUNT, 0))


def test_no_eight_words_in_common() -> None:
    known = {gram for text in evaluation_texts() for gram in ngrams(text)}
    assert len(known) > 10_000
    for item in generated():
        for text in (item.prompt, item.reply):
            assert not (common := ngrams(text) & known), (item.kind, " ".join(min(common)))


def test_no_company_name_in_common() -> None:
    names = evaluation_names()
    assert {"Parlo", "Halden Media", "Quillon"} <= names
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, sorted(names, key=len, reverse=True))) + r")\b")
    for item in generated():
        assert not (found := pattern.search(item.prompt)), (item.kind, found)


def test_no_word_of_a_name_bank_in_the_questions() -> None:
    seen = {word for text in evaluation_texts() for word in words(text)}
    assert not {name for name in domain.NAMES.split() if name.lower() in seen}


def test_prompts_are_distinct_and_reproducible() -> None:
    prompts = [item.prompt for item in generated()]
    assert len(set(prompts)) == COUNT
    assert prompts[:100] == [item.prompt for item in domain.items(100, 0)]


class Inputs:
    """Facts as decimals, for the second route. Notes which were read: a prompt has to state every one of them."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self._facts, self._read = facts, set[str]()

    def __getattr__(self, name: str) -> Any:
        value = self._facts[name]
        if not isinstance(value, Fraction):
            return value
        self._read.add(name)
        return Decimal(value.numerator) / Decimal(value.denominator)


def half_up(value: Decimal, places: int = 2) -> str:
    return f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,}"


def plain(value: Decimal) -> str:
    """Money without needless decimals."""
    return half_up(value, 0 if value == value.to_integral_value() else 2)


def again_second_price(f: Inputs) -> str:
    bids = {name: float(bid) for name, bid in f.offers}
    winner = max(bids, key=lambda name: bids[name])
    price = max([float(f.floor)] + [bid for name, bid in bids.items() if name != winner])
    return f"{winner}, {f.cur}{price:.2f}"


def again_quality_rank(f: Inputs) -> str:
    winner, bid, quality = max(f.ads, key=lambda ad: ad[1] * ad[2])
    others = [float(ad[1]) * float(ad[2]) for ad in f.ads if ad[0] != winner]
    price = (Decimal(repr(round(max(others), 6))) / int(quality)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert price <= bid
    return f"{winner}, {f.cur}{price}"


def again_payback(f: Inputs) -> str:
    months, earned = 0, Decimal(0)
    while earned < f.cac:
        months, earned = months + 1, earned + f.price * f.margin / 100
    return f"{months} months"


def again_lift(f: Inputs) -> str:
    if f.x0 < f.least or f.x1 < f.least:
        return "keep testing"
    return "roll out" if f.x1 * f.n0 * 100 >= f.x0 * f.n1 * (100 + f.need) else "drop it"


def again_refund(f: Inputs) -> str:
    if f.days <= f.window and f.exports <= f.cap:
        return f"{f.cur}{plain(f.price)}"
    begun = len(range(0, int(f.days), 30))
    return f"{f.cur}{plain(f.price - f.price * begun / 12 - f.fee)}" if begun <= 9 else "no refund"


def again_tiers(f: Inputs) -> str:
    def rate(at: Decimal) -> Decimal:
        return Decimal(f.r1 if at <= f.t1 else f.r2 if at <= f.t2 else f.r3)

    hundreds = [Decimal(100 * i) for i in range(1, int(f.sales) // 100 + 1)]
    return f"{f.cur}{plain(sum((rate(h) for h in hundreds), Decimal(0)) if f.sliced else rate(f.sales) * len(hundreds))}"


def again_policy(f: Inputs) -> str:
    broken = [found < limit if sign > 0 else found > limit for limit, found, sign in (f.test1, f.test2)]
    return "block" if broken[0] else "send back" if broken[1] else "approve"


def again_proration(f: Inputs) -> str:
    due = (f.new / 30 - f.old / 30) * (30 - f.used)
    return f"a {'charge' if due > 0 else 'credit'} of {f.cur}{half_up(abs(due).quantize(Decimal('1e-9')))}"


def again_price(f: Inputs) -> str:
    change = (f.old * (1 + f.rise / 100) - f.cost) / (f.old - f.cost) * (1 - f.elastic * f.rise / 100)
    return "raise" if change > 1 else "keep"


AGAIN: dict[str, Callable[[Inputs], str]] = {
    "ctr": lambda f: half_up(f.clicks * 100 / f.imps) + "%",
    "cpa": lambda f: f.cur + half_up(f.cost / f.orders),
    "roas": lambda f: half_up(f.gross / f.cost - f.back / f.cost),
    "break_even_roas": lambda f: half_up(1 / (f.margin / 100)),
    "marginal_cpa": lambda f: (
        f"keep {f.cur}{plain(f.high)}" if f.high - f.low <= f.limit * (f.many - f.few) else f"return to {f.cur}{plain(f.low)}"
    ),
    "frequency": lambda f: half_up(f.imps / f.reach, 1),
    "second_price": again_second_price,
    "quality_rank": again_quality_rank,
    "win_rate": lambda f: f"{half_up(100 * f.wins / f.bids, 1)}% at {f.cur}{half_up(f.cost / (f.wins / 1000))}",
    "fill_rpm": lambda f: f"{half_up(100 * f.shown / f.asked, 1)}% and {f.cur}{half_up(f.earned / (f.asked / 1000))}",
    "pacing": lambda f: f"{f.cur}{half_up((f.budget - f.spent) / (f.days - f.day))} a day",
    "lift": again_lift,
    "incrementality": lambda f: "continue" if (f.with_ads - f.without) * f.margin > f.cost * 100 else "stop",
    "mrr": lambda f: f.cur + plain((f.subs - f.lost + f.new) * f.price + f.up * (f.plus - f.price)),
    "nrr": lambda f: half_up(100 + 100 * (f.grown - f.cut - f.gone) / f.start, 1) + "%",
    "ltv": lambda f: f.cur + half_up(f.price * f.margin / f.churn),
    "payback": again_payback,
    "trial": lambda f: f.cur + plain(f.trials * f.price * f.conv / 100 * (1 + f.stay / 100)),
    "proration": again_proration,
    "price_change": again_price,
    "refund": again_refund,
    "payout": lambda f: f.cur + half_up(f.price * (100 - f.take) / 100 + f.ship - (f.price + f.ship) * f.pay / 100 - f.fixed),
    "gmv_revenue": lambda f: f.cur + plain(f.gmv * (100 - f.lost) * f.take / 10_000 + f.promo),
    "commission_tiers": again_tiers,
    "vacancy": lambda f: f.cur + plain((f.rent + f.costs) * f.days / 30 + f.fee),
    "cap_rate": lambda f: half_up((f.rent * (1200 - 12 * f.empty) - 100 * f.costs) / f.price) + "%",
    "ad_policy": again_policy,
    "support_label": lambda f: next(label for label in f.order.split(", ") if label in f.said),
}


def test_every_answer_is_right_by_another_formula() -> None:
    """In decimals, and held to what every item promises."""
    for item in domain.items(5_000, 1):
        inputs = Inputs(item.facts)
        answer = AGAIN[item.kind](inputs)
        assert answer == item.facts["answer"], (item.kind, answer, item.facts["answer"], item.prompt)
        assert answer in item.reply[-len(answer) - 30 :], item.reply
        assert 30 <= len(item.reply.split()) <= 110, (item.kind, len(item.reply.split()), item.reply)
        for name in inputs._read:
            forms = {domain.show(item.facts[name], spec) for spec in ("2", "1")} | {plain(getattr(inputs, name))}
            assert any(form in item.prompt for form in forms), (item.kind, name, item.prompt)


def test_general_data_and_quiz_are_well_formed_and_apart() -> None:
    folder = ROOT / "examples" / "two_mixes"
    pairs = [json.loads(line) for line in (folder / "general.jsonl").read_text("utf-8").splitlines()]
    quiz = [json.loads(line) for line in (folder / "quiz.jsonl").read_text("utf-8").splitlines()]
    assert (len(pairs), len(quiz)) == (320, 120)
    for pair in pairs:
        assert [turn["role"] for turn in pair["messages"]] == ["user", "assistant"] * (len(pair["messages"]) // 2)
    known = {gram for pair in pairs for turn in pair["messages"] for gram in ngrams(turn["content"])}
    known |= {gram for text in evaluation_texts() for gram in ngrams(text)}
    for item in quiz:
        assert len(set(item["choices"])) == 4
        assert not ngrams(item["question"]) & known
    longest = sum(len(item["choices"][0]) > max(map(len, item["choices"][1:])) for item in quiz)
    assert 0.15 < longest / len(quiz) < 0.35


def test_the_tasks_load_and_grade() -> None:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(ROOT / "examples" / "two_mixes" / "tasks"), include_defaults=False)
    tasks = manager.load(["ads_sums", "quiz"])["tasks"]
    sums, quiz = list(tasks["ads_sums"].eval_docs), list(tasks["quiz"].eval_docs)
    assert (len(sums), len(quiz)) == (60, 120)
    assert not {doc["prompt"] for doc in sums} & {item.prompt for item in domain.items(900, 0)}
    assert tasks["ads_sums"].process_results(sums[0], [f"It is {sums[0]['answer']}."]) == {"exact_match": 1.0}
    assert tasks["ads_sums"].process_results(sums[0], ["It is 12."]) == {"exact_match": 0.0}
    assert len({doc["answer"] for doc in quiz}) == 4
