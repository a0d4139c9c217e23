"""Tiers 3 and 4: a long text is pasted, then one detail of it is asked for."""

from __future__ import annotations

import itertools
import random
from collections import Counter

from equipoise.tasks.general_core.procedural._banks import bank
from equipoise.tasks.general_core.procedural.recall._document import Document, write
from equipoise.tasks.general_core.procedural.recall._question import Question, ask
from equipoise.tasks.general_core.procedural.recall._world import world


def pasted_text(rng: random.Random, tier: int, kind: str, name: str) -> tuple[list[str], list[Question]]:
    """The pasted text, an acknowledgement and maybe an aside, user and assistant in turn, and questions that fit them.

    `kind` is "lookup", "next", "count", "hops" or "correction", `name` the world. There may be no question of the kind.
    """
    document = write(rng, world(name), tier)
    paragraphs = document.paragraphs
    if kind == "correction":
        paragraphs, questions = _corrections(rng, document)
    else:
        questions = {"lookup": _lookups, "next": _nexts, "count": _counts, "hops": _hops}[kind](rng, document)
    if tier == 4:
        paragraphs = [document.register, *paragraphs]
    talk = bank(__file__, "small_talk")
    messages = ["\n\n".join([rng.choice(document.world.intro), *paragraphs]), rng.choice(talk["acknowledgements"])]
    if rng.random() < 0.4:
        aside = rng.choice(talk["asides"])
        messages += [aside["user"], aside["assistant"]]
    return messages, questions


def _column(rows: list[dict[str, str]], attribute: str) -> list[str]:
    return [row[attribute] for row in rows]


def _lookups(rng: random.Random, document: Document) -> list[Question]:
    """Questions about one attribute of a paragraph, given another."""
    return [
        ask(rng, wordings, row[known], row[wanted], _column(document.rows, wanted))
        for (known, wanted), wordings in document.world.ask.items()
        for row in rng.sample(document.rows, 3)
    ]


def _nexts(rng: random.Random, document: Document) -> list[Question]:
    """Questions about the paragraph that follows a given one."""
    return [
        ask(rng, wordings, row[known], following[wanted], _column([other for other in document.rows if other is not row], wanted))
        for (known, wanted), wordings in document.world.ask_next.items()
        for row, following in itertools.pairwise(document.rows)
    ]


def _counts(rng: random.Random, document: Document) -> list[Question]:
    """How many paragraphs have the same value of the category; only where there are three or more."""
    questions: list[Question] = []
    for value, times in Counter(_column(document.rows, document.world.category)).items():
        if times > 2:
            near = [str(number) for number in range(max(1, times - 3), times + 4)]
            questions += [ask(rng, document.world.ask_count, value, str(times), near)] * 3  # choices are drawn for each copy
    return questions


def _hops(rng: random.Random, document: Document) -> list[Question]:
    """Questions by way of the register: from a meaning to a paragraph, or from a paragraph to a meaning."""
    meanings = document.meanings
    questions: list[Question] = []
    for (known, wanted), wordings in document.world.ask_hop.items():
        if known == document.world.register.explains:
            explained = [row for row in document.rows if row[known] in meanings]
            candidates = _column(explained, wanted)
            questions += [ask(rng, wordings, meanings[row[known]], row[wanted], candidates) for row in explained]
        else:
            rows = rng.sample(document.rows, 8)
            questions += [ask(rng, wordings, row[known], meanings[row[wanted]], meanings.values()) for row in rows]
    return questions


def _corrections(rng: random.Random, document: Document) -> tuple[list[str], list[Question]]:
    """The paragraphs with three notes that correct an earlier number, and questions for the numbers now and before."""
    rows, correction = document.rows, document.world.correction
    known, wanted = correction.known, correction.wanted
    taken = set(_column(rows, wanted))
    spare = [value for value in document.world.values[wanted] if value not in taken]
    chosen = sorted(rng.sample(range(len(rows) - 3), 3))
    new = dict(zip(chosen, rng.sample(spare, 3), strict=True))
    places = sorted(rng.randint(i + 2, len(rows)) for i in chosen)  # at least one paragraph after the one that is corrected
    notes = rng.sample(correction.notes, 3)
    paragraphs = list(document.paragraphs)
    for place, i, note in reversed(list(zip(places, chosen, notes, strict=True))):  # from the end, so that places stay valid
        paragraphs.insert(place, f"{correction.heading} {note.format(x=rows[i][known], old=rows[i][wanted], new=new[i])}")
    numbers = [*new.values(), *(rows[i][wanted] for i in chosen), *_column(rng.sample(rows, 4), wanted)]
    questions: list[Question] = []
    for i in chosen:
        before, now = rows[i][wanted], new[i]
        rest = [number for number in dict.fromkeys(numbers) if number not in (before, now)]
        for _ in range(3):  # the number now is asked for more often
            questions.append(ask(rng, correction.ask_now, rows[i][known], now, [before, *rng.sample(rest, 2)]))
        questions.append(ask(rng, correction.ask_before, rows[i][known], before, [now, *rng.sample(rest, 2)]))
    return paragraphs, questions
