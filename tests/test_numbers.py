"""Reading numbers: values, units, and which numbers state a result."""

import pytest

from equipoise.harness_ext.grading._numbers import numbers_in, values_in

CASES = [
    ("CTR rose to 2.5%, so CPC fell from $0.80 to $0.64.", [(2.5, "percent"), (0.64, "usd")]),
    ("eCPM = $1,500 / 200,000 × 1,000 = $7.50", [(7.5, "usd")]),
    ("eCPM is $7.50, not $5", [(7.5, "usd")]),
    ("a ROAS of 3.2x, or 4.1 times", [(3.2, "x"), (4.1, "x")]),
    ("€1.234,56 or 7,50 EUR", [(1234.56, "eur"), (7.5, "eur")]),
    ("$1.2M, 3.4k clicks, 2 million users", [(1.2e6, "usd"), (3400, "clicks"), (2e6, "users")]),
    ("12 pp lower, 1.5 percentage points", [(12, "points"), (1.5, "points")]),
    ("$7.50 per 1,000 impressions", [(7.5, "usd")]),
    ("down -12% and -$300", [(-12, "percent"), (-300, "usd")]),
    ("campaign 2 has 30 clicks", [(30, "clicks")]),
    ("three weeks", [(3, "weeks")]),
    ("the cancellable one, and no one else", []),
    ("(200 x 5) + 30 = 1030", [(1030, "")]),
    ("£2,400 ÷ 120 = £20", [(20, "gbp")]),
    ("50/50 split on 10% of traffic", [(10, "percent")]),
    ("on 2024-05-01, 14 August and May 3", []),
    ("net = 100 - 30 - 20 = 50", [(50, "")]),
    ("€88.24 / 1,000", [(88.24, "eur")]),
    ("dividing 1.39 by 1.48 gives 0.939", [(0.939, "")]),
    ("2,280 of the 3,720 orders", [(2280, "of")]),
    ("cell 1 €48, cell 2 €36", [(48, "eur"), (36, "eur")]),
    ("iOS17, Q3, the 4th week", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[c[0][:40] for c in CASES])
def test_numbers_in(text, expected):
    assert [(round(n.value, 6), n.unit) for n in numbers_in(text)] == expected


def test_range_keeps_both_ends():
    (days, share) = numbers_in("between 5 and 7 days; 5-7%")
    assert (days.value, days.upper, days.unit) == (5, 7, "days")
    assert (share.value, share.upper, share.unit) == (5, 7, "percent")


def test_ambiguous_separator_keeps_both_readings():
    assert numbers_in("1.500 subscribers")[0].readings == (1.5, 1500)


def test_values_in_keeps_what_statements_leave_out():
    assert values_in("from $0.80 to 5 × 3") == {0.8, 5, 3}


def test_ten_thousand_numbers_are_bounded():
    assert len(numbers_in(" ".join(str(i) for i in range(10_000)))) <= 400
