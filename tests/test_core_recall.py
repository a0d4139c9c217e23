"""Items of the recall ability: every answer is found again by reading the finished messages and question alone."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.recall import __file__ as package
from equipoise.tasks.general_core.procedural.recall import draw
from equipoise.tasks.general_core.procedural.recall._question import values_of
from equipoise.tasks.general_core.procedural.recall._shortcuts import CHANCE, mentions, shortcut_shares
from equipoise.tasks.general_core.procedural.recall._world import WORLD_NAMES, World, world

COUNT, SEEDS = 400, (0, 1)
WORDS = {1: (20, 119), 2: (60, 349), 3: (900, 1300), 4: (1800, 2600)}
IN_WORDS = {  # how a reader finds a value that may also be a word of its own elsewhere
    "key": r"\A(?:Item |Room )?(\d+ (?:March|April)|\d\d:\d\d|\d+)\.",
    "price": r"\b(\d+) crowns",
    "berth": r"(?i:\bberth) (one|two|three|four|five|six)\b",
    "dues": r"\b(\d+) guilders",
    "crew": r"\b(\d+) people",
    "amount": r"\b(\d+) marks",
    "vote": r"\bvote was (\w+)",
    "rent": r"\b(\d{3}) crowns\b",
    "deposit": r"(?i:\bdeposit)\D{0,60}?(\d+)",
    "wing": r"\b(\w+) wing\b",
}


@pytest.fixture(scope="module", params=SEEDS)
def items(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return draw(COUNT, request.param)


def one_of(words: list[str]) -> str:
    return r"\b(" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + r")\b"


def only(found: list[str]) -> str:
    assert len(found) == 1, found
    return found[0]


def asked_about(question: str, wordings: list[str], words: list[str]) -> list[str]:
    """What the question asks about, if it is one of the wordings with one of the words (or without any)."""
    matches = [re.fullmatch(re.escape(w).replace(r"\{x\}", "(?P<x>.+)"), question) for w in wordings]
    about = {match.groupdict().get("x", "") for match in matches if match}
    return [word for word in about if word in [*words, ""]]


# ---- conversations


def answers_in_conversation(kind: str, told: str, question: str) -> set[str]:
    if kind == "order":
        return answers_of_errands(told, question)
    topics = bank(package, "topics")
    return {
        answer for name, topic in topics.items() if kind in (name, "change") for answer in answers_of_topic(topic, told, question)
    }


def answers_of_errands(told: str, question: str) -> set[str]:
    errands = bank(package, "errands")
    stops = re.findall(one_of(errands["places"]), told)
    answers = set()
    for position, wordings in errands["ask"].items():
        for x in asked_about(question, wordings, stops):
            at = {"first": 0, "last": -1}.get(position)
            answers.add(stops[stops.index(x) + {"after": 1, "before": -1}[position] if at is None else at])
    return answers


def answers_of_topic(topic: dict[str, Any], told: str, question: str) -> set[str]:
    """Each value in the conversation belongs to the role that was named last before it."""
    values, role, pairs = values_of(topic["values"]), "", []
    for word in re.findall(one_of([*topic["roles"], *values]), told):
        if word in values:
            pairs.append((role, word))
        else:
            role = word
    told_roles = [role for role, _ in pairs]
    of_role = [[v for role, v in pairs if role == x] for x in asked_about(question, topic["ask"], told_roles)]
    before = [[v for role, v in pairs if role == x] for x in asked_about(question, topic["ask_first"], told_roles)]
    of_value = asked_about(question, topic["ask_role"], [v for _, v in pairs])
    return {v[-1] for v in of_role} | {v[0] for v in before} | {role for role, v in pairs if v in of_value}


# ---- long texts


def value_in(paragraph: str, attribute: str, source: World) -> list[str]:
    words = source.values.get(attribute, [])
    if attribute == "weather":
        return [word.lower() for word in re.findall(f"(?i){one_of(words)}", paragraph)]
    return re.findall(IN_WORDS.get(attribute) or one_of(words), paragraph)


def answers_in_text(kind: str, source: World, paragraphs: list[str], question: str) -> set[str]:
    notes = [text for text in paragraphs if text.startswith(source.correction.heading)]
    register = [text for text in paragraphs if text.startswith(source.register.heading)]
    told = [text for text in paragraphs if text not in notes + register]
    rows = [{attribute: only(value_in(text, attribute, source)) for attribute in ("key", *source.values)} for text in told]
    column = {attribute: [row[attribute] for row in rows] for attribute in rows[0]}
    if kind == "correction":
        return answers_of_notes(source, paragraphs, notes, column, question)
    if kind == "hops":
        return answers_by_register(source, only(register), rows, question)
    if kind == "count":
        values = column[source.category]
        return {str(values.count(x)) for x in asked_about(question, source.ask_count, values)}
    step = {"lookup": 0, "next": 1}[kind]
    return {
        column[wanted][column[known].index(x) + step]
        for (known, wanted), wordings in (source.ask_next if step else source.ask).items()
        for x in asked_about(question, wordings, column[known])
    }


def answers_of_notes(
    source: World, paragraphs: list[str], notes: list[str], column: dict[str, list[str]], question: str
) -> set[str]:
    correction, answers = source.correction, set()
    for when, wordings in (("now", correction.ask_now), ("before", correction.ask_before)):
        for x in asked_about(question, wordings, column[correction.known]):
            before = column[correction.wanted][column[correction.known].index(x)]
            note = only([text for text in notes if re.search(one_of([x]), text)])
            assert paragraphs.index(note) > next(i for i, text in enumerate(paragraphs) if re.search(one_of([x]), text))
            now = only([number for number in re.findall(r"\b\d+\b", note) if number != before])
            answers.add(now if when == "now" else before)
    return answers


def answers_by_register(source: World, register: str, rows: list[dict[str, str]], question: str) -> set[str]:
    explained, answers = source.register.explains, set()
    sentences = re.split(r"(?<=\.) ", register.removeprefix(source.register.heading).strip())
    meaning = {only(value_in(s, explained, source)): only(re.findall(one_of(source.register.meanings), s)) for s in sentences}
    for (known, wanted), wordings in source.ask_hop.items():
        for row in rows:
            about = meaning.get(row[known], "-") if known == explained else row[known]
            if about in asked_about(question, wordings, [about]):
                answers.add(row[wanted] if known == explained else meaning[row[wanted]])
    return answers


# ---- tests


def test_answers_are_found_again_by_reading(items):
    for item in items:
        *past, last = [message["content"] for message in item["messages"]]
        kind, _, name = item["kind"].partition("-")
        if name:
            answers = answers_in_text(kind, world(name), past[0].split("\n\n")[1:], last)
        else:
            answers = answers_in_conversation(kind, " ".join(past[::2]), last)
        assert answers == {item["choices"][item["answer"]]}, (item["id"], last)


def test_items_and_choices_are_distinct(items):
    assert len({(item["messages"][0]["content"], item["messages"][-1]["content"]) for item in items}) == COUNT
    assert all(len(set(item["choices"])) == 4 for item in items)
    assert [item["id"] for item in items] == [f"recall-{i:03d}" for i in range(1, COUNT + 1)]


def test_the_seed_decides():
    assert draw(20, 3) == draw(20, 3) == draw(40, 3)[:20]
    first, other = ({item["messages"][0]["content"] for item in draw(20, seed)} for seed in (3, 4))
    assert not first & other


def test_tiers_are_equal_and_kinds_take_turns(items):
    assert Counter(item["tier"] for item in items) == dict.fromkeys((1, 2, 3, 4), COUNT // 4)
    kinds = {tier: Counter(item["kind"] for item in items if item["tier"] == tier) for tier in WORDS}
    assert [len(kinds[tier]) for tier in WORDS] == [8, 8, 8, 12]
    assert all(min(turns.values()) >= COUNT // 4 // 12 for turns in kinds.values())


def test_messages_take_turns_and_keep_to_their_length(items):
    for item in items:
        contents = [message["content"] for message in item["messages"]]
        assert [message["role"] for message in item["messages"]] == (["user", "assistant"] * 9)[: len(contents)]
        assert len(contents) % 2 == 1
        smallest, largest = WORDS[item["tier"]]
        assert smallest <= sum(len(content.split()) for content in contents) == item["words"] <= largest


def test_every_choice_but_a_count_is_mentioned(items):
    for item in items:
        text = "\n".join(message["content"] for message in item["messages"][:-1])
        assert item["kind"].startswith("count") or all(mentions(text, choice) for choice in item["choices"]), item["id"]


@pytest.mark.parametrize("tier", [0, *WORDS])
def test_no_shortcut_is_far_from_chance(items, tier):
    chosen = [item for item in items if tier in (0, item["tier"])]  # 0: all tiers
    won: Counter[str] = Counter()
    for item in chosen:
        won.update(shortcut_shares("\n".join(message["content"] for message in item["messages"][:-1]), item["choices"]))
    assert {name: share / len(chosen) for name, share in won.items() if abs(share / len(chosen) - CHANCE) > 0.05} == {}


def test_language(items):
    slips = re.compile(
        r"[{}]|  | [,.?!]|\ba [aeio]|\ban [^aeiouh]|(?<![\d:])\b1 (?:crowns|people|marks|guilders|euros)|\b(\w+) \1\b"
    )
    for item in items:
        for text in (*(message["content"] for message in item["messages"]), *item["choices"]):
            slip = slips.search(text)
            assert slip is None, (item["id"], text[max(0, slip.start() - 40) : slip.end() + 40])


@pytest.mark.parametrize("name", WORLD_NAMES)
def test_fillers_name_no_value(name):
    source = world(name)
    words = [word for attribute, values in source.values.items() if attribute not in IN_WORDS for word in values]
    assert [filler for filler in source.fillers if re.search(one_of(words), filler) or re.search(r"\d", filler)] == []


def test_small_talk_names_no_fact():
    talk, topics = bank(package, "small_talk"), bank(package, "topics")
    words = [word for topic in topics.values() for word in (*topic["roles"], *values_of(topic["values"]))]
    said = [*talk["noted"], *(text for chat in talk["chats"] for text in chat.values())]
    assert [text for text in said if re.search(one_of([*words, *bank(package, "errands")["places"]]), text)] == []
