"""Tiers 1 and 2: facts told in a conversation, among small talk."""

from __future__ import annotations

import random
from typing import Any

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.recall._question import Question, ask, values_of


def conversation_kinds() -> list[str]:
    """The kinds of `conversation`: facts of a topic, a "change" in any topic, and the "order" of errands."""
    return [*bank(__file__, "topics"), "change", "order"]


def conversation(rng: random.Random, tier: int, kind: str) -> tuple[list[str], list[Question]]:
    """The messages before the last question, user and assistant in turn, and questions that fit them."""
    topics: dict[str, dict[str, Any]] = bank(__file__, "topics")
    chats = rng.sample(bank(__file__, "small_talk")["chats"], 5)
    if kind == "order":
        facts, questions = _errands(rng, tier)
    elif kind == "change":
        facts, questions = _changed_facts(rng, tier, topics[rng.choice(list(topics))])
    else:
        facts, questions = _constant_facts(rng, tier, topics[kind])
    return _among_small_talk(rng, facts, chats), questions


def _constant_facts(rng: random.Random, tier: int, topic: dict[str, Any]) -> tuple[list[str], list[Question]]:
    roles, values = rng.sample(topic["roles"], 4), rng.sample(values_of(topic["values"]), 4)
    if tier == 1:
        numbered = {f"{field}{i}": word for field, words in (("role", roles), ("value", values)) for i, word in enumerate(words, 1)}
        facts = [rng.choice(topic["together"]).format(**numbered)]
    else:
        facts = _told_singly(rng, topic, roles, values)
    pairs = list(zip(roles, values, strict=True))
    of_role = [ask(rng, topic["ask"], role, value, values) for role, value in pairs]
    return facts, of_role + [ask(rng, topic["ask_role"], value, role, roles) for role, value in pairs]


def _changed_facts(rng: random.Random, tier: int, topic: dict[str, Any]) -> tuple[list[str], list[Question]]:
    """Three facts, and a fourth value that replaces one of theirs later on."""
    roles, (*values, latest) = rng.sample(topic["roles"], 3), rng.sample(values_of(topic["values"]), 4)
    facts = _told_singly(rng, topic, roles, values)
    moved = rng.randrange(3)
    place = rng.randint(moved + 1, 3)
    facts.insert(place, rng.choice(topic["change"]).format(role=roles[moved], value=latest))
    every = [*values, latest]
    questions = [
        ask(rng, topic["ask"], roles[moved], latest, every),
        ask(rng, topic["ask_first"], roles[moved], values[moved], every),
        *(ask(rng, topic["ask"], roles[i], values[i], every) for i in range(3) if i != moved),
    ]
    return [" ".join(facts)] if tier == 1 else facts, questions


def _told_singly(rng: random.Random, topic: dict[str, Any], roles: list[str], values: list[str]) -> list[str]:
    wordings = rng.sample(topic["single"], len(roles))
    return [wording.format(role=role, value=value) for wording, role, value in zip(wordings, roles, values, strict=True)]


def _errands(rng: random.Random, tier: int) -> tuple[list[str], list[Question]]:
    """Five stops in order; in tier 2 two of them are told in one message."""
    errands = bank(__file__, "errands")
    stops = rng.sample(errands["places"], 5)
    if tier == 1:
        facts = [rng.choice(errands["together"]).format(**{f"stop{i}": stop for i, stop in enumerate(stops, 1)})]
    else:
        steps = zip(errands["steps"].values(), stops, strict=True)
        facts = _two_joined(rng, [rng.choice(wordings).format(stop=stop) for wordings, stop in steps])
    questions = []
    for position, wordings in errands["ask"].items():
        for i, stop in enumerate(stops):  # the first and last stop are asked for as often as the neighbours of a stop
            if (position, i) not in (("after", 4), ("before", 0)):
                answer = {"first": stops[0], "last": stops[-1], "after": stops[(i + 1) % 5], "before": stops[i - 1]}[position]
                named = [stop] if position in ("after", "before") else []
                questions.append(ask(rng, wordings, stop, answer, [other for other in stops if other not in named]))
    return facts, questions


def _two_joined(rng: random.Random, facts: list[str]) -> list[str]:
    i = rng.randrange(len(facts) - 1)
    return [*facts[:i], f"{facts[i]} {facts[i + 1]}", *facts[i + 2 :]]


def _among_small_talk(rng: random.Random, facts: list[str], chats: list[dict[str, str]]) -> list[str]:
    """User messages that mix a fact with small talk, each followed by an answer to the small talk."""
    talk = bank(__file__, "small_talk")
    if len(facts) == 4 and rng.random() < 0.6:  # two facts at once, and maybe small talk alone in between
        facts = _two_joined(rng, facts)
        if rng.random() < 0.6:
            facts.insert(rng.randint(1, 3), "")
    messages: list[str] = []
    for i, (fact, chat) in enumerate(zip(facts, chats, strict=False)):
        if not fact:
            messages += [chat["user"], chat["assistant"]]
            continue
        noted = rng.choice(["", "", *(f"{words} " for words in talk["noted"])])
        links = [link for link in talk["links"] if i or not link.startswith(("Thanks", "Good"))]
        messages += [rng.choice(links).format(fact=fact, chat=chat["user"]), noted + chat["assistant"]]
    return messages
