"""The watcher's own source, parsed once for all tests that look at it."""

import ast
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import watcher

ROOT = Path(watcher.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text())


@cache
def nodes_of(path: Path) -> Sequence[ast.AST]:
    """All nodes of a module, except whether a name is read or written; twice as fast as `ast.walk`."""
    nodes: list[ast.AST] = [tree_of(path)]
    for node in nodes:
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                nodes += [child for child in value if isinstance(child, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                nodes.append(value)
    return nodes


DOCUMENTED = {"_asdict", "_exit", "_fields", "_make", "_replace"}
"""Public in spite of their names: os._exit, and those of named tuples."""


def is_private(name: str) -> bool:
    """Whether a name says that it is nobody else's."""
    return name.startswith("_") and not name.endswith("_") and name not in DOCUMENTED


def is_own(value: ast.expr) -> bool:
    """Whether this is the object or class itself, to its own methods."""
    return isinstance(value, ast.Name) and value.id in {"self", "cls"}


def names_of(nodes: Sequence[ast.AST]) -> set[str]:
    """What a module defines itself: functions, classes, attributes, slots."""
    found = set()
    for node in nodes:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()):
                found.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.Assign(targets=targets):
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def nodes_of_modules() -> Mapping[str, Sequence[ast.AST]]:
    """All nodes of each module, by its path in the package."""
    return {str(path.relative_to(ROOT)): nodes_of(path) for path in MODULES}
