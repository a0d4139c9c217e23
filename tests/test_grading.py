"""Grading one answer: each case is a check, an answer, and whether a fair reader calls it met."""

import random

import pytest

from equipoise.harness_ext.errors import RubricError
from equipoise.harness_ext.grading import answer_text, grade_answer
from equipoise.harness_ext.rubric import Criterion

PROMPT = "The question prints $12 and 3,720 and 8% and 18,200; compare the campaigns and say what to do about their budgets."
ECPM_OF_A = {
    "number": "7.5", "canonical": 7.5, "unit": "usd", "of": ["eCPM", "cost per (mille|thousand)"], "not_of": ["CPC"],
    "for": [r"(?-i:\bA\b)"], "not_for": [r"(?-i:\bB\b)"],
}  # fmt: skip

NUMBER = [
    (ECPM_OF_A, "A's eCPM is $7.50 and B's eCPM is $6.20.", True),
    (ECPM_OF_A, "A's eCPM is $6.20 and B's eCPM is $7.50.", False),
    (ECPM_OF_A, "Campaign A: eCPM = $1,500 / 200,000 × 1,000 = **$7.50**\nCampaign B: eCPM = $900/150000*1000 = $6.00", True),
    (ECPM_OF_A, "## Campaign A\n- Spend: $1,500\n- eCPM: $7.50\n## Campaign B\n- eCPM: $6.20", True),
    (ECPM_OF_A, "## Campaign A\n- Spend: $7.50\n- eCPM: $6.20\n## Campaign B\n- eCPM: $7.50", False),
    (ECPM_OF_A, "| Campaign | Spend | eCPM |\n|---|---|---|\n| A | $1,500 | $7.50 |\n| B | $900 | $6.20 |", True),
    (ECPM_OF_A, "| Metric | A | B |\n|---|---|---|\n| eCPM | 7.5 | 6.2 |", True),
    (ECPM_OF_A, "| Metric | A | B |\n|---|---|---|\n| eCPM | 6.2 | 7.5 |", False),
    (ECPM_OF_A, "$7.50 for A and $6.20 for B (eCPM).", True),
    (ECPM_OF_A, "The eCPM of A is $5.00. Correction: A's eCPM is $7.50.", True),
    (ECPM_OF_A, "The eCPM of A is $7.50. Correction: A's eCPM is $5.00.", False),
    (ECPM_OF_A, "A's eCPM is 7.50 EUR", False),
    (ECPM_OF_A, "1500 200000 7.5 6.2", False),
    (ECPM_OF_A, "**eCPM**\n\n- A: $7.50\n- B: $6.20", True),
    (ECPM_OF_A, "\\[ \\text{eCPM}_A = \\frac{1500}{200000} \\times 1000 = \\$7.50 \\]", True),
    (
        {"number": "9", "canonical": 9, "unit": "percent", "abs": 0.15, "of": ["shortfall"]},
        "Against this, 4,914,000 delivered leaves a shortfall of 486,000 impressions, or 9%.",
        True,
    ),
    (
        {"number": "72900", "canonical": 72900, "unit": "usd", "of": ["contract", "minimum"]},
        "The minimum costs $72,900. The only flexible line is the cancellable one, so cut there; the minimum stays.",
        True,
    ),
    (
        {"number": "72900", "canonical": 72900, "unit": "usd", "of": ["contract", "minimum"]},
        "The minimum costs $72,900. On 14 August the minimum ends.",
        True,
    ),
    (
        {"number": "8.75", "canonical": 8.75, "unit": "usd", "of": ["per extra order"]},
        "So the cost per extra order is $8.75. That is below $12, but there was also a newspaper story.",
        True,
    ),
    (
        {"number": "-11.6", "canonical": -11.6, "unit": "percent", "abs": 0.3, "of": ["web shop"]},
        "Web shop orders fell by 11.6%. The web shop's drop is beyond 8%, so clause A applies.",
        True,
    ),
    (
        {"number": "2282", "canonical": 2282, "tolerance": 0.012, "of": ["lost record", "record"]},
        "About 2,280 of the 3,720 missing purchases are lost recording.",
        True,
    ),
    (
        {"number": "6.2", "canonical": 6.2, "unit": "usd", "of": ["blended"], "for": ["October"], "not_for": ["September"]},
        "The blended CPM went from $4.25 in September to $6.20 in October.",
        True,
    ),
    (
        {"number": "4.7", "canonical": 4.7, "unit": "usd", "of": ["weights held"]},
        "| x | Sept | Oct |\n|---|---|---|\n| Blended CPM, 25/75 weights held | $4.25 | $4.70 |",
        True,
    ),
    (
        {"number": "5.44", "canonical": 5.44, "unit": "eur", "of": ["contribution"]},
        "The contribution per subscriber is EUR 5.44. Expect late cancellations after cycle 3.",
        True,
    ),
    (
        {"number": "6.9", "canonical": 6.9, "unit": "percent", "abs": 0.06, "of": ["rate"]},
        "The kept-payment rate among those is 6.9%. Both arms are comparable on day 72.",
        True,
    ),
    ({"number": "2000", "canonical": 2000, "of": ["matured"]}, "So 2,000 sign-ups have matured. Wait until day 72.", True),
    (
        {"number": "126", "canonical": 126, "unit": "gbp", "of": ["contribution", "returner"]},
        "- Holdout returner: 9 x £14 = £126 contribution.\n- It takes 77.8 returners per 1,000 to break even.",
        True,
    ),
    (
        {"number": "2138.4", "canonical": 2138.4, "unit": "usd", "of": ["Dunmore"]},
        "Dunmore: capped, so $2,138.40 a month.\nThe total increase is $358.40 a month.",
        True,
    ),
    (
        {"number": "6.2", "canonical": 6.2, "unit": "points", "abs": 0.2, "of": ["gap"]},
        "The gap is 6.2 percentage points. Compare retention after month 13.",
        True,
    ),
    (
        {"number": "7.9", "canonical": 7.9, "unit": "points", "abs": 0.2, "of": ["caused"]},
        "The increase caused a loss of 7.9%.",
        True,
    ),
    (
        {"number": "-6.67", "canonical": -6.67, "unit": "percent", "abs": 0.6, "of": ["per home"]},
        "Enquiries per home fell from 2.00 to 1.87, i.e. by 6.7%.",
        True,
    ),
    (
        {"number": "-6.67", "canonical": -6.67, "unit": "percent", "abs": 0.6, "of": ["per home"]},
        "That is 1.87 per home against 2.00 in Q1, down 6.7%.",
        True,
    ),
    (
        {"number": "0.9", "canonical": 0.9, "unit": "percent", "of": ["first impression"]},
        "On the right denominator conversion is 0.90% (1,800 of 200,000) at the first impression.",
        True,
    ),
    (
        {"number": "56.08", "canonical": 56.08, "unit": "usd", "of": ["cost per incremental( first)? order"]},
        "At $106,000 the cost per incremental first order is $56.08. As this is higher than $50, video should be paused.",
        True,
    ),
    (
        {
            "number": "-1950",
            "canonical": -1950,
            "unit": "eur",
            "abs": 60,
            "signed": True,
            "of": ["contribut\\w*"],
            "for": ["current"],
            "not_for": ["draft"],
        },
        "current: 17.94k - 10k host - 4.9k returns - 5.0k traffic = -€1.95k contribution per session\ndraft: 17.94k - 7.18k - 4.9k - 5.0k = +€0.87k contribution per session",
        True,
    ),
    (
        {"number": "9", "canonical": 9, "unit": "percent", "abs": 0.15, "of": ["shortfall"]},
        "Shortfall: 5,400,000 - 4,914,000 = 486,000 (9.0%).",
        True,
    ),
    (
        {"number": "28800", "canonical": 28800, "unit": "eur", "of": ["lost"], "not_of": ["gain\\w*", "net\\b"]},
        "Gained 60,000, lost 28,800, net 31,200 euro per week.",
        True,
    ),
    (
        {"number": "1.08", "canonical": 1.08, "unit": "percent", "of": ["third"], "not_of": ["first"]},
        "Rates on the proper base: 0.90% after the first, 1.08% after the third.",
        True,
    ),
    (
        {"number": "7.39", "canonical": 7.39, "unit": "eur", "of": ["contribut"], "for": ["H2"], "not_for": ["H4"]},
        "Verdict: H2, contributing €7.39 per 1,000 impressions (€1.97 below H4).",
        True,
    ),
    (
        {"number": "3299", "canonical": 3299, "of": ["forecast"], "for": ["Workbench"], "not_for": ["Rooftop"]},
        "Workbench forecast = 2,400,000 x 0.0995% + 3,600,000 x 0.0253% = 3,299\nRooftop forecast = 2,400,000 x 0.0807% + 3,600,000 x 0.0194% = 2,635",
        True,
    ),
    (
        {"number": "133.33", "canonical": 133.33, "unit": "eur", "of": ["additional", "incremental"]},
        "Twin: €24,000 buys 180,000 incremental people -> €133.33/1,000.",
        True,
    ),
    (
        {"number": "57.5", "canonical": 57.5, "unit": "usd", "of": ["cost"], "for": ["T42"], "not_for": ["T36"]},
        "Step costs: 36.52 (T36), 57.50 (T42).",
        True,
    ),
    (
        {"number": "-6.081", "canonical": -6.081, "unit": "percent", "abs": 0.4, "of": ["divid\\w+", "below last year"]},
        "Dividing 1.39 by 1.48 gives 0.939, so we are 6.1% below last year's growth.",
        True,
    ),
    ({"number": "7", "canonical": 7, "unit": "usd", "of": ["eCPM"]}, "The eCPM is $7. The three eCPMs rest on predictions.", True),
    (
        {
            "number": "78",
            "canonical": 78,
            "unit": "percent",
            "abs": 0.4,
            "of": ["Norland", "18 or over"],
            "for": ["Norland"],
            "not_for": ["Vesk"],
        },
        "In Norland 468,000 of the 600,000 viewers are 18 or over. That is 78%, past the bar.",
        True,
    ),
    (
        {"number": "2635", "canonical": 2635, "unit": "orders", "of": ["orders"], "for": ["Rooftop"], "not_for": ["Workbench"]},
        "Expected: 3,299 orders (Workbench) versus 2,635 orders (Rooftop).",
        True,
    ),
    (
        {"number": "1.08", "canonical": 1.08, "unit": "percent", "of": ["third"], "not_of": ["first"]},
        "On the right denominator conversion is 0.90% (1,800 of 200,000) at the first impression and 1.08% (972 of 90,000) at the third.",
        True,
    ),
    (
        {"number": "870", "canonical": 870, "unit": "eur", "abs": 40, "signed": True, "of": ["contribut\\w*"], "for": ["draft"]},
        "Under the new draft the contribution per session is €870.",
        True,
    ),
    (
        {"number": "-1954", "canonical": -1954, "unit": "eur", "abs": 40, "signed": True, "of": ["contribut\\w*"]},
        "the contribution under the current contract is +€1,954",
        False,
    ),
    ({"number": "-12", "canonical": -12, "unit": "percent", "signed": True, "of": ["CTR"]}, "CTR is 12% lower.", True),
    ({"number": "21.6", "canonical": 21.6, "unit": "usd", "of": ["contribut"]}, "**1) Contribution to date** – $21.60", True),
    (
        {"number": "36", "canonical": 36, "unit": "eur", "of": ["cost"], "for": ["cell 2"], "not_for": ["cell 1", "cell 3"]},
        "Ad cost per new customer: cell 1 €48, cell 2 €36, cell 3 €30.",
        True,
    ),
    (
        {"number": "920", "canonical": 920, "unit": "usd", "of": ["Alder"]},
        "Alder: clause 2. It was unpaid for 37 days, more than the 30 permitted -> not continuous -> list price. 40 seats × $23 = $920 per month.",
        True,
    ),
    (
        {"number": "126", "canonical": 126, "unit": "gbp", "of": ["contribution", "returner"]},
        "- Holdout returner: 9 x £14 = £126 contribution.\n- It takes 77.8 returners per 1,000 to break even.",
        True,
    ),
]

CHOICE = [
    (
        {"choice": {"approve": ["approv", "allow"], "reject": ["reject", "disapprov", "declin"]}, "answer": "reject"},
        "The ad should not be approved. If they fix it, approve.",
        True,
    ),
    (
        {"choice": {"approve": ["\\bapprov", "allow"], "reject": ["reject", "disapprov", "declin"]}, "answer": "reject"},
        "Reject. Once the disclosure is added we can approve it.",
        True,
    ),
    (
        {"choice": {"A": ["(pick|choose|scale|fund) campaign A"], "B": ["(pick|choose|scale|fund) campaign B"]}, "answer": "B"},
        "I recommend we scale campaign B rather than campaign A.",
        True,
    ),
    (
        {"choice": {"approve": ["\\bapprov(e|ed)\\b"], "decline": ["\\bdeclin(e|ed)\\b"]}, "answer": "decline"},
        "**Bottom line: not proven. Decline the permanent cap, run a clean read.**",
        True,
    ),
    (
        {"choice": {"ahead": ["cut goes ahead"], "refuse": ["goes (over )?to (media )?planning"]}, "answer": "refuse"},
        "The cut doesn't go ahead and the case goes over to media planning.",
        True,
    ),
    (
        {"choice": {"unclear": ["cannot say"], "audience": ["audience caused"]}, "answer": "unclear"},
        "Cell 2 had a different audience and also a different creative, and from these figures one cannot say which of them did it.",
        True,
    ),
    (
        {"choice": {"ahead": ["(go|goes) ahead"], "refuse": ["^no([.,;:]| -|$)"]}, "answer": "refuse"},
        "Does the cut go ahead? No. The price part is less than half.",
        True,
    ),
    (
        {"choice": {"keep": ["keep (its )?budget"], "pause": ["\\bpause"]}, "answer": "pause"},
        "- Decision: does not meet the $50 bar → pause video",
        True,
    ),
    (
        {"choice": {"a": ["full refund"], "b": ["partial refund"], "c": ["goodwill credit"]}, "answer": "a"},
        "So the buyer gets a full refund of €432.\n\nDecision: not full refund on return",
        False,
    ),
    (
        {"choice": {"s": ["suspension"], "w": ["warning"]}, "answer": "s"},
        "After adding the live points, the penalty is a 30-day suspension.",
        True,
    ),
    (
        {"choice": {"A": ["clause (?-i:A)\\b"], "B": ["clause (?-i:B)\\b"]}, "answer": "B"},
        "Under the rule this is clause B - don't touch spend, raise a measurement ticket.",
        True,
    ),
    (
        {
            "choice": {"extend": ["extend(ing|ed)?\\b"], "stop": ["\\bstop(ped|ping)?\\b", "(do not|don't) extend"]},
            "answer": "stop",
        },
        "**Decision: Stop - do not extend.**",
        True,
    ),
]

OTHER = [
    ({"any": ["guarantee[ds]? (a|an|that)"]}, "No one can guarantee that.", False),
    ({"any": ["guarantee[ds]? (a|an|that)"]}, "We guarantee that it works.", True),
    ({"order": [["alpha"], ["beta"], ["gamma"]]}, "1. Alpha - x\n2. Beta\n3. Gamma", True),
    ({"order": [["alpha"], ["beta"], ["gamma"]]}, "Ranking: beta > alpha > gamma", False),
    ({"json": "a.b", "equals": "reject"}, 'Sure:\n```json\n{"a": {"b": "Reject"}}\n```', True),
    (
        {"any": ["^\\W*h2\\b.{0,60}verdict: run\\b"]},
        "Table first.\n\n| Headline | EUR | Verdict |\n|---|---|---|\n| H2 | 7.39 | RUN |",
        True,
    ),
    ({"any": ["inventory rose 19 ?%"]}, "Inventory rose 19% while enquiries did not keep up.", True),
    ({"any": [["free box", "re-?order"]]}, "Do the customers won with a free box reorder as often?", True),
]


def criterion(check):
    return Criterion(id="it", text="as checked", points=1, dimension="reliability", check=check)


def verdict(check, answer, prompts=(PROMPT,)):
    return grade_answer(answer, [criterion(check)], prompts)[0]


@pytest.mark.parametrize(("check", "answer", "met"), NUMBER, ids=[c[1][:48] for c in NUMBER])
def test_number(check, answer, met):
    got = verdict(check, answer)
    assert got.met is met, got


@pytest.mark.parametrize(("check", "answer", "met"), CHOICE, ids=[c[1][:48] for c in CHOICE])
def test_choice(check, answer, met):
    got = verdict(check, answer)
    assert got.met is met, got


@pytest.mark.parametrize(("check", "answer", "met"), OTHER, ids=[c[1][:48] for c in OTHER])
def test_patterns_order_json(check, answer, met):
    got = verdict(check, answer)
    assert got.met is met, got


def test_all_and_none():
    check = {"all": ["holdout", ["two weeks", "margin"]], "none": ["guarantee"]}
    assert verdict(check, "Use a holdout. Compare margin after two weeks.").met
    assert not verdict(check, "Use a holdout for two weeks. Compare margin.").met
    assert not verdict(check, "Use a holdout. Compare margin after two weeks. We guarantee it.").met


def test_negation_can_be_allowed():
    check = {"any": ["scale (it|the campaign)"]}
    assert not verdict(check, "Do not scale the campaign.").met
    assert verdict(check | {"negated": "allowed"}, "Do not scale the campaign.").met


def test_length_and_format():
    assert verdict({"length": {"max_words": 4}}, "Four words, no more").met
    assert not verdict({"length": {"max_words": 3}}, "Four words, no more").met
    assert verdict({"format": "bullets"}, "- a\n- b").met
    assert verdict({"format": "table"}, "| a | b |\n|---|---|\n| 1 | 2 |").met
    assert not verdict({"format": "plain"}, "1. a\n2. b").met
    assert verdict({"format": "json"}, 'so: {"a": 1}').met


def test_judge_is_not_judged():
    assert verdict({"judge": "Is the tone fit for a client?"}, "Dear client").met is None


def test_only_what_follows_the_thinking_counts():
    assert answer_text("<think>eCPM is $7.50</think>It is $5.") == "It is $5."
    assert answer_text("<think>eCPM is $7.50") == ""
    assert not verdict(ECPM_OF_A, "<think>A's eCPM is $7.50</think>I cannot tell.").met


def test_repeating_the_question_earns_nothing():
    prompt = "The eCPM of campaign A is $7.50 according to the report of the agency."
    assert verdict(ECPM_OF_A, prompt).met
    assert not verdict(ECPM_OF_A, prompt, [prompt]).met


def test_verdict_says_what_decided():
    got = verdict(ECPM_OF_A, "A's eCPM is $6.20.")
    assert got.why == "states 6.2, right is 7.5"
    assert "$6.20" in got.span


HOSTILE = {
    "empty": "",
    "blank": " \n\t\n ",
    "megabyte": "A's eCPM is about " * 60_000,
    "numbers": " ".join(f"${i}.50" for i in range(10_000)),
    "one line of dashes": "-" * 200_000 + "x",
    "pipes": "|" * 100_000 + "\n" + "|-" * 50_000,
    "brackets": "[" * 100_000 + "](" * 1_000,
    "hashes": "# " + "#" * 100_000 + "x",
    "broken json": '{"a": ' * 20_000,
    "latex": "\\frac{" * 20_000,
    "abbreviations": "e.g. E.g. " * 20_000,
    "control characters": "".join(map(chr, range(32))) * 2_000 + "\ud800\u202e\ufeff",
    "decimals": "1." * 100_000,
    "divided": "divide 1 by " * 20_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_get_a_verdict(name):
    checks = [ECPM_OF_A, {"any": ["hold ?out.{0,80}before"]}, {"choice": {"a": ["eCPM"], "b": ["spend"]}, "answer": "b"},
              {"order": [["eCPM"], ["about"]]}, {"json": "a.b", "equals": 1}, {"format": "table"}]  # fmt: skip
    verdicts = grade_answer(HOSTILE[name], [criterion(c) for c in checks], [PROMPT])
    assert all(v.met is False for v in verdicts), verdicts


def test_random_bytes_never_crash():
    rng = random.Random(5)
    for _ in range(200):
        text = "".join(chr(rng.choice([rng.randrange(128), rng.randrange(0x3000), 10, 124, 36])) for _ in range(300))
        grade_answer(text, [criterion(ECPM_OF_A)], [text[:100]])


def test_a_pattern_that_re2_refuses_is_named():
    with pytest.raises(RubricError, match="pattern"):
        verdict({"any": ["(?=look)ahead"]}, "text")
