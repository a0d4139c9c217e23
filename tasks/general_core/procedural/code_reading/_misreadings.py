"""What a program prints to those who misread it: the wrong choices of an item."""

from __future__ import annotations

import ast
import itertools
import random
import re
from string import Template

from equipoise.tasks.general_core.procedural.code_reading._programs import Program
from equipoise.tasks.general_core.procedural.code_reading._run import output

_SWAPS: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.FloorDiv: ast.Mod,
    ast.Mod: ast.FloorDiv,
}
_PLACES = 14  # a slip is drawn among so many places; where a program has fewer, some slips change nothing


class _Slip(ast.NodeTransformer):
    """Changes the n-th changeable place: an integer by one, a comparison, or an operator."""

    def __init__(self, place: int, step: int) -> None:
        self.place, self.step, self.seen = place, step, 0

    def _here(self) -> bool:
        self.seen += 1
        return self.seen - 1 == self.place

    def visit_List(self, node: ast.List) -> ast.List:
        return node  # nobody misreads the data

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if type(node.value) is int and self._here():
            return ast.copy_location(ast.Constant(node.value + self.step), node)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        self.generic_visit(node)
        if type(node.ops[0]) in _SWAPS and self._here():
            node.ops[0] = _SWAPS[type(node.ops[0])]()
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.BinOp:
        self.generic_visit(node)
        if type(node.op) in _SWAPS and self._here():
            node.op = _SWAPS[type(node.op)]()
        return node


def misread_outputs(rng: random.Random, program: Program, values: dict[str, str], truth: str) -> list[str]:
    """Distinct outputs other than `truth` and of its form.

    The likely ones come first: those of one misreading, then, mixed, those of two at once and of single slips.
    """
    once = [program.code.replace(part, taken_for) for part, taken_for in program.misreadings]
    pairs = rng.sample(list(itertools.permutations(program.misreadings, 2)), 6)
    twice = [program.code.replace(*first).replace(*second) for first, second in pairs]
    trees = [_parsed(template, values) for template in (*once, *twice)]
    for template in [program.code] * 3 + rng.sample(once, 3):  # slips near the truth and slips near a misreading
        for place in rng.sample(range(_PLACES), 3):
            if (tree := _parsed(template, values)) is not None:
                trees.append(_Slip(place, rng.choice([-1, 1])).visit(tree))
    outputs = dict.fromkeys(output(tree) for tree in trees if tree is not None)
    found = [text for text in outputs if text is not None and text != truth and form(text) == form(truth)]
    typical, rest = found[: len(once) // 2 + 1], found[len(once) // 2 + 1 :]
    return [*typical, *rng.sample(rest, len(rest))]


def _parsed(template: str, values: dict[str, str]) -> ast.Module | None:
    try:
        return ast.parse(Template(template).substitute(values))
    except SyntaxError:  # two misreadings may not fit together
        return None


def form(text: str) -> str:
    """The kinds of the words of an output. All choices of an item have the same, so that the form gives nothing away."""
    if text.startswith("["):
        return "list"
    return " ".join("word" if re.search("[A-Za-z!?]", part) else "float" if "." in part else "int" for part in text.split(" "))
