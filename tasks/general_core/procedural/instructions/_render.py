"""Writing an answer: content in its form, dressed as the constraints on case, marks and wrappers ask."""

from __future__ import annotations

import json
import re

from equipoise.tasks.general_core.procedural.instructions._content import Content
from equipoise.tasks.general_core.procedural.instructions._grade import Check

DRESS = ("exclaims", "lower", "upper", "echo", "title", "quoted")  # constraints that `render` sees to


def render(content: Content, checks: list[Check]) -> str:
    """The answer that says the content and keeps those of the checks that are named in DRESS."""
    names = {check["name"]: check for check in checks}
    body = _form(content)
    if "exclaims" in names:
        body = re.sub(r"[.?](?=\s|$)", "!", body)
    body = body.lower() if "lower" in names else body.upper() if "upper" in names else body
    if "quoted" in names:
        return f'"{body}"'
    if "title" in names:
        return f"{names['title']['title']}\n{body}"
    return f"{names['echo']['request']}\n{body}" if "echo" in names else body


def _form(content: Content) -> str:
    if content.kind == "json":
        return json.dumps(content.record)
    if content.kind == "bullets":
        return "\n".join(f"- {part}" for part in content.parts)
    if content.kind == "numbered":
        return "\n".join(f"{i}. {part}" for i, part in enumerate(content.parts, 1))
    return {"sentences": " ", "lines": "\n", "commas": ", "}[content.kind].join(content.parts)
