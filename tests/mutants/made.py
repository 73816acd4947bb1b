"""The faults: each is one small change of one expression, chosen from all by its own digest, so always the same."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip
EXCHANGED = {"min": "max", "max": "min", "any": "all", "all": "any"}
IN_SCRIPTS = (  # of the page's scripts: what stands there, and instead
    (re.compile(r" === "), " !== "), (re.compile(r" !== "), " === "), (re.compile(r" < "), " >= "),
    (re.compile(r" > "), " <= "), (re.compile(r" && "), " || "), (re.compile(r" \|\| "), " && "),
    (re.compile(r" - "), " + "), (re.compile(r"Math\.min\("), "Math.max("), (re.compile(r"Math\.max\("), "Math.min("),
    (re.compile(r"\(!"), "("),
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One fault: the piece of a file from `begin` to `end` (characters) becomes `new`."""

    file: str  # below the project's folder
    line: int
    begin: int
    end: int
    old: str
    new: str
    mark: str  # what it is called and chosen by: where it stands in words, not in numbers

    def __str__(self) -> str:
        shown = (" ".join(text.split())[:60] for text in (self.old, self.new))
        return f"{self.file}:{self.line}: {'  ->  '.join(shown)}"

    def put_into(self, text: str) -> str:
        """The file's text with the fault in it."""
        assert text[self.begin : self.end] == self.old
        return text[: self.begin] + self.new + text[self.end :]


def chosen(files: list[Path], root: Path, count: int) -> list[Mutant]:
    """So many faults of these files, spread over them by digest: other code doesn't change which."""
    every = [mutant for file in files for mutant in of_file(file, root)]
    return sorted(every, key=lambda mutant: hashlib.sha256(mutant.mark.encode()).digest())[:count]


def of_file(file: Path, root: Path) -> Iterator[Mutant]:
    """Every fault that a file can have."""
    text, name = file.read_text(encoding="utf-8"), file.relative_to(root).as_posix()
    changes = _of_script(text) if file.suffix == ".js" else _of_python(text)
    seen: dict[str, int] = {}
    for where, begin, end, new in changes:
        old = text[begin:end]
        mark = f"{name} {where} {old} {new}"
        seen[mark] = seen.get(mark, 0) + 1
        yield Mutant(name, text.count("\n", 0, begin) + 1, begin, end, old, new, f"{mark} {seen[mark]}")


def _of_script(text: str) -> Iterator[tuple[str, int, int, str]]:
    for pattern, new in IN_SCRIPTS:
        for found in pattern.finditer(text):
            line = text[text.rfind("\n", 0, found.start()) + 1 : text.find("\n", found.end())]
            before = line.split(found[0])[0]
            if not line.lstrip().startswith(("//", "*", "/*")) and before.count('"') % 2 == before.count("`") % 2 == 0:
                yield " ".join(line.split()), found.start(), found.end(), new


def _of_python(text: str) -> Iterator[tuple[str, int, int, str]]:
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    octets = text.encode()

    def at(line: int, column: int) -> int:
        return len(octets[: starts[line - 1] + column].decode())

    for where, node, made in _changed(ast.parse(text), ""):
        begin, end = at(node.lineno, node.col_offset), at(node.end_lineno or 0, node.end_col_offset or 0)
        yield where, begin, end, made if isinstance(made, str) else f"({ast.unparse(made)})"


def _changed(node: ast.AST, where: str) -> Iterator[tuple[str, ast.expr, ast.expr | str]]:
    """Each expression below a node that can be changed, and into what."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            yield from _changed(child, f"{where}.{child.name}")
        elif isinstance(child, ast.Assert | ast.Import | ast.ImportFrom | ast.arguments | ast.JoinedStr | ast.Raise):
            continue
        elif isinstance(child, ast.AnnAssign | ast.Assign):
            yield from _thresholds(child, where)
            if child.value is not None:
                yield from _expression(child.value, where)
        else:
            yield from _expression(child, where)


def _thresholds(node: ast.Assign | ast.AnnAssign, where: str) -> Iterator[tuple[str, ast.expr, ast.expr | str]]:
    """A named number at its half, and at twice."""
    value = node.value
    named = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    is_named = isinstance(node, ast.AnnAssign) or (isinstance(named, ast.Name) and named.id.isupper())
    if is_named and isinstance(value, ast.Constant) and type(value.value) in (int, float) and value.value:
        for new in (value.value / 2, value.value * 2):
            yield f"{where} {ast.unparse(node)}", value, repr(type(value.value)(new) or 3)


def _expression(node: ast.AST, where: str) -> Iterator[tuple[str, ast.expr, ast.expr | str]]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in TURNED:
        yield where, node, ast.Compare(node.left, [TURNED[type(node.ops[0])]()], node.comparators)
    if isinstance(node, ast.BoolOp):
        yield where, node, ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield where, node, node.operand
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPPED and not (_is_text(node.left) or _is_text(node.right)):
        yield where, node, ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in EXCHANGED:
        yield where, node.func, EXCHANGED[node.func.id]
    if isinstance(node, ast.If) and not node.orelse and isinstance(node.body[0], ast.Return | ast.Continue):
        yield f"{where} if", node.test, "False"
    yield from _changed(node, where)


def _is_text(node: ast.expr) -> bool:
    """Whether an operand is a text or a sequence for sure: there + is no sum."""
    is_literal = isinstance(node, ast.JoinedStr | ast.List | ast.Tuple | ast.Dict | ast.Set)
    return is_literal or (isinstance(node, ast.Constant) and not isinstance(node.value, int | float))
