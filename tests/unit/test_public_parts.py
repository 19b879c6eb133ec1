"""The watcher touches nothing of a library that is private: an upgrade must not break it."""

import ast
import re
from collections.abc import Sequence

from tests.unit.support.source import MODULES, ROOT, nodes_of_modules

DOCUMENTED = {"_asdict", "_exit", "_fields", "_make", "_replace"}
"""Public in spite of their names: os._exit, and those of named tuples."""


def private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def names(nodes: Sequence[ast.AST]) -> set[str]:
    """What the module defines itself with a leading underscore: functions, classes, attributes, slots."""
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


def test_no_private_name_of_a_library_is_used() -> None:
    """Of `self` those count that no class of the watcher's has, of all else those that the module itself has not."""
    own = {source: names(nodes) for source, nodes in nodes_of_modules().items()}
    everywhere = set[str]().union(*own.values())
    used = [
        f"{source}:{node.lineno} {node.attr}"
        for source, nodes in nodes_of_modules().items()
        for node in nodes
        if isinstance(node, ast.Attribute) and private(node.attr) and node.attr not in DOCUMENTED
        if node.attr not in (everywhere if is_own(node.value) else own[source])
    ]
    assert used == []


def is_own(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in {"self", "cls"}


def test_nothing_private_of_a_library_is_imported() -> None:
    imported = [
        f"{source}:{node.lineno} {node.module}.{one.name}"
        for source, nodes in nodes_of_modules().items()
        for node in nodes
        if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("watcher")
        for one in node.names
        if private(one.name) or any(private(part) for part in (node.module or "").split("."))
    ]
    assert imported == []


def test_nothing_goes_round_the_interpreter() -> None:
    """No C function is called by its address, and no module is hidden from an import."""
    tricks = [
        f"{source}:{node.lineno} {node.attr if isinstance(node, ast.Attribute) else 'ctypes'}"
        for source, nodes in nodes_of_modules().items()
        for node in nodes
        if (isinstance(node, ast.Attribute) and node.attr == "modules" and ast.unparse(node.value) == "sys")
        or (isinstance(node, ast.Import) and any(one.name.split(".")[0] == "ctypes" for one in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ctypes")
    ]
    assert tricks == []


def test_nothing_of_botocores_or_urllib3s_is_replaced() -> None:
    replaced = re.compile("http_session|import urllib3|from urllib3")
    assert [str(path.relative_to(ROOT)) for path in MODULES if replaced.search(path.read_text())] == []
