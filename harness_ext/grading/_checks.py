"""One pure function per kind of check: answer in, finding out."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from equipoise.harness_ext.errors import RubricError
from equipoise.harness_ext.grading._numbers import Number
from equipoise.harness_ext.grading._patterns import asserted, compile_pattern, find, first_entry, negated
from equipoise.harness_ext.grading._quantity import Statement, mentions, statements
from equipoise.harness_ext.grading._text import Answer, Match
from equipoise.harness_ext.rubric._schema import (
    Check,
    ChoiceCheck,
    FormatCheck,
    JsonCheck,
    JudgeCheck,
    LengthCheck,
    NumberCheck,
    OrderCheck,
    PatternCheck,
)  # fmt: skip


class Finding(NamedTuple):
    """Whether a criterion is met, and what decided it."""

    met: bool | None
    """None: not judged."""
    why: str
    span: str = ""
    """The words of the answer that decided."""


def run_check(check: Check, answer: Answer) -> Finding:
    """Apply one check of a rendered criterion to a parsed answer."""
    if isinstance(check, JudgeCheck):
        return Finding(None, "needs a judge")
    if not answer.units:
        return Finding(False, "empty answer")
    if isinstance(check, PatternCheck):
        return _patterns(check, answer)
    if isinstance(check, NumberCheck):
        return _number(check, answer)
    if isinstance(check, ChoiceCheck):
        return _choice(check, answer)
    if isinstance(check, OrderCheck):
        return _order(check, answer)
    if isinstance(check, JsonCheck):
        return _json(check, answer)
    if isinstance(check, LengthCheck):
        words = len(answer.flat.split())
        return Finding(check.length.min_words <= words <= check.length.max_words, f"{words} words")
    return _format(check, answer)


# --- patterns -------------------------------------------------------------------------------------------------------


def _patterns(check: PatternCheck, answer: Answer) -> Finding:
    guard = check.negated == "guard"
    for entry in check.none or []:
        match = first_entry(answer, entry, guard=guard)
        if match:
            return Finding(False, "says what it must not", _quote(answer, match))
    spans = []
    for entry in check.all or []:
        match = first_entry(answer, entry, guard=guard)
        if match is None:
            return Finding(False, f"not said: {_name(entry)}")
        spans.append(_quote(answer, match))
    if check.any:
        match = next((m for e in check.any if (m := first_entry(answer, e, guard=guard))), None)
        if match is None:
            return Finding(False, "not said")
        spans.append(_quote(answer, match))
    return Finding(True, "said", " … ".join(spans))


def _name(entry: str | list[str]) -> str:
    text = entry if isinstance(entry, str) else " + ".join(entry)
    return repr(text if len(text) <= 60 else text[:57] + "…")


def _quote(answer: Answer, match: Match) -> str:
    return answer.flat[match.start : min(match.end, match.start + 160)]


# --- number ---------------------------------------------------------------------------------------------------------


def _number(check: NumberCheck, answer: Answer) -> Finding:
    low, high = number_bounds(check)
    found = statements(answer, unit=check.unit, of=check.of, not_of=check.not_of, for_=check.for_, not_for=check.not_for)
    # what the question prints is an input or a limit, not an answer: it decides nothing
    stated = [s for s in found if _within(check, s, answer, low, high) or abs(s.number.value) not in answer.givens]
    if check.unit and any(s.number.marked for s in stated):
        stated = [s for s in stated if s.number.marked or _within(check, s, answer, low, high)]
    decisive = _decisive(check, stated, answer, low, high)
    if decisive is None or not _within(check, decisive, answer, low, high):
        near = mentions(answer, unit=check.unit, of=check.of, for_=check.for_, not_for=check.not_for, claimed=stated)
        mentioned = [s for s in near if _within(check, s, answer, low, high) and not _retracted(s, stated, answer)]
        decisive = mentioned[-1] if mentioned else decisive
    if decisive is None:
        return Finding(False, "only repeats numbers of the question" if found else f"no number tied to {_name(check.of[0])}")
    return _judge_number(check, decisive, answer, low, high)


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


# --- choice ---------------------------------------------------------------------------------------------------------

_FINAL = re.compile(
    r"\b(?:decision|verdict|ruling|final(?:ly)?|conclusion|conclude|bottom line|overall|in short|in summary|tl;?dr|my call|outcome|answer)\b",
    re.I,
)
_ADVICE = re.compile(
    r"\b(?:recommend\w*|should|must|choose|pick|go with|therefore|thus|hence|i would|i'd|we would|we'd|need to|have to|so we|action|result|let's)\b",
    re.I,
)
_IF = re.compile(
    r"\b(?:if|unless|once|until|provided|assuming|suppose|in case|could|might|(?-i:may)|would have|were to)\b|^had\b", re.I
)
_OVER = re.compile(
    r"\b(?:over|than|versus|vs\.?|ahead of|beats?|outperforms?|from|against|not to)\s+(?:the\s+|a\s+|an\s+|to\s+)?$", re.I
)


def _choice(check: ChoiceCheck, answer: Answer) -> Finding:
    if check.answer not in check.choice:
        raise RubricError(f"a choice check's answer {check.answer!r} is none of its options {', '.join(check.choice)}")
    picked = _decision(check, answer)
    if picked is None:
        return Finding(False, "no decision found")
    option, unit = picked
    met = option == check.answer
    return Finding(met, f"decides {option}" + ("" if met else f", right is {check.answer}"), answer.units[unit].text[:200])


def _decision(check: ChoiceCheck, answer: Answer) -> tuple[str, int] | None:
    """The option that the answer settles on, and the unit that says so."""
    per_unit: dict[int, dict[str, Match]] = {}
    denied: dict[str, int] = {}
    for option, patterns in check.choice.items():
        for match in find(answer, patterns):
            if answer.texts[match.unit].endswith("?") or _conditional(answer, match):
                continue
            meant: str | None = option
            if negated(answer, match) or _OVER.search(answer.flat, max(answer.starts[match.unit], match.start - 24), match.start):
                others = [o for o in check.choice if o != option]
                meant = others[0] if len(others) == 1 and negated(answer, match) else None
                if meant is None and _authority(check, answer, match.unit) == 2:
                    denied[option] = match.unit
            if meant is not None:
                per_unit.setdefault(match.unit, {}).setdefault(meant, match)
    single = {unit: next(iter(options)) for unit, options in per_unit.items() if len(options) == 1}
    if not single:
        return None
    ranked = {unit: _authority(check, answer, unit) for unit in single}
    top = max(ranked.values())
    candidates = [unit for unit in sorted(single) if ranked[unit] == top]
    unit = candidates[-1] if top else candidates[0]
    if denied.get(single[unit], -1) > unit:
        return None  # the text argues for it, then the decision itself says "not that"
    return single[unit], unit


def _authority(check: ChoiceCheck, answer: Answer, unit: int) -> int:
    """How final a unit sounds: 2 names a decision, 1 advises, 0 merely mentions."""
    u = answer.units[unit]
    text = u.text
    if _FINAL.search(text) or any(compile_pattern(c).search(text) for c in check.cue) or len(text.split()) <= 4:
        return 2
    heading = u.context.rsplit(" > ", 1)[-1]
    if heading and len(heading) < 80 and (_FINAL.search(heading) or re.search(r"\brecommend", heading, re.I)):
        return 2
    return 1 if unit == 0 or _ADVICE.search(text) else 0


def _conditional(answer: Answer, match: Match) -> bool:
    text = answer.units[match.unit].text
    start = match.start - answer.starts[match.unit]
    before = text[max(0, start - 80) : start]
    clause = re.split(r"[;:.]\s|\s-\s", before)[-1]
    if _IF.search(clause):
        return True
    after = text[match.end - answer.starts[match.unit] :][:40]
    return bool(re.match(r"[\w\s'-]{0,24}\b(?:if|once|unless|when|provided|subject to)\b", after, re.I))


# --- order ----------------------------------------------------------------------------------------------------------


def _order(check: OrderCheck, answer: Answer) -> Finding:
    positions = [[(m.unit, m.start) for m in asserted(answer, item)] for item in check.order]
    missing = next((check.order[i][0] for i, p in enumerate(positions) if not p), None)
    if missing is not None:
        return Finding(False, f"does not rank {missing!r}")
    ranking = _one_unit_ranking(answer, positions) or _list_ranking(answer, positions)
    if ranking is None:
        ranking = [p[0][1] for p in positions]
    met = ranking == sorted(ranking) and len(set(ranking)) == len(ranking)
    return Finding(met, "ranks " + " > ".join(check.order[i][0] for i in sorted(range(len(ranking)), key=ranking.__getitem__)))


def _one_unit_ranking(answer: Answer, positions: list[list[tuple[int, int]]]) -> list[int] | None:
    """The last unit that names every item once: "A > B > C", "first A, then B"."""
    units = set.intersection(*({u for u, _ in p} for p in positions))
    if not units:
        return None
    unit = max(units)
    order = [min(start for u, start in p if u == unit) for p in positions]
    return [-o for o in order] if " < " in answer.units[unit].text else order


def _list_ranking(answer: Answer, positions: list[list[tuple[int, int]]]) -> list[int] | None:
    """A numbered list (or "1st", "Rank 1") with each item in an entry of its own."""
    ranks: list[int] = []
    for p in positions:
        numbered = [answer.units[u].number for u, _ in p if answer.units[u].number is not None]
        if not numbered or numbered[0] is None:
            return None
        ranks.append(numbered[0])
    return ranks


# --- JSON and format ------------------------------------------------------------------------------------------------


def _json(check: JsonCheck, answer: Answer) -> Finding:
    data = _json_object(answer.raw)
    if data is None:
        return Finding(False, "no valid JSON object")
    value: Any = data
    for key in check.json_.split("."):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return Finding(False, f"no field {check.json_!r}")
    return Finding(_equals(value, check), f"{check.json_} is {str(value)[:80]!r}", str(value)[:160])


def _equals(value: Any, check: JsonCheck) -> bool:
    wanted: Any = check.equals
    if isinstance(wanted, bool) or isinstance(value, bool):
        return value is wanted or str(value).lower() == str(wanted).lower()
    if isinstance(wanted, list):
        return isinstance(value, list) and [str(v).strip().lower() for v in value] == [w.strip().lower() for w in wanted]
    try:
        target, got = float(wanted), float(str(value).replace(",", "").strip("$€£% "))
        return abs(got - target) <= check.tolerance * max(abs(target), 1e-12)
    except ValueError:
        return str(value).strip().lower() == str(wanted).strip().lower()


def _json_object(raw: str) -> Any:
    """The last JSON object in the text; prose and code fences around it are normal."""
    decoder = json.JSONDecoder()
    found, at, tries = None, raw.find("{"), 0
    while at >= 0 and tries < 64:
        tries += 1
        try:
            value, end = decoder.raw_decode(raw, at)
            found = value
        except (ValueError, RecursionError):
            end = at + 1
        at = raw.find("{", end)
    return found


_FORMATS = {
    "bullets": re.compile(r"^\s*[-*•+]\s+\S", re.M),
    "numbered": re.compile(r"^\s*\d{1,3}[.)]\s+\S", re.M),
    "table": re.compile(r"^[^\n]*\|[^\n]*\n\s*\|?[\s:|]*-{2,}", re.M),
}


def _format(check: FormatCheck, answer: Answer) -> Finding:
    if check.format == "json":
        return Finding(_json_object(answer.raw) is not None, "JSON object")
    if check.format == "plain":
        marked = next((name for name, p in _FORMATS.items() if p.search(answer.raw)), None)
        return Finding(marked is None, f"has {marked}" if marked else "plain text")
    return Finding(len(_FORMATS[check.format].findall(answer.raw)) >= (1 if check.format == "table" else 2), check.format)
