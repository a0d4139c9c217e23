"""The constraints that content keeps, or can be dressed to keep, among which an item's constraints are chosen."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from equipoise.tasks.general_core.procedural.instructions._content import Content, Value
from equipoise.tasks.general_core.procedural.instructions._grade import DECIDE, Check
from equipoise.tasks.general_core.procedural.instructions._material import MEMBERS, POEMS, TIPS, TOPICS
from equipoise.tasks.general_core.procedural.instructions._render import render
from equipoise.tasks.general_core.procedural.instructions._text import initials, occurrences, sentences, words


def menu(rng: random.Random, tier: int, content: Content, opener: str) -> list[Check]:
    """The constraints on offer, the one that defines the form first."""
    body = render(content, [])
    if content.kind == "json":
        return _of_record(rng, tier, content.record, body)
    offer = _of_form(tier, content)
    if content.kind == "sentences":
        offer += _of_topic(rng, tier, content, body, opener)
    offer += _of_text(rng, body) if content.kind in ("sentences", "lines") else _of_list(rng, content, body)
    if content.kind != "sentences":
        offer += _of_entries(content)
    return [*offer, _check("lower"), _check("upper")]


def _check(name: str, **params: Any) -> Check:
    return {"name": name, **params}


def _absent(letters: str, body: str) -> list[str]:
    return [letter for letter in letters if letter not in body.casefold()]


def _of_record(rng: random.Random, tier: int, record: dict[str, Value], body: str) -> list[Check]:
    offer = [_check("json_keys", keys=list(record))]
    lists = {key: value for key, value in record.items() if isinstance(value, list)}
    for key, value in record.items():
        if isinstance(value, int):
            low = value - value % 10
            offer.append(_check("json_range", key=key, low=max(1, low), high=low + 10))
        if isinstance(value, list):
            offer.append(_check("json_list", key=key, n=len(value)))
            if value == sorted(value):
                offer.append(_check("alphabetical", unit="list", key=key))
    absent = _absent("ulcmdhpgbyfwk", body)
    if absent and tier > 2:
        offer.append(_check("no_letter", letter=absent[0]))
    texts = [
        text for value in record.values() if not isinstance(value, int) for text in ([value] if isinstance(value, str) else value)
    ]
    if texts and tier > 1:
        offer.append(_check("contains", word=rng.choice(texts)))
    for key, value in lists.items():
        if len(set(initials(value))) == 1:
            offer.append(_check("initial", letter=initials(value)[0], unit="list", key=key))
    return [*offer, _check("lower")]


def _of_form(tier: int, content: Content) -> list[Check]:
    count = _check("comma_items" if content.kind == "commas" else content.kind, n=len(content.parts))
    spelled = initials(content.parts)
    if content.kind == "lines" and tier > 1 and spelled in POEMS["acrostics"]:
        return [_check("acrostic", word=spelled.upper()), count]
    return [count]


def _of_topic(rng: random.Random, tier: int, content: Content, body: str, opener: str) -> list[Check]:
    """What may be asked of sentences about a topic."""
    topic = TOPICS[content.topic]
    offer = [
        _check("words_at_most", n=-(-len(words(body)) // 5) * 5),
        _check("sentence_length", n=max(len(words(part)) for part in content.parts)),
        *(_check(name) for name in ("no_digits", "no_commas") if DECIDE[name](body, {})),
        _check("question" if body.endswith("?") else "exclaims"),
        _check("title", title=rng.choice(topic["titles"])),
        _check("echo", request=sentences(opener)[-1]),
    ]
    times = Counter(word.lower() for word in words(body))
    repeated = [word for word, n in times.items() if n > 1 and len(word) > 2]
    if repeated:
        offer.append(_check("occurs", word=repeated[0], n=occurrences(body, repeated[0])))
    nouns = topic["nouns"].split()
    unused = [noun for noun in nouns if noun not in body.casefold()]
    if unused:
        offer.append(_check("avoids", word=rng.choice(unused)))
    used = [noun for noun in nouns if occurrences(body, noun)]
    if used:
        offer.append(_check("contains", word=used[0]))
    absent = _absent("utcdmplygbkfwhvjxqz", body)  # the commonest and hardest to avoid first
    letter = (absent[0] if tier > 2 else absent[-1]) if absent else ""
    if letter and not (tier > 2 and letter in "jxqz"):  # too easy to avoid
        offer.append(_check("no_letter", letter=letter))
    return offer


def _of_text(rng: random.Random, body: str) -> list[Check]:
    """What may be asked of sentences and of poems."""
    found = words(body)
    return [
        _check("words", n=len(found)),
        _check("words_between", low=len(found) - rng.randint(1, 2), high=len(found) + rng.randint(1, 2)),
        _check("begins", word=found[0]),
        _check("ends", word=found[-1]),
        _check("quoted"),
    ]


def _of_list(rng: random.Random, content: Content, body: str) -> list[Check]:
    """What may be asked of tips and, beyond that, of single words."""
    offer = [_check("contains", word=words(rng.choice(content.parts))[-1])]
    outsiders = _outsiders(content)
    if outsiders:
        offer.append(_check("avoids", word=rng.choice(outsiders)))
    if content.kind == "bullets":
        return offer
    lengths = [len(part) for part in content.parts]
    if len(set(lengths)) == 1:
        offer.append(_check("entry_letters", unit=content.kind, n=lengths[0]))
    elif lengths == sorted(lengths):
        offer.append(_check("by_length", unit=content.kind))
    absent = _absent("aeiorstnlc", body)
    if absent:
        offer.append(_check("no_letter", letter=rng.choice(absent)))
    return offer


def _outsiders(content: Content) -> list[str]:
    """Words that belong to the topic but do not occur in the parts."""
    tips = content.kind == "bullets"
    pool = [words(tip)[-1] for tip in TIPS[content.topic]] if tips else MEMBERS[content.topic]
    return [word for word in pool if not occurrences(" ".join(content.parts), word)]


def _of_entries(content: Content) -> list[Check]:
    """What may be asked of the entries of any list and of the lines of a poem."""
    offer: list[Check] = []
    widths = {len(words(part)) for part in content.parts}
    if len(widths) == 1 and widths != {1}:
        offer.append(_check("entry_words", n=widths.pop(), unit=content.kind))
    if len(set(initials(content.parts))) == 1:
        offer.append(_check("initial", letter=initials(content.parts)[0], unit=content.kind))
    if content.parts == sorted(content.parts, key=str.casefold):
        offer.append(_check("alphabetical", unit=content.kind))
    return offer
