"""Forms: the same question with other numbers and names.

Form 0 is the canonical one. Form *k* draws every parameter from its `draw` list with a generator seeded by question
and form, so a form is the same on every machine and for every model.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

import re2
from jinja2 import StrictUndefined, TemplateError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from equipoise.harness_ext.errors import RubricError
from equipoise.harness_ext.rubric._schema import Criterion, Question, RenderedQuestion

CANONICAL = 0


def _round(value: float, decimals: int = 0) -> float:
    """Round half away from zero on the decimals that people see: 4.675 is 4.68, whatever its binary digits."""
    shown = Decimal(repr(round(value, 9)))
    return float(shown.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def _round_like_python(value: float, decimals: int | None = None) -> float:
    """`round` in expressions: a whole number where no decimals are asked for."""
    return int(_round(value)) if decimals is None else _round(value, decimals)


def _num(value: float, decimals: int = 0) -> str:
    return f"{_round(value, decimals):,.{decimals}f}"


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    env = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=False, comment_start_string="{##")
    env.filters["num"] = _num
    env.filters["round"] = _round
    env.filters["re"] = re2.escape
    env.globals.clear()
    env.globals.update(
        min=min,
        max=max,
        abs=abs,
        round=_round_like_python,
        ceil=math.ceil,
        floor=math.floor,
        sqrt=math.sqrt,
        log=math.log,
        exp=math.exp,
    )
    return env


@lru_cache(maxsize=8192)
def _template(source: str) -> Any:
    return _environment().from_string(source)


def draw(question: Question, form: int) -> dict[str, Any]:
    """Parameter values of one form of a question."""
    if form == CANONICAL:
        return {name: p.canonical for name, p in question.params.items()}
    rng = random.Random(f"{question.id}:{form}")
    return {name: rng.choice(p.draw) for name, p in question.params.items()}


def render(question: Question, category: str, form: int = CANONICAL) -> RenderedQuestion:
    """Fill a question's templates for one form.

    Raises `RubricError` naming the field where a template does not parse, names something that is no parameter, or
    cannot be computed.
    """
    return render_values(question, category, form, draw(question, form))


def render_values(question: Question, category: str, form: int, values: dict[str, Any]) -> RenderedQuestion:
    """As `render`, with the parameter values given."""
    names = dict(values)
    for name, expression in question.let.items():
        with _field(question, f"let.{name}"):
            names[name] = _environment().compile_expression(expression, undefined_to_none=False)(**names)
            if isinstance(names[name], StrictUndefined):
                str(names[name])  # raises and names what is missing

    def fill(value: Any, where: str) -> Any:
        if isinstance(value, str):
            if "{{" not in value and "{%" not in value:
                return value
            with _field(question, where):
                return _template(value).render(names)
        if isinstance(value, list | tuple):
            return [fill(v, where) for v in value]
        if isinstance(value, dict):
            return {k: fill(v, f"{where}.{k}") for k, v in value.items()}
        return value

    criteria = [
        Criterion.model_validate(fill(c.model_dump(by_alias=True, exclude_none=True), f"criteria.{c.id}"))
        for c in question.criteria
    ]
    return RenderedQuestion(
        id=question.id,
        category=category,
        title=fill(question.title, "title"),
        form=form,
        prompts=[fill(p, "prompt").strip() for p in (question.prompt, *question.variants)],
        reference=fill(question.reference, "reference").strip(),
        criteria=criteria,
    )


@contextmanager
def _field(question: Question, where: str) -> Iterator[None]:
    """Turn a template's error into one line that names the question and the field."""
    try:
        yield
    except UndefinedError as error:
        known = ", ".join([*question.params, *question.let]) or "none"
        raise RubricError(f"question {question.id}, {where}: {error} (known names: {known})") from error
    except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
        raise RubricError(f"question {question.id}, {where}: {error}") from error
