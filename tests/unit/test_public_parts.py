"""The watcher touches nothing of a library that is private: an upgrade must not break it."""

import ast
import re

from tests.unit.support.source import MODULES, ROOT, is_own, is_private, names_of, nodes_of_modules


def test_no_private_name_of_a_library_is_used() -> None:
    """Of `self` those count that no class of the watcher's has, of all else those that the module itself has not."""
    own = {source: names_of(nodes) for source, nodes in nodes_of_modules().items()}
    everywhere = set[str]().union(*own.values())
    used = [
        f"{source}:{node.lineno} {node.attr}"
        for source, nodes in nodes_of_modules().items()
        for node in nodes
        if isinstance(node, ast.Attribute) and is_private(node.attr)
        if node.attr not in (everywhere if is_own(node.value) else own[source])
    ]
    assert used == []


def test_nothing_private_of_a_library_is_imported() -> None:
    imported = [
        f"{source}:{node.lineno} {node.module}.{one.name}"
        for source, nodes in nodes_of_modules().items()
        for node in nodes
        if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("watcher")
        for one in node.names
        if is_private(one.name) or any(is_private(part) for part in (node.module or "").split("."))
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
