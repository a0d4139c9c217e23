"""One pure function per kind of check: answer in, finding out."""

from __future__ import annotations

import json
import re
from typing import Any

from equipoise.harness_ext.grading._choice import check_choice
from equipoise.harness_ext.grading._finding import Finding
from equipoise.harness_ext.grading._number_check import check_number
from equipoise.harness_ext.grading._patterns import asserted, first_entry, first_of
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


def run_check(check: Check, answer: Answer) -> Finding:
    """Apply one check of a rendered criterion to a parsed answer."""
    if isinstance(check, JudgeCheck):
        return Finding(None, "needs a judge")
    if not answer.units:
        return Finding(False, "empty answer")
    if isinstance(check, PatternCheck):
        return _patterns(check, answer)
    if isinstance(check, NumberCheck):
        return check_number(check, answer)
    if isinstance(check, ChoiceCheck):
        return check_choice(check, answer)
    if isinstance(check, OrderCheck):
        return _order(check, answer)
    if isinstance(check, JsonCheck):
        return _json(check, answer)
    if isinstance(check, LengthCheck):
        words = len(answer.flat.split())
        return Finding(check.length.min_words <= words <= check.length.max_words, f"{words} words")
    return _format(check, answer)


def _patterns(check: PatternCheck, answer: Answer) -> Finding:
    guard = check.negated == "guard"
    if match := first_of(answer, check.none or [], guard=guard):
        return Finding(False, "says what it must not", _quote(answer, match))
    spans: list[str] = []
    for entry in check.all or []:
        match = first_entry(answer, entry, guard=guard)
        if match is None:
            return Finding(False, "only partly said" if spans else "not said")
        spans.append(_quote(answer, match))
    if check.any:
        match = first_of(answer, check.any, guard=guard)
        if match is None:
            return Finding(False, "not said")
        spans.append(_quote(answer, match))
    return Finding(True, "said", " … ".join(spans))


def _quote(answer: Answer, match: Match) -> str:
    return answer.flat[match.start : min(match.end, match.start + 160)]


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
