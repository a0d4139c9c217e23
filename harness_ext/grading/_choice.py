"""The choice check: which option does the answer settle on?"""

from __future__ import annotations

import re

from equipoise.harness_ext.errors import RubricError
from equipoise.harness_ext.grading._finding import Finding
from equipoise.harness_ext.grading._patterns import compile_pattern, find, negated
from equipoise.harness_ext.grading._text import Answer, Match
from equipoise.harness_ext.rubric._schema import ChoiceCheck

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


def check_choice(check: ChoiceCheck, answer: Answer) -> Finding:
    """Whether the final decision is the right option."""
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
