"""The question file: what its YAML may contain. Unknown keys are errors, so that a typo is never a silent default."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

Pattern = str | list[str]
"""A regular expression, or several that must all match in one unit."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PatternCheck(_Strict):
    """Which statements the answer makes. All given keys must hold."""

    any: list[Pattern] | None = None
    all: list[Pattern] | None = None
    none: list[Pattern] | None = None
    negated: Literal["guard", "allowed"] = "guard"
    """`guard`: a negated match does not count. `allowed`: it does."""

    @model_validator(mode="after")
    def _asserts_something(self) -> PatternCheck:
        if not (self.any or self.all):
            raise ValueError("`none` needs `any` or `all` beside it: an empty answer must not meet a criterion")
        return self


class NumberCheck(_Strict):
    """A quantity, tied to its name, with the right value and unit."""

    number: str | None = None
    """The right value, an expression in `{{ }}`."""
    between: tuple[str, str] | None = None
    """Instead of `number`: an interval, both ends included."""
    canonical: float
    """The value in the canonical form, worked out by hand; `equipoise rubric check` compares."""
    unit: str = ""
    tolerance: float = Field(default=0.01, ge=0)
    """Relative."""
    abs: float | None = Field(default=None, ge=0)
    """Absolute tolerance; replaces the relative one."""
    signed: bool = False
    """Whether "12% lower" differs from "12% higher"."""
    of: list[str] = Field(min_length=1)
    not_of: list[str] = []
    for_: list[str] = Field(default=[], alias="for")
    not_for: list[str] = []

    @field_validator("number", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int | float) else value

    @field_validator("between", mode="before")
    @classmethod
    def _ends_as_text(cls, value: Any) -> Any:
        return tuple(str(v) for v in value) if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _one_target(self) -> NumberCheck:
        if (self.number is None) == (self.between is None):
            raise ValueError("give either `number` or `between`")
        return self


class ChoiceCheck(_Strict):
    """The final decision out of a closed set."""

    choice: dict[str, list[str]] = Field(min_length=2)
    answer: str
    cue: list[str] = []
    """Further phrases that introduce the decision."""


class OrderCheck(_Strict):
    """A ranking: the items in the right order, each with its patterns."""

    order: list[list[str]] = Field(min_length=2)


class JsonCheck(_Strict):
    """A field of the JSON object in the answer; `json` is its dotted path."""

    json_: str = Field(alias="json")
    equals: str | float | bool | list[str]
    tolerance: float = Field(default=0.01, ge=0)


class Length(_Strict):
    min_words: int = Field(default=1, ge=1)
    max_words: int = Field(ge=1)


class LengthCheck(_Strict):
    length: Length


class FormatCheck(_Strict):
    format: Literal["bullets", "numbered", "table", "json", "plain"]


class JudgeCheck(_Strict):
    """What no rule can tell. Without a judge it is reported as not judged and leaves the score's denominator."""

    judge: str


Check = PatternCheck | NumberCheck | ChoiceCheck | OrderCheck | JsonCheck | LengthCheck | FormatCheck | JudgeCheck

_KINDS: dict[str, type[Check]] = {
    "number": NumberCheck, "between": NumberCheck, "choice": ChoiceCheck, "order": OrderCheck, "json": JsonCheck,
    "length": LengthCheck, "format": FormatCheck, "judge": JudgeCheck, "any": PatternCheck, "all": PatternCheck,
}  # fmt: skip


def parse_check(value: Any) -> Check:
    """The check that a mapping's keys name. Raises `ValueError` where none or several do."""
    if not isinstance(value, dict):
        if isinstance(value, _Strict):
            return value  # type: ignore[return-value]
        raise ValueError("a check is a mapping")
    kinds = {_KINDS[k] for k in value if k in _KINDS}
    if len(kinds) != 1:
        raise ValueError(f"a check has one kind out of {', '.join(_KINDS)}; this one has the keys {', '.join(map(str, value))}")
    return kinds.pop().model_validate(value)


def check_kind(check: Check) -> str:
    """`number`, `choice`, `patterns`, `order`, `json`, `length`, `format` or `judge`."""
    return type(check).__name__.removesuffix("Check").lower().replace("pattern", "patterns")


class Criterion(_Strict):
    """One line of a scoring guideline."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    text: str
    """What a human marker reads."""
    points: int = Field(ge=-10, le=10)
    dimension: Literal["reliability", "business_impact"]
    critical: bool = False
    check: Annotated[Check, BeforeValidator(parse_check)]

    @field_validator("points")
    @classmethod
    def _not_zero(cls, value: int) -> int:
        if value == 0:
            raise ValueError("points must not be 0")
        return value


class Param(_Strict):
    """A drawn fact: forms other than the canonical one take one of `draw`."""

    canonical: float | int | str
    draw: list[float | int | str] = Field(min_length=1)


class GradedAnswer(_Strict):
    """An answer to the canonical form with the criteria that a human marked as met."""

    answer: str
    met: list[str]


class Question(_Strict):
    """A question as written: all texts are templates over `params` and `let`."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: str
    params: dict[str, Param] = {}
    let: dict[str, str] = {}
    """Names computed from the params, in order; each an expression."""
    prompt: str
    variants: list[str] = []
    reference: str
    criteria: list[Criterion] = Field(min_length=1)
    graded_answers: list[GradedAnswer] = []

    @model_validator(mode="after")
    def _consistent(self) -> Question:
        ids = [c.id for c in self.criteria]
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"duplicate criterion id {twice[0]!r}")
        for graded in self.graded_answers:
            if unknown := sorted(set(graded.met) - set(ids)):
                raise ValueError(f"a graded answer marks the unknown criterion {unknown[0]!r}")
        positive = sum(c.points for c in self.criteria if c.points > 0)
        negative = -sum(c.points for c in self.criteria if c.points < 0)
        if negative > positive:
            raise ValueError(f"negative points ({negative}) outweigh the positive ones ({positive})")
        for dimension in ("reliability", "business_impact"):
            if not any(c.points > 0 and c.dimension == dimension and not isinstance(c.check, JudgeCheck) for c in self.criteria):
                raise ValueError(f"no positive criterion with a rule in the dimension {dimension!r}")
        return self


class QuestionFile(_Strict):
    """One YAML file: the questions of one category."""

    category: str
    questions: list[Question] = Field(min_length=1)


class RenderedQuestion(_Strict):
    """A question with its parameters filled in: what is asked, and what is graded."""

    id: str
    category: str
    title: str
    form: int
    prompts: list[str]
    """The prompt and its rephrasings, same facts."""
    reference: str
    criteria: list[Criterion]
