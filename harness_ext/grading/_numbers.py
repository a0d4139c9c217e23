"""Find the numbers of one unit of text: value, unit, and what the sentence does with it.

>>> [(n.value, n.unit) for n in numbers_in("CTR rose to 2.5%, so CPC fell from $0.80 to $0.64.")]
[(2.5, 'percent'), (0.64, 'usd')]

Arithmetic operands, negated alternatives ("7.50, not 5"), starting values ("from $0.80 to"), list and entity indices
("campaign 2") are left out: they are not statements of a result.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_CURRENCY_MARKS = {
    "us$": "usd", "$": "usd", "usd": "usd", "dollar": "usd", "dollars": "usd", "€": "eur", "eur": "eur", "euro": "eur", "euros": "eur",
    "£": "gbp", "gbp": "gbp", "pound": "gbp", "pounds": "gbp", "¥": "jpy", "jpy": "jpy", "yen": "jpy", "cny": "cny", "rmb": "cny", "yuan": "cny",
    "₹": "inr", "inr": "inr", "rs": "inr", "rupees": "inr", "r$": "brl", "brl": "brl", "reais": "brl", "mx$": "mxn", "mxn": "mxn",
    "c$": "cad", "ca$": "cad", "cad": "cad", "a$": "aud", "au$": "aud", "aud": "aud", "chf": "chf", "sek": "sek", "nok": "nok", "dkk": "dkk",
    "kr": "sek", "pln": "pln", "zł": "pln", "czk": "czk", "huf": "huf", "try": "try", "₺": "try", "krw": "krw", "₩": "krw", "sgd": "sgd",
    "s$": "sgd", "hkd": "hkd", "hk$": "hkd", "nzd": "nzd", "nz$": "nzd", "zar": "zar", "aed": "aed", "thb": "thb", "idr": "idr", "vnd": "vnd",
}  # fmt: skip
CURRENCIES = frozenset(_CURRENCY_MARKS.values())

_CODES = "|".join(sorted((re.escape(m) for m in _CURRENCY_MARKS), key=len, reverse=True))
_SCALE = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mm": 1e6, "mio": 1e6, "million": 1e6, "millions": 1e6,
          "b": 1e9, "bn": 1e9, "billion": 1e9}  # fmt: skip
_WORDS = {w: float(v) for v, w in enumerate(
    ["zero", "_", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"]) if w != "_"} | {"thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "ninety": 90.0}  # fmt: skip

_NUMBER = re.compile(
    rf"""
    (?P<before>(?<![A-Za-z])(?:{_CODES})\s?)?
    (?P<sign>(?<![\w%)])[-+](?:(?:{_CODES})\s?)?)?
    (?P<digits>(?<![\d.,])(?<![A-Za-z]-)(?<![\w])(?:
        \d{{1,3}}(?:[,']\d{{3}})+(?:\.\d+)?(?![\d])      # 1,234,567.8
      | \d{{1,3}}(?:\.\d{{3}}){{2,}}(?:,\d+)?(?![\d])    # 1.234.567,8
      | \d{{1,3}}\.\d{{3}},\d{{1,2}}(?![\d])             # 1.234,56
      | \d+(?:[.,]\d+)?
      | \.\d+
      | \b(?:{"|".join(_WORDS)})\b
    ))
    (?P<scale>\s?(?:million|millions|billion|thousand|mn|mio|bn|mm)\b|[kKmMbB](?![A-Za-z]))?
    (?P<after>\s?(?:%|percentage[ -]points?\b|percent(?:age)?\b|per\ cent\b|pct\b|ppts?\b|pps?\b|p\.p\.|points?\b|bps\b|basis\ points\b)
      |[x×](?![A-Za-z])(?!\s?[\d$€£(])|\s?times\b|-?fold\b
      |\s?(?:{_CODES})(?![A-Za-z$]|\s?\d))?
    """,
    re.X | re.I,
)
_SUFFIX = {"%": "percent", "percent": "percent", "percentage": "percent", "per cent": "percent", "pct": "percent",
           "percentage point": "points", "percentage points": "points", "percentage-point": "points", "percentage-points": "points",
           "pp": "points", "pps": "points", "ppt": "points", "ppts": "points", "p.p.": "points", "point": "points", "points": "points",
           "bps": "bps", "basis points": "bps", "x": "x", "×": "x", "times": "x", "fold": "x", "-fold": "x"}  # fmt: skip
_INDEX = re.compile(
    r"\b(?:campaigns?|options?|steps?|phase|tier|variants?|group|cell|region|clause|section|rule|question|plan|article|appendix"
    r"|ad|creative|seller|team|item|line|scenario|version|table|figure|no\.?|#|§)\s*[#(]?$",
    re.I,
)
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_COUNTER = re.compile(r"\b(day|week|month|cycle|year|quarter|hour|night|age|aged)\s$", re.I)
_BASE = re.compile(r"^[%\s]*(?:out\s)?of\s(?:the|all|these|those|its|their|our)?\s?$", re.I)
_DATE = re.compile(
    rf"(?<!\d)(?:19|20)\d\d[-/]\d\d?[-/]\d\d?(?!\d)|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}\b(?: (?:19|20)\d\d\b)?"
    rf"|\b{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?![%.,]\d)(?:,? (?:19|20)\d\d\b)?|\b{_MONTH}\.? (?:19|20)\d\d\b",
    re.I,
)
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b", re.I)
_NOT = re.compile(
    r"(?:\bnot|n't|\bnever|\brather than|\binstead of|\bas opposed to|\bno longer)\s+(?:(?:be|is|the|a|an|just|about|at|of|around|show|equal|to)\s+){0,2}[\"'(~≈]*$", re.I
)  # fmt: skip
_FROM = re.compile(r"\bfrom\s+(?:about\s+|around\s+|roughly\s+|~\s?)?$", re.I)
_PER = re.compile(r"(?:\bper|\bevery|/)\s*(?:the\s+)?$", re.I)
_OPERATOR = re.compile(r"(?:[*×÷/+]|(?<=\s)[-x](?=\s)|\b(?:divided by|multiplied by|times|minus|plus)\b)[\s($€£]*$", re.I)
_EQUALS = re.compile(r"(?:=|≈|~=|->|→)[\s~($€£≈+-]*$")
_DIVIDED = re.compile(r"\bdivid(?:e|es|ed|ing)\s(?:\S{1,16}\sby\s)?\S{0,3}$", re.I)
_RANGE = re.compile(r"^\s*(?:-|to|and|through)\s*$", re.I)
_WORD = re.compile(r"\s?-?([A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as the text states it. `value` in its own unit: 2.5% is 2.5, $1.2M is 1,200,000."""

    value: float
    unit: str
    """A currency code, `percent`, `points`, `bps`, `x`, or the next word in lower case; empty at the end of a phrase."""
    start: int
    end: int
    marked: bool = False
    """True where the unit is a sign or code (currency, %, x), not merely the next word."""
    readings: tuple[float, ...] = ()
    """All defensible values: "1.500" may be 1.5 or 1,500."""
    upper: float | None = None
    """The other end, where the number is a range."""
    result: bool = False
    """True after "=" or the like."""
    spelled: bool = False
    """Written as a word: "three"."""


def numbers_in(text: str, *, limit: int = 400) -> list[Number]:
    """The first `limit` stated numbers of one unit of normalised text, left to right."""
    found: list[Number] = []
    for match in _NUMBER.finditer(_DATE.sub(lambda d: " " * len(d[0]), text)):
        if len(found) >= limit:
            break
        number = _read(match, text)
        if number:
            found.append(number)
    return _statements(found, text)


def values_in(text: str) -> frozenset[float]:
    """Every number that the text prints, whatever it does with it."""
    values: set[float] = set()
    for match in _NUMBER.finditer(text):
        number = _read(match, text)
        if number:
            values.update(abs(v) for v in number.readings)
    return frozenset(values)


def _read(match: re.Match[str], text: str) -> Number | None:
    digits, scale = match["digits"], (match["scale"] or "").strip().lower()
    before, after = (match["before"] or "").strip().lower(), (match["after"] or "").strip().lower()
    sign = match["sign"] or ""
    if sign and not before:
        before = sign[1:].strip().lower()
    start, end = match.start(), match.end()
    if _ORDINAL.match(text, match.end("digits")):
        return None
    if text[end : end + 1].isdigit() or (match.end("digits") == end and re.match(r"[A-Za-z_]", text[end : end + 1])):
        return None
    unit = _CURRENCY_MARKS.get(before) or _SUFFIX.get(after) or _CURRENCY_MARKS.get(after) or ""
    marked = bool(unit)
    if not unit:
        if _INDEX.search(text, max(0, start - 14), start):
            return None
        counted = _COUNTER.search(text, max(0, start - 10), start)
        word = _WORD.match(text, end)
        unit = counted[1].lower() if counted else word[1].lower() if word else ""
    readings = tuple(v * _SCALE.get(scale, 1.0) for v in _values(digits.lower()))
    if sign.startswith("-"):
        readings = tuple(-v for v in readings)
    return Number(readings[0], unit, start, end, marked, readings, spelled=digits.isalpha())


def _values(digits: str) -> tuple[float, ...]:
    if digits in _WORDS:
        return (_WORDS[digits],)
    digits = digits.replace("'", ",")
    dots, commas = digits.count("."), digits.count(",")
    if dots and commas:
        if digits.rfind(",") > digits.rfind("."):
            return (float(digits.replace(".", "").replace(",", ".")),)
        return (float(digits.replace(",", "")),)
    if dots > 1:
        return (float(digits.replace(".", "")),)
    if commas:
        if len(digits) - digits.rfind(",") == 4 or commas > 1:
            return (float(digits.replace(",", "")),)
        return (float(digits.replace(",", ".")),)
    if dots and len(digits) - digits.find(".") == 4 and digits[0] not in "0.":
        return (float(digits), float(digits.replace(".", "")))
    return (float(digits),)


def _statements(found: list[Number], text: str) -> list[Number]:
    """Leave out operands, negated numbers and old values; join ranges; mark results."""
    kept: list[Number] = []
    skip = -1
    for i, n in enumerate(found):
        if i == skip:
            continue
        gap_before = text[found[i - 1].end if i else 0 : n.start]
        nxt = found[i + 1] if i + 1 < len(found) else None
        gap_after = text[n.end : nxt.start] if nxt else ""
        result = bool(_EQUALS.search(gap_before))
        operand_left = i > 0 and not result and _operator(gap_before)
        operand_right = nxt is not None and _operator(gap_after) and not _is_rate(gap_after, nxt, text)
        divided = _DIVIDED.search(text, max(0, n.start - 40), n.start)
        if operand_left or operand_right or divided:
            continue
        if nxt and _RANGE.match(gap_after) and not _FROM.search(text, 0, n.start):
            spaced = "-" not in gap_after or " " not in gap_after
            same = nxt.unit == n.unit or not n.marked
            between = "and" not in gap_after.lower() or re.search(
                r"\bbetween\s+\S{0,3}$", text[max(0, n.start - 14) : n.start], re.I
            )
            if spaced and same and between and abs(nxt.value) > abs(n.value):
                kept.append(replace(n, upper=abs(nxt.value), value=abs(n.value), readings=(abs(n.value),), unit=nxt.unit, marked=nxt.marked, end=nxt.end, result=result))  # fmt: skip
                skip = i + 1
                continue
        if i and _BASE.match(gap_before):
            continue  # "2,280 of the 3,720": the second is what the first is a part of
        window = text[max(0, n.start - 40) : n.start]
        if _NOT.search(window) or _PER.search(window[-8:]) or _FROM.search(window):
            continue
        kept.append(replace(n, result=result))
    return kept


def _is_rate(gap: str, base: Number, text: str) -> bool:
    """Whether "€88.24 / 1,000" gives a rate: a round base, and no calculation goes on."""
    return (
        gap.strip() == "/"
        and base.value in (100.0, 1e3, 1e6)
        and not re.match(r"\s*(?:[*×÷/+=≈]|-\s)", text[base.end : base.end + 4])
    )


def _operator(gap: str) -> bool:
    """Whether the text between two numbers ends in an arithmetic operator: "$1,500 spend / 200,000"."""
    return len(gap) <= 48 and bool(_OPERATOR.search(gap)) and not re.search(r"[;=]|[.,]\s", gap)
