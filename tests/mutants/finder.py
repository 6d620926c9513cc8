# SPDX-License-Identifier: MIT
"""Finds the mutants of a module: small changes, each of which a test should notice.

What is left alone is no behaviour: annotations, texts, Protocols, `if TYPE_CHECKING`.
"""

import ast
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_BOUNDARY: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
_BUILT_IN = {"min": "max", "max": "min", "any": "all", "all": "any"}
#: Calls that change no behaviour a test could see, or exist for the type checker.
_UNTOUCHED = {"assert_never", "cast", "TypeVar", "getLogger"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """The bytes from `start` to `end` of `file` become `after`."""

    file: str
    line: int
    start: int
    end: int
    before: str
    after: str

    @property
    def name(self) -> str:
        """Stays the same while the module does."""
        mark = zlib.crc32(f"{self.start} {self.after}".encode()) & 0xFFFF
        return f"{self.file}:{self.line}:{mark:04x}"

    @property
    def change(self) -> str:
        """On one line, at most some 150 characters."""
        before, after = (" ".join(t.split())[:70] for t in (self.before, self.after))
        return f"{before} -> {after}"

    def applied_to(self, source: bytes) -> bytes:
        return source[: self.start] + self.after.encode() + source[self.end :]


def mutants_of(file: str, source: bytes, seed: int) -> list[Mutant]:
    """Every mutant of `source` that compiles, in the order of the text."""
    finder = _Finder(file, source, random.Random(f"{seed} {file}"))
    finder.visit(ast.parse(source))
    unique = {(m.start, m.end, m.after): m for m in finder.found}
    same = ast.dump(ast.parse(source))
    return [m for m in unique.values() if _differs(m.applied_to(source), same)]


def _differs(source: bytes, original: str) -> bool:
    try:
        return ast.dump(ast.parse(source)) != original
    except SyntaxError:
        return False


class _Finder(ast.NodeVisitor):
    def __init__(self, file: str, source: bytes, chance: random.Random) -> None:
        self.found: list[Mutant] = []
        self._file, self._source, self._chance = file, source, chance
        self._functions: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def _add(self, node: ast.stmt | ast.expr, after: str | ast.AST) -> None:
        start = self._starts[node.lineno - 1] + node.col_offset
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        end = self._starts[node.end_lineno - 1] + node.end_col_offset
        if isinstance(after, ast.AST):
            after = ast.unparse(ast.fix_missing_locations(after))
        if isinstance(node, ast.expr):
            # Whatever surrounds it, also on several lines.
            after = f"({after})" if " " in after else after
        before = self._source[start:end].decode()
        self.found.append(Mutant(self._file, node.lineno, start, end, before, after))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        """An annotation is no behaviour."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Python 3.11 does not tell where the parts of an f-string are."""

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if not any("Protocol" in ast.unparse(base) for base in node.bases):
            for statement in node.body:
                self.visit(statement)

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" not in ast.unparse(node.test):
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit_function(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._functions.append(node)
        for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.visit(default)
        body = [s for s in node.body if not _is_text(s)]
        yields = any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(node))
        if body and not yields and _returns_none(node) and node.name != "__init__":
            self._add(body[0], "return")
        for statement in node.body:
            self.visit(statement)
        self._functions.pop()

    def visit_Compare(self, node: ast.Compare) -> None:
        for index, operation in enumerate(node.ops):
            for table in (_OPPOSITE, _BOUNDARY):
                if other := table.get(type(operation)):
                    ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
                    self._add(node, ast.Compare(node.left, ops, node.comparators))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self._add(node, ast.BoolOp(other, node.values))
        for index in range(len(node.values)):
            rest = node.values[:index] + node.values[index + 1 :]
            self._add(node, ast.BoolOp(node.op, rest) if rest[1:] else rest[0])
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._add(node, node.operand)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if (other := _ARITHMETIC.get(type(node.op))) and not _is_textual(node):
            self._add(node, ast.BinOp(node.left, other(), node.right))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._add(node, str(not value))
        elif isinstance(value, float):
            self._add(node, repr(value * 2 or 1.0))
        elif isinstance(value, int):
            self._add(node, repr(self._chance.choice([value + 1, 2 * value or -1])))

    def visit_Call(self, node: ast.Call) -> None:
        called = _last_name(node.func)
        if called in _UNTOUCHED:
            return
        if called in _BUILT_IN and isinstance(node.func, ast.Name):
            self._add(node.func, _BUILT_IN[called])
        if called == "replace":
            # Each keyword says what changes.
            for index, keyword in enumerate(node.keywords):
                rest = node.keywords[:index] + node.keywords[index + 1 :]
                if keyword.arg:
                    self._add(node, ast.Call(node.func, node.args, rest))
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if isinstance(node.value, ast.Tuple) and self._returns_effects():
            for less in _with_less(node.value):
                self._add(node, f"return {ast.unparse(less)}")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._add(node, "pass")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call | ast.Yield | ast.YieldFrom):
            if not (
                isinstance(value, ast.Call) and _last_name(value.func) in _UNTOUCHED
            ):
                self._add(node, "pass")
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        inside = self._functions and self._functions[-1].name != "__init__"
        if inside and any(isinstance(t, ast.Attribute) for t in node.targets):
            self._add(node, "pass")
        self.generic_visit(node)

    def _returns_effects(self) -> bool:
        returns = self._functions and self._functions[-1].returns
        return bool(returns) and "Step" in ast.unparse(returns)


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_textual(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(
        isinstance(s, ast.JoinedStr)
        or (isinstance(s, ast.Constant) and isinstance(s.value, str))
        for s in sides
    )


def _returns_none(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return node.returns is not None and ast.unparse(node.returns) == "None"


def _last_name(node: ast.expr) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def _with_less(value: ast.Tuple) -> Iterator[ast.expr]:
    """A step without one of its effects."""
    if len(value.elts) != 2:
        return
    rest, effects = value.elts
    for fewer in _fewer(effects):
        yield ast.Tuple([rest, fewer], ast.Load())


def _fewer(effects: ast.expr) -> Iterator[ast.expr]:
    if isinstance(effects, ast.Tuple):
        for index in range(len(effects.elts)):
            left = effects.elts[:index] + effects.elts[index + 1 :]
            yield ast.Tuple(left, ast.Load())
    elif isinstance(effects, ast.BinOp) and isinstance(effects.op, ast.Add):
        yield effects.left
        yield effects.right
    elif isinstance(effects, ast.Name):
        yield ast.Tuple([], ast.Load())
