"""The number check: is a quantity stated, and stated right?"""

from __future__ import annotations

import re

from equipoise.harness_ext.errors import RubricError
from equipoise.harness_ext.grading._finding import Finding, pattern_name
from equipoise.harness_ext.grading._numbers import Number
from equipoise.harness_ext.grading._quantity import Statement, mentions, numbers_of, statements
from equipoise.harness_ext.grading._text import Answer
from equipoise.harness_ext.rubric._schema import NumberCheck


def check_number(check: NumberCheck, answer: Answer) -> Finding:
    """Whether the answer stands by the right value of the quantity."""
    low, high = number_bounds(check)
    found = statements(answer, unit=check.unit, of=check.of, not_of=check.not_of, for_=check.for_, not_for=check.not_for)
    # what the question prints is an input or a limit, not an answer: it decides nothing
    stated = [s for s in found if _within(check, s, answer, low, high) or abs(s.number.value) not in answer.givens]
    if check.unit and any(s.number.marked for s in stated):
        stated = [s for s in stated if s.number.marked or _within(check, s, answer, low, high)]
    decisive = _decisive(check, stated, answer, low, high)
    if (decisive is None or not _within(check, decisive, answer, low, high)) and _occurs(check, answer, low, high):
        near = mentions(answer, unit=check.unit, of=check.of, for_=check.for_, not_for=check.not_for, claimed=stated)
        mentioned = [s for s in near if _within(check, s, answer, low, high) and not _retracted(s, stated, answer)]
        decisive = mentioned[-1] if mentioned else decisive
    if decisive is None:
        return Finding(False, "only repeats numbers of the question" if found else f"no number tied to {pattern_name(check.of[0])}")
    return _judge_number(check, decisive, answer, low, high)


def _occurs(check: NumberCheck, answer: Answer, low: float, high: float) -> bool:
    """Whether the right value stands anywhere in the answer."""
    everywhere = (Statement(n, index, 0) for index, text in enumerate(answer.texts) for n in numbers_of(text))
    return any(_within(check, s, answer, low, high) for s in everywhere)


def _decisive(check: NumberCheck, stated: list[Statement], answer: Answer, low: float, high: float) -> Statement | None:
    """The statement that an answer stands by: the last right one, unless it is taken back; else the last."""
    plain = [s for s in stated if s.level == 3]
    if plain:
        right = [s for s in plain if _within(check, s, answer, low, high)]
        return right[-1] if right and not _retracted(right[-1], plain, answer) else plain[-1]
    if len({s.number.value for s in stated}) > 4:
        return None  # many numbers, none stated as the answer
    right = [s for s in stated if _within(check, s, answer, low, high)]
    return right[0] if right else (stated[-1] if stated else None)


_CORRECTION = re.compile(
    r"\b(?:correct(?:ion|ed|ing)|actually|wait|sorry|oops|mistake|recalculat\w*|re-?check\w*|rather|should (?:be|read)|instead)\b",
    re.I,
)


def _retracted(said: Statement, plain: list[Statement], answer: Answer) -> bool:
    """Whether a later statement takes a value back: it gives another under the same name, or says that it corrects.

    The last statement wins; but a sentence about something near ("660 orders more") is no statement of the same thing.
    """
    for later in plain:
        if later.unit <= said.unit or later.number.readings == said.number.readings:
            continue
        if _CORRECTION.search(answer.texts[later.unit]) or (later.label and later.label == said.label and later.owned):
            return True
    return False


def number_bounds(check: NumberCheck) -> tuple[float, float]:
    """The accepted interval of a rendered number check, tolerance included."""
    if check.between:
        low, high = (_value(v) for v in check.between)
        return min(low, high), max(low, high)
    value = _value(check.number or "")
    slack = check.abs if check.abs is not None else abs(value) * check.tolerance
    slack += 1e-9 * max(1.0, abs(value))
    return value - slack, value + slack


def _value(text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        raise RubricError(f"a number check's value must be a number, not {text!r}") from None


_LOSS = re.compile(
    r"\b(?:down|drop\w*|fall\w*|fell|decreas\w*|declin\w*|reduc\w*|loss(?:es)?|lose[sd]?|losing|lost|shortfall|minus|negative|deficit)\b",
    re.I,
)
_GAIN = re.compile(
    r"\+\s?\S?$|\b(?:up|rise[sn]?|rose|rising|increas\w*|grow\w*|grew|gain\w*|profit\w*|positive|plus|higher|more)\b", re.I
)
_LESS_AFTER = re.compile(
    r"^\W{0,2}(?:\w+\s){0,2}(?:lower|less|fewer|below|under|short|down|decline|drop|loss|cheaper|negative|deficit)\b", re.I
)


def _within(check: NumberCheck, statement: Statement, answer: Answer, low: float, high: float) -> bool:
    number = statement.number
    return all(
        any(low <= v <= high for v in _readings(check, number, value, answer, statement.unit))
        for value in ([number.value] if number.upper is None else [number.value, number.upper])
    )


def _readings(check: NumberCheck, number: Number, value: float, answer: Answer, unit: int) -> list[float]:
    values = [value] if number.upper is not None else list(number.readings or (value,))
    if check.unit == "points" and number.unit == "bps":
        values = [v / 100 for v in values]
    if check.unit == "percent" and not number.marked:
        values += [v * 100 for v in values]
    if check.unit == "x" and number.unit == "percent":
        values += [v / 100 for v in values]
    if not check.signed:
        return values + [-v for v in values]
    return [-abs(v) for v in values] if _falls(answer.texts[unit], number) else values


def _falls(text: str, number: Number) -> bool:
    """Whether words around a number give it a minus sign: "down 12%", "12% lower", "a loss of $300"."""
    if _LESS_AFTER.match(text[number.end : number.end + 32]):
        return True
    before = text[max(0, number.start - 40) : number.start + 1]
    losses, gains = list(_LOSS.finditer(before)), list(_GAIN.finditer(before))
    return bool(losses) and (not gains or losses[-1].start() > gains[-1].start())


def _judge_number(check: NumberCheck, statement: Statement, answer: Answer, low: float, high: float) -> Finding:
    n = statement.number
    text = answer.units[statement.unit].text
    span = text[max(0, n.start - 60) : n.end + 20].strip()
    said = f"{n.value:g}" if n.upper is None else f"{n.value:g} to {n.upper:g}"
    if _within(check, statement, answer, low, high):
        return Finding(True, f"states {said}", span)
    wanted = check.number if check.number is not None else f"{low:g} to {high:g}"
    return Finding(False, f"states {said}, right is {_short(wanted)}", span)


def _short(value: str) -> str:
    try:
        return f"{float(value):.6g}"
    except ValueError:
        return value
