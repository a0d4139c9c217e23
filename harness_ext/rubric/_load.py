"""Read a folder of question files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from equipoise.harness_ext.errors import RubricError
from equipoise.harness_ext.rubric._render import CANONICAL, render
from equipoise.harness_ext.rubric._schema import Question, QuestionFile, RenderedQuestion

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

QuestionSet = list[tuple[str, Question]]
"""(category, question), in the order of file names and of the questions in each file."""


def question_files(folder: Path) -> list[Path]:
    """The `.yml` files of a question set: a folder, its `questions/` sub-folder, or a single file."""
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise RubricError(f"{folder}: no such file or folder; give a folder of question files (*.yml)")
    inner = folder / "questions"
    files = sorted((inner if inner.is_dir() else folder).glob("*.yml"))
    if not files:
        raise RubricError(f"{folder}: no question files (*.yml) in it or in its folder 'questions'")
    return files


def load_questions(folder: Path) -> QuestionSet:
    """Parse and validate a question set. Raises `RubricError` naming file, question and field."""
    questions: QuestionSet = []
    seen: dict[str, Path] = {}
    for path in question_files(folder):
        file = _parse(path)
        for question in file.questions:
            if question.id in seen:
                raise RubricError(f"{path.name}: duplicate question id {question.id!r}, already in {seen[question.id].name}")
            seen[question.id] = path
            questions.append((file.category, question))
    return questions


def render_form(questions: Iterable[tuple[str, Question]], form: int = CANONICAL) -> list[RenderedQuestion]:
    """Every question of a set in one form."""
    return [render(question, category, form) for category, question in questions]


def fingerprint(folder: Path) -> str:
    """Eight hex digits that change when any question changes."""
    digest = hashlib.sha256()
    for path in question_files(folder):
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:8]


def _parse(path: Path) -> QuestionFile:
    try:
        data = yaml.load(path.read_text("utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise RubricError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise RubricError(f"{path.name}: not valid YAML: {' '.join(str(error).split())}") from error
    try:
        return QuestionFile.model_validate(data)
    except ValidationError as error:
        raise RubricError(f"{path.name}: {_explain(error, data)}") from error


def _explain(error: ValidationError, data: Any) -> str:
    """The first problem of a file in one line: question, field, what is wrong."""
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")  # a typo explains what is missing
    where: list[str] = []
    node: Any = data
    for key in first["loc"]:
        node = _child(node, key)
        name = node.get("id") if isinstance(node, dict) else None
        where.append(f"{key}" if name is None else str(name))
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = f"unknown key {first['loc'][-1]!r}"
        where = where[:-1]
    elif first["type"] == "missing":
        message = f"missing key {first['loc'][-1]!r}"
        where = where[:-1]
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{'.'.join(w for w in where if w not in ('questions', 'criteria')) or 'file'}: {message}{more}"


def _child(node: Any, key: int | str) -> Any:
    if isinstance(node, dict):
        return node.get(key)
    return node[key] if isinstance(node, list) and isinstance(key, int) and key < len(node) else None
