"""Lint a question set: does its grading do what its authors mean?

Every form must render, references must earn full marks, hand-marked answers must be judged as marked, and answers
that say nothing must earn nothing. `check_questions` returns numbers and problems; the command line prints them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import mean

from equipoise.harness_ext.errors import RubricError
from equipoise.harness_ext.grading import Verdict, asserted, compile_pattern, grade_answer, number_bounds, parse
from equipoise.harness_ext.rubric import Question, QuestionSet, RenderedQuestion, check_kind, render
from equipoise.harness_ext.rubric._schema import ChoiceCheck, Criterion, NumberCheck, OrderCheck, PatternCheck
from equipoise.harness_ext.scoring import answer_score

FORMS = range(1, 21)
"""The forms that a check renders and grades beside the canonical one."""

RULE_SHARE, REFERENCE_CANONICAL, REFERENCE_FORM, AGREEMENT = 0.85, 0.98, 0.95, 0.95
STALE_LIMIT = 0.34
"""Highest share of numeric points that the reference of another form may keep."""
SWAPPED_LIMIT = 0.5
"""Highest share of its numeric points that a reference may keep with its two main numbers swapped."""
NULL_LIMITS = {
    "empty": 0.0,
    "don't know": 0.05,
    "prompt echoed": 0.10,
    "prompt's numbers": 0.10,
    "other reference": 0.10,
    "generic memo": 0.15,
    "jargon": 0.15,
}
"""Highest allowed mean score over a set, per kind of answer that says nothing."""

_UNSURE = ("I don't know.", "I'm not sure about this one, sorry. I would need to look into it.")
_MEMO = """\
It depends on many factors, so I would take a structured approach. First, align stakeholders on goals and KPIs. Then
run a holdout test, monitor performance closely and iterate based on the data. Keep an eye on ROI, LTV and CAC, and
make sure that the tracking is set up correctly. Consider testing different options, segment the audience, and
optimise the budget accordingly. Communicate transparently with the team, document the learnings, and revisit the
decision once more data is available. Overall, a balanced, data-driven approach that tests, learns and scales what
works will deliver the best results in the long run while limiting the risk."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A verdict of the rules against the mark of a person."""

    question: str
    answer: int
    criterion: str
    marked: bool
    judged: Verdict


@dataclass(slots=True)
class QuestionReport:
    """What the linter measured for one question; scores in points shares, 1.0 is full marks."""

    id: str
    criteria: int
    rule_share: float
    """Positive points that a rule decides ÷ all positive points."""
    reference: float = 0.0
    worst_form: float = 0.0
    """Lowest score of the reference on forms 1-20, each rendered for its form."""
    stale_numbers: float | None = None
    """Share of numeric points that the canonical reference keeps on the other forms; None without number criteria."""
    stale_values: float | None = None
    """The same for all criteria whose text names other numbers in the other form: an explanation may still hold there."""
    swapped_numbers: float | None = None
    """Share of numeric points that the reference keeps with its two main numbers swapped."""
    marks: int = 0
    agreed: int = 0
    nulls: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class SetReport:
    """The linter's report on a whole set."""

    questions: list[QuestionReport]
    disagreements: list[Disagreement]
    problems: list[str]

    @property
    def ok(self) -> bool:
        return not self.problems and not any(q.problems for q in self.questions)

    def summary(self) -> dict[str, float | int | None]:
        """The figures of the set in one mapping."""
        marks = sum(q.marks for q in self.questions)
        stale = [q.stale_numbers for q in self.questions if q.stale_numbers is not None]
        values = [q.stale_values for q in self.questions if q.stale_values is not None]
        swapped = [q.swapped_numbers for q in self.questions if q.swapped_numbers is not None]
        return {
            "questions": len(self.questions),
            "criteria": sum(q.criteria for q in self.questions),
            "rule_share_of_positive_points": mean(q.rule_share for q in self.questions),
            "reference_canonical_min": min(q.reference for q in self.questions),
            "reference_forms_min": min(q.worst_form for q in self.questions),
            "numeric_points_kept_by_stale_reference": mean(stale) if stale else None,
            "points_for_values_kept_by_stale_reference": mean(values) if values else None,
            "numeric_points_kept_by_swapped_numbers": mean(swapped) if swapped else None,
            "hand_marks": marks,
            "hand_marks_agreed": sum(q.agreed for q in self.questions) / marks if marks else None,
        } | {f"null_{name}": mean(q.nulls[name] for q in self.questions if name in q.nulls) for name in self._null_names()}

    def _null_names(self) -> list[str]:
        return [n for n in NULL_LIMITS if any(n in q.nulls for q in self.questions)]


def check_questions(questions: QuestionSet, jargon: dict[str, str] | None = None, forms: Iterable[int] = FORMS) -> SetReport:
    """Lint a loaded set. `jargon` maps a category to a list of its buzzwords, graded as an answer that says nothing."""
    rendered = [render(q, category) for category, q in questions]
    reports, disagreements = [], []
    for i, ((category, question), canonical) in enumerate(zip(questions, rendered, strict=True)):
        other = rendered[(i + 1) % len(rendered)].reference if len(rendered) > 1 else None
        report = _new_report(canonical)
        reports.append(report)
        if report.problems:  # rules that cannot run cannot grade
            continue
        _check_references(question, category, canonical, report, list(forms))
        disagreements += _check_marks(question, canonical, report)
        report.nulls = _null_scores(canonical, other, (jargon or {}).get(category))
    result = SetReport(reports, disagreements, [])
    result.problems = _set_problems(result)
    return result


def _set_problems(report: SetReport) -> list[str]:
    problems = []
    totals = report.summary()
    if (share := totals["rule_share_of_positive_points"] or 0) < RULE_SHARE:
        problems.append(f"only {share:.0%} of the positive points have a rule; {RULE_SHARE:.0%} are needed")
    agreed = totals["hand_marks_agreed"]
    if agreed is not None and agreed < AGREEMENT:
        problems.append(f"the rules agree with {agreed:.1%} of the hand marks; {AGREEMENT:.0%} are needed")
    for name, limit in NULL_LIMITS.items():
        value = totals.get(f"null_{name}")
        if value is not None and value > limit + 1e-9:
            problems.append(f"the answer '{name}' earns {value:.3f} on average; at most {limit:.2f} is allowed")
    return problems


_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?")


def _new_report(canonical: RenderedQuestion) -> QuestionReport:
    positive = sum(c.points for c in canonical.criteria if c.points > 0)
    ruled = sum(c.points for c in canonical.criteria if c.points > 0 and check_kind(c.check) != "judge")
    report = QuestionReport(canonical.id, len(canonical.criteria), ruled / positive)
    _check_rules(canonical, report)
    return report


def _check_references(
    question: Question, category: str, canonical: RenderedQuestion, report: QuestionReport, forms: Sequence[int]
) -> None:
    report.reference, missed = _grade(canonical, canonical.reference)
    report.worst_form = report.reference
    if report.reference < REFERENCE_CANONICAL:
        report.problems.append(f"reference earns {report.reference:.2f}: {missed}")
    if question.params:  # without drawn facts there is only one form
        _check_forms(question, category, canonical, report, forms)
    report.swapped_numbers = _swapped(canonical)
    if report.swapped_numbers is not None and report.swapped_numbers > SWAPPED_LIMIT:
        report.problems.append(
            f"with its two main numbers swapped the reference keeps {report.swapped_numbers:.0%} of its numeric points"
        )
    _check_negated_choice(canonical, report)


def _check_forms(
    question: Question, category: str, canonical: RenderedQuestion, report: QuestionReport, forms: Sequence[int]
) -> None:
    """Every form renders, its reference earns full marks, and the canonical reference no longer does."""
    kept: dict[str, list[float]] = {"numbers": [], "values": []}
    failing: dict[str, list[int]] = {}
    for form in forms:
        try:
            drawn = render(question, category, form)
            _compile(drawn)
        except RubricError as error:
            report.problems.append(f"form {form}: {error}")
            continue
        if drawn.prompts == canonical.prompts:
            report.problems.append(f"form {form}: the prompt is the canonical one")
        score, missed = _grade(drawn, drawn.reference)
        report.worst_form = min(report.worst_form, score)
        if score < REFERENCE_FORM:
            failing.setdefault(missed, []).append(form)
        moving = [d for c, d in zip(canonical.criteria, drawn.criteria, strict=True) if d.points > 0 and _moves(c, d)]
        for kind, criteria in (("values", moving), ("numbers", _numeric(drawn))):
            if criteria:
                kept[kind].append(_share_met(criteria, canonical.reference, drawn.prompts))
    for missed, where in sorted(failing.items(), key=lambda item: -len(item[1]))[:3]:
        report.problems.append(
            f"the reference falls to {report.worst_form:.2f} at worst; on form {where[0]} ({len(where)} alike): {missed}"
        )
    report.stale_values = mean(kept["values"]) if kept["values"] else None
    report.stale_numbers = mean(kept["numbers"]) if kept["numbers"] else None
    if report.stale_numbers is not None and report.stale_numbers > STALE_LIMIT:
        report.problems.append(
            f"the canonical reference keeps {report.stale_numbers:.0%} of the numeric points on other forms: draws move too few answers"
        )


def _check_rules(question: RenderedQuestion, report: QuestionReport) -> None:
    try:
        _compile(question)
    except RubricError as error:
        report.problems.append(str(error))
        return
    for c in question.criteria:
        check = c.check
        if isinstance(check, NumberCheck):
            low, high = number_bounds(check)
            if not low <= check.canonical <= high:
                report.problems.append(
                    f"{c.id}: `canonical` is {check.canonical:g} but the expression gives {check.number or check.between}"
                )
            for pattern in (*check.for_, *check.not_for, *check.of, *check.not_of):
                if compile_pattern(pattern).search("it is a plan"):
                    report.problems.append(
                        f"{c.id}: label {pattern!r} matches ordinary words; for a single letter write (?-i:\\bA\\b)"
                    )
        elif isinstance(check, ChoiceCheck) and check.answer not in check.choice:
            report.problems.append(f"{c.id}: the answer {check.answer!r} is none of the options {', '.join(check.choice)}")


def _compile(question: RenderedQuestion) -> None:
    for c in question.criteria:
        for pattern in _patterns_of(c):
            try:
                if compile_pattern(pattern).search(""):
                    raise RubricError(f"pattern {pattern!r} matches everything")
            except RubricError as error:
                raise RubricError(f"{c.id}: {error}") from error


def _patterns_of(criterion: Criterion) -> list[str]:
    check = criterion.check
    if isinstance(check, PatternCheck):
        entries = [*(check.any or []), *(check.all or []), *(check.none or [])]
        return [p for e in entries for p in ([e] if isinstance(e, str) else e)]
    if isinstance(check, NumberCheck):
        return [*check.of, *check.not_of, *check.for_, *check.not_for]
    if isinstance(check, ChoiceCheck):
        return [p for patterns in check.choice.values() for p in patterns] + check.cue
    return [p for item in check.order for p in item] if isinstance(check, OrderCheck) else []


def _grade(question: RenderedQuestion, answer: str) -> tuple[float, str]:
    """Score of an answer and what cost it points."""
    verdicts = grade_answer(answer, question.criteria, question.prompts)
    lost = [
        f"{c.id} ({v.why})"
        for c, v in zip(question.criteria, verdicts, strict=True)
        if v.met is not None and v.met != (c.points > 0)
    ]
    return answer_score(question.criteria, verdicts), "; ".join(lost)


def _moves(canonical: Criterion, drawn: Criterion) -> bool:
    """Whether a criterion asks for other numbers in this form, by the text that a person reads."""
    asked = check_kind(drawn.check) in ("number", "patterns", "json")
    return asked and set(_TOKEN.findall(canonical.text)) != set(_TOKEN.findall(drawn.text))


def _numeric(question: RenderedQuestion) -> list[Criterion]:
    return [c for c in question.criteria if isinstance(c.check, NumberCheck) and c.points > 0]


def _share_met(criteria: Sequence[Criterion], answer: str, prompts: Sequence[str]) -> float:
    met = grade_answer(answer, criteria, prompts)
    return sum(c.points for c, v in zip(criteria, met, strict=True) if v.met) / sum(c.points for c in criteria)


def _swapped(question: RenderedQuestion) -> float | None:
    """Numeric points of the two heaviest criteria on values that the reference keeps when their values are exchanged in it."""
    valued = [(c, tokens) for c in question.criteria if c.points > 0 and (tokens := _value_tokens(question, c))]
    pairs = [(a, b) for i, a in enumerate(valued) for b in valued[i + 1 :] if not a[1] & b[1]]
    if not pairs:
        return None
    (a, first), (b, second) = max(pairs, key=lambda pair: pair[0][0].points + pair[1][0].points)
    one, other = min(first, key=len), min(second, key=len)
    swapped = _TOKEN.sub(lambda m: other if m[0] in first else one if m[0] in second else m[0], question.reference)
    return _share_met([a, b], swapped, question.prompts)


def _value_tokens(question: RenderedQuestion, criterion: Criterion) -> set[str]:
    """The numbers of the reference that state the value a criterion asks for; none where it asks for no single value."""
    tokens = set(_TOKEN.findall(question.reference))
    if isinstance(criterion.check, NumberCheck):
        return {t for t in tokens if _fits(criterion, t)}
    named = set(_TOKEN.findall(criterion.text)) if isinstance(criterion.check, PatternCheck) else set()
    printed = {t for p in question.prompts for t in _TOKEN.findall(p)}
    return named & tokens if len(named) == 1 and not named & printed else set()


def _fits(criterion: Criterion, token: str) -> bool:
    assert isinstance(criterion.check, NumberCheck)
    low, high = number_bounds(criterion.check)
    value = float(token.replace(",", ""))
    return low <= value <= high or low <= -value <= high


def _check_negated_choice(question: RenderedQuestion, report: QuestionReport) -> None:
    """The reference with its decision negated must lose the choice points."""
    for c in question.criteria:
        if (
            isinstance(c.check, ChoiceCheck)
            and c.points > 0
            and grade_answer(negate_decision(question.reference, c.check), [c])[0].met
        ):
            report.problems.append(f"{c.id}: still met when the reference's decision is negated")


_NEGATING = re.compile(r"\b(?:do not|does not|don't|doesn't|should not|must not|cannot|not|never|no)\s+", re.I)


def negate_decision(text: str, check: ChoiceCheck) -> str:
    """`text` with "not" before every statement of the right option, and without the "not" before its one alternative."""
    answer = parse(text)
    flat = answer.flat
    others = [p for option, patterns in check.choice.items() if option != check.answer for p in patterns]
    said = asserted(answer, check.choice[check.answer])
    edits = [(m.start, "not ") for m in said]
    if len(check.choice) == 2:
        kept, units = asserted(answer, others), {m.unit for m in said}
        edits += [(m.start, "") for m in asserted(answer, others, guard=False) if m not in kept and m.unit not in units]
    for start, insert in sorted(edits, reverse=True):
        before = flat[max(0, start - 70) : start]
        if not insert:
            before = _NEGATING.sub("", before)
        flat = flat[: max(0, start - 70)] + before + insert + flat[start:]
    return flat


def _check_marks(question: Question, canonical: RenderedQuestion, report: QuestionReport) -> list[Disagreement]:
    disagreements = []
    for i, graded in enumerate(question.graded_answers, start=1):
        for verdict in grade_answer(graded.answer, canonical.criteria, canonical.prompts):
            if verdict.met is None:
                continue
            marked = verdict.id in graded.met
            report.marks += 1
            report.agreed += verdict.met == marked
            if verdict.met != marked:
                disagreements.append(Disagreement(question.id, i, verdict.id, marked, verdict))
    return disagreements


def _null_scores(question: RenderedQuestion, other_reference: str | None, jargon: str | None) -> dict[str, float]:
    numbers = ", ".join(_TOKEN.findall(question.prompts[0]))
    answers: dict[str, Sequence[str]] = {
        "empty": ["", " \n"],
        "don't know": _UNSURE,
        "prompt echoed": [*question.prompts, f"The question is: {question.prompts[0]}"],
        "prompt's numbers": [numbers, f"The relevant numbers are {numbers}."],
        "generic memo": [_MEMO],
    }
    if other_reference is not None:
        answers["other reference"] = [other_reference]
    if jargon:
        answers["jargon"] = [jargon]
    return {name: mean(_grade(question, text)[0] for text in texts) for name, texts in answers.items()}
