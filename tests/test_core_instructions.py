"""Instructions: every item can be solved and missed, its wording is clean, and no text upsets the grader."""

from __future__ import annotations

import functools
import itertools
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from equipoise.tasks.general_core.procedural import instructions
from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.instructions import draw, satisfied
from equipoise.tasks.general_core.procedural.instructions._grade import DECIDE, WRAPPERS

Check = dict[str, Any]
SEEDS = (1, 2)
drawn = functools.cache(draw)
ITEMS = [item for seed in SEEDS for item in drawn(400, seed)]


# A second, cruder way to decide, good enough for the drawn answers: they are plain and have no decoration.


def tokens(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def rows(text: str, unit: str) -> list[str]:
    if unit == "list":
        return next((value for value in json.loads(text).values() if isinstance(value, list)), [])
    if unit == "commas":
        return text.split(", ")
    return [re.sub(r"^(- |\d\. )", "", line) for line in text.split("\n")]


def ascending(values: list[Any]) -> bool:
    return all(first <= second for first, second in itertools.pairwise(values)) and len(values) > 1


def span(text: str, check: Check) -> bool:
    value = json.loads(text).get(check["key"])
    return type(value) is int and value in range(check["low"], check["high"] + 1)


CRUDE: dict[str, Callable[[str, Check], bool]] = {
    "words": lambda text, c: len(tokens(text)) == c["n"],
    "words_between": lambda text, c: len(tokens(text)) in range(c["low"], c["high"] + 1),
    "words_at_most": lambda text, c: len(tokens(text)) < c["n"] + 1,
    "sentences": lambda text, c: sum(map(text.count, ".!?")) == c["n"],
    "sentence_length": lambda text, c: max(len(tokens(part)) for part in re.split("[.!?]", text)) <= c["n"],
    "lines": lambda text, c: text.count("\n") + 1 == c["n"],
    "bullets": lambda text, c: f"\n{text}".count("\n- ") == c["n"],
    "numbered": lambda text, c: f"{c['n']}. " in text and f"{c['n'] + 1}. " not in text,
    "comma_items": lambda text, c: text.count(",") + 1 == c["n"],
    "entry_words": lambda text, c: all(row.count(" ") + 1 == c["n"] for row in rows(text, c["unit"])),
    "entry_letters": lambda text, c: all(len(row) == c["n"] for row in rows(text, c["unit"])),
    "by_length": lambda text, c: ascending([len(row) for row in rows(text, c["unit"])]),
    "contains": lambda text, c: c["word"].lower() in tokens(text),
    "avoids": lambda text, c: c["word"].lower() not in tokens(text),
    "occurs": lambda text, c: tokens(text).count(c["word"].lower()) == c["n"],
    "begins": lambda text, c: tokens(text)[0] == c["word"].lower(),
    "ends": lambda text, c: tokens(text)[-1] == c["word"].lower(),
    "lower": lambda text, c: not re.search("[A-Z]", text),
    "upper": lambda text, c: not re.search("[a-z]", text),
    "no_letter": lambda text, c: text.lower().count(c["letter"]) == 0,
    "no_digits": lambda text, c: not re.search("[0-9]", text),
    "no_commas": lambda text, c: text.count(",") == 0,
    "question": lambda text, c: text[-1] == "?",
    "exclaims": lambda text, c: text.count(".") + text.count("?") == 0 and text[-1] == "!",
    "alphabetical": lambda text, c: ascending([row.lower() for row in rows(text, c["unit"])]),
    "initial": lambda text, c: all(row.lower().startswith(c["letter"]) for row in rows(text, c["unit"])),
    "acrostic": lambda text, c: [row[0].lower() for row in rows(text, "lines")] == list(c["word"].lower()),
    "json_keys": lambda text, c: set(json.loads(text)) == set(c["keys"]),
    "json_range": span,
    "json_list": lambda text, c: len(json.loads(text).get(c["key"], [])) == c["n"],
}


def crude(text: str, checks: list[Check]) -> list[bool]:
    head = next((c.get("title") or c["request"] for c in checks if c["name"] in ("title", "echo")), "")
    wrapped = text.startswith(f"{head}\n") if head else text[0] == text[-1] == '"'
    body = text.removeprefix(f"{head}\n") if head else text.strip('"')
    return [wrapped if c["name"] in WRAPPERS else CRUDE[c["name"]](body, c) for c in checks]


def test_the_good_answer_keeps_every_constraint_and_the_bad_one_misses_one() -> None:
    for item in ITEMS:
        assert all(satisfied(item["good"], item["checks"])), item
        assert satisfied(item["bad"], item["checks"]).count(False) == 1, item


def test_a_second_way_to_decide_agrees() -> None:
    for item in ITEMS:
        for text in (item["good"], item["bad"]):
            assert satisfied(text, item["checks"]) == crude(text, item["checks"]), item


def test_items_are_distinct_and_depend_on_the_seed_alone() -> None:
    first, second = (drawn(400, seed) for seed in SEEDS)
    assert draw(40, 1) == first[:40]
    assert len({item["instruction"] for item in first}) == len({item["id"] for item in first}) == 400
    shared = {item["instruction"] for item in first} & {item["instruction"] for item in second}
    assert len(shared) < 5


def test_tiers_come_in_equal_numbers_and_ask_for_more_and_more() -> None:
    for seed in SEEDS:
        tiers = {tier: [item for item in drawn(400, seed) if item["tier"] == tier] for tier in (1, 2, 3, 4)}
        assert {len(group) for group in tiers.values()} == {100}
        means = [sum(len(item["checks"]) for item in group) / 100 for group in tiers.values()]
        assert {len(item["checks"]) for item in tiers[1]} == {1, 2}
        assert means == sorted(means)
        assert means[3] > 3
        assert all(len({item["kind"] for item in group}) == 6 for group in tiers.values())
    assert max(len(item["good"].split()) for item in ITEMS) <= 60


GENERIC = (
    "Yes.",
    "No.",
    "Why?",
    "Sure!",
    '"Yes."',
    "{}",
    "I can't help with that.",
    "I like it very much. It is good.",
    "a, b, c",
    "1. a\n2. b",
    "1. a\n2. b\n3. c",
    "- a\n- b",
    "- a\n- b\n- c",
    "- Rest.\n- Eat.\n- Walk.",
    "one\ntwo\nthree",
)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_constant_answer_gets_far(seed: int) -> None:
    """A generic reply or the good answer to one item, given to all of them."""
    items = drawn(400, seed)
    for reply in {*GENERIC, *(item["good"] for item in items)}:
        kept = Counter(item["tier"] for item in items if all(satisfied(reply, item["checks"])))
        assert kept.total() <= 0.04 * len(items), (reply, kept)
        assert max(kept.values(), default=0) <= 0.1 * len(items) / 4, (reply, kept)


def test_no_item_is_passed_by_an_echo() -> None:
    assert not any(all(satisfied(item["instruction"], item["checks"])) for item in ITEMS)


def test_a_constraint_that_any_short_text_keeps_never_stands_alone() -> None:
    alone = [item["checks"][0] for item in ITEMS if len(item["checks"]) == 1]
    weak = {"avoids", "words_at_most", "sentence_length", "no_letter", "no_digits", "no_commas", "lower", "upper", "quoted"}
    assert not {check["name"] for check in alone} & (weak | {"exclaims", "question"})
    assert all(check.get("n", 2) > 1 for check in alone)


def test_the_wording_is_complete_and_correct() -> None:
    slip = re.compile(
        r"[{}<>]|  | [.,;:!?]|\.\.|\bNone\b|\b(a|A) [aeiouAEIOU]|\b(an|An) (?!hour)[^aeiou\W]|\b(1|one) (word|line|entrie|letter|time|sentence|string"
        r"|bullet|numbered line)s|\b([2-9]|two|three|four|five|six|seven) (word|line|entry|letter|time|sentence|string)\b"
    )
    for item in ITEMS:
        for text in (item["instruction"], item["good"] if item["kind"] != "json" else ""):
            assert not slip.search(text), (slip.search(text), text)
        for line in item["instruction"].split("\n"):
            assert re.fullmatch(r'(\d\. )?["A-Z].*["?.:)!]', line), line
        for check in item["checks"]:  # what is checked is said: the word, the letter, the key, the title
            named = [
                str(value) for key, value in check.items() if key in ("word", "letter", "key", "title", "request", "low", "high")
            ]
            assert all(value in item["instruction"] for value in [*named, *check.get("keys", [])]), item
            if check.get("unit") == "list":
                assert isinstance(json.loads(item["good"])[check["key"]], list), item


def test_every_constraint_occurs_and_has_four_wordings_of_its_own() -> None:
    assert (
        {c["name"] for item in ITEMS for c in item["checks"]} == {*DECIDE, *WRAPPERS} == set(bank(instructions.__file__, "phrases"))
    )
    for name in ("phrases", "openers"):
        assert all(len(set(wordings)) >= 4 for wordings in bank(instructions.__file__, name).values())


def test_the_banks_are_as_their_comments_say() -> None:
    poems, records = bank(instructions.__file__, "poems"), bank(instructions.__file__, "records")
    for letter, lines in poems["lines"].items():
        assert [len(line.split()) for line in lines] == [4, 5, 6]
        assert {line[0].lower() for line in lines} == {letter}
    assert all(set(word) <= set(poems["lines"]) for word in poems["acrostics"])
    for topic in bank(instructions.__file__, "topics").values():
        assert len(set(topic["sentences"])) >= 9
        assert topic["question"].endswith("?")
        assert all(re.fullmatch(r"[A-Z][a-zA-Z, ]+\.", sentence) for sentence in topic["sentences"])
    for members in bank(instructions.__file__, "members").values():
        found = members.split()
        assert len(set(found)) == len(found)
        assert max(Counter(map(len, found)).values()) >= 3
        assert max(Counter(member[0].lower() for member in found).values()) >= 3
    for tips in bank(instructions.__file__, "tips").values():
        assert len(set(tips)) == 8
        assert all(len(tip.split()) in (3, 4, 5) for tip in tips)
    assert all([type(value) for value in record.values()].count(str) == 2 and len(record) == 4 for record in records.values())


def test_the_example_in_the_docstring_is_drawn() -> None:
    assert json.dumps(drawn(400, 1)[23]) in " ".join(str(instructions.__doc__).split())


@pytest.mark.parametrize(
    ("text", "check", "kept"),
    [
        ("Dr. Bell waits. He left.", {"name": "sentences", "n": 2}, True),
        ('"Stop!" he said. Well... no.', {"name": "sentences", "n": 2}, True),
        ("Trees:\n1. oak\n\n2. ash", {"name": "numbered", "n": 2}, True),
        ("oak, ash.", {"name": "comma_items", "n": 2}, True),
        ("**Two Wheels**\nRing.", {"name": "title", "title": "Two Wheels"}, True),
        ('"Two Wheels"\r\nRing.', {"name": "title", "title": "Two Wheels"}, True),
        ("“Rain falls.”", {"name": "quoted"}, True),
        ('```json\n{"name": "Momo"}\n```', {"name": "json_keys", "keys": ["name"]}, True),
        ('{"name": "the “best” day"}', {"name": "json_keys", "keys": ["name"]}, True),
        ("{“name”: “Momo”}", {"name": "json_keys", "keys": ["name"]}, True),
        ('{"name": "Momo"', {"name": "json_keys", "keys": ["name"]}, False),
        ('{"foods": [1, 2]}', {"name": "json_list", "key": "foods", "n": 2}, False),
        ('{"other": ["b", "a"], "foods": ["a", "b"]}', {"name": "alphabetical", "unit": "list", "key": "foods"}, True),
        ('{"age": true}', {"name": "json_range", "key": "age", "low": 1, "high": 10}, False),
        ("\u200fOne \u202atwo\u202c.", {"name": "begins", "word": "one"}, True),  # direction marks
        ("A c\u200bake.", {"name": "avoids", "word": "cake"}, False),  # a word hidden by a zero-width space
        ("\u0661. oak\n\u0662. ash", {"name": "numbered", "n": 2}, False),  # Arabic digits
        ("שלום עולם", {"name": "upper"}, False),  # Hebrew has no capitals
    ],
)
def test_verdicts(text: str, check: Check, kept: bool) -> None:
    assert satisfied(text, [check]) == [kept]


EVERY: dict[str, Check] = {c["name"]: c for item in ITEMS for c in item["checks"]}
LONG = 100_000
HOSTILE = {
    "blank": " \n\t\u00a0\u200b" * 20_000,
    "one word a line": "a\n" * (LONG // 2),
    "newlines": "a" + "\n" * LONG + "b",
    "spaces": "{" + " " * LONG + "b",
    "stops before a letter": "." * LONG + "x",
    "short sentences": "a. " * (LONG // 3),
    "digits": "1" * LONG,
    "empty bullets": "- \n" * (LONG // 3) + "x",
    "quotes": '"“' * (LONG // 2),
    "fences": "```json" * (LONG // 7),
    "brackets": "[" * LONG,
    "keys in keys": '{"a":' * (LONG // 5),
    "lists in a list": '{"foods": ' + "[" * 900 + "]" * 900 + "}",
    "cut off": '{"name": "Momo", "foods": ["fish", "' + "rice " * (LONG // 5),
    "not JSON numbers": '{"age": NaN, "minutes": Infinity, "pages": 1e999}',
    "a huge number": '{"age": ' + "9" * LONG + "}",
    "Hebrew": "שלום עולם! " * (LONG // 11),
    "Arabic, overridden": "\u202eمرحبا، كيف الحال؟\u202c " * (LONG // 20),
    "marks on a letter": "a" + "\u0301" * LONG,
    "line separators": "a\u2028b\x85c\x0bd\r" * (LONG // 8),
    "surrogate and null": "\ud800\0 a. \udfff",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_stops_or_slows_the_grader(text: str) -> None:
    """What takes time quadratic in the text takes minutes here."""
    started = time.perf_counter()
    for wrapper in WRAPPERS:
        checks = [check for name, check in EVERY.items() if name == wrapper or name not in WRAPPERS]
        verdict = satisfied(text, checks)
        assert len(verdict) == len(checks)
        assert {type(kept) for kept in verdict} == {bool}
        assert not all(verdict)
    assert time.perf_counter() - started < 10
