"""The shape of the source: what people can rely on when they look for something."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.unit.support.source import (
    MODULES,
    ROOT,
    is_own,
    is_private,
    nodes_of,
    nodes_of_modules,
    tree_of,
)

TESTS = ROOT.parent / "tests"
PAGE = (ROOT / "README.md").read_text()

MOST_LINES = 250
FUNCTION_LINES = 20
"""Of 95 % of all functions."""

MOST_NUMBERS = 200
"""Names of numbers at the level of modules. What belongs together is one NamedTuple or frozen dataclass."""


MEASURED_FROM_WITHIN = {
    "bench_scheduler.py": {"_confirmed"},
    "rate_limiters.py": {"_enabled", "_sleep_amount"},
}
"""Benchmarks of single parts, one of them botocore's rate limiter without its sleep."""

LOOK_PRIVATE = [
    re.compile(pattern)
    for pattern in (
        r"\._(?<!\bself\._)(?<!\bcls\._)[a-zA-Z]",
        r"import [^\n]*\b_[a-zA-Z]",
        r"\n +_\w+,\n",
        r"attr\([^\n]*[\"']_",
    )
]
"""A quick look at a file's text: most tests need no closer one."""


def test_every_module_is_in_a_package() -> None:
    assert {path.name for path in ROOT.glob("*.py")} == {"__init__.py", "__main__.py"}


def test_no_file_is_too_long_to_read() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_functions_are_short() -> None:
    found = [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for nodes in nodes_of_modules().values()
        for node in nodes
        if isinstance(node, ast.FunctionDef)
    ]
    assert sorted(found)[int(0.95 * len(found))] <= FUNCTION_LINES


def test_a_modules_tests_are_found_under_its_name() -> None:
    """`test_MODULE.py` or `test_MODULE_ASPECT.py` in the module's folder of `tests/unit` or `tests/integration`, or
    for a command in `tests/acceptance`. Modules of constants alone need none."""
    without = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.name not in ("__init__.py", "__main__.py") and has_functions(path) and not has_tests(path)
    ]
    assert without == []


def has_functions(module: Path) -> bool:
    """Those of Protocols don't count: they have no bodies, and mypy checks their implementations."""
    of_protocols = {
        inner
        for node in nodes_of(module)
        if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases)
        for inner in node.body
    }
    return any(isinstance(node, ast.FunctionDef) and node not in of_protocols for node in nodes_of(module))


def has_tests(module: Path) -> bool:
    """The tests of `memory_reader` are none of `memory`."""
    folder = module.relative_to(ROOT).parent
    places = [TESTS / "unit" / folder, TESTS / "integration" / folder]
    if folder.name == "cli":
        places.append(TESTS / "acceptance")
    found = [file for place in places for file in place.glob(f"test_{module.stem}*.py") if is_of(file, module.stem)]
    longer = [path.stem for path in module.parent.glob(f"{module.stem}_*.py")]
    return any(not any(is_of(file, stem) for stem in longer) for file in found)


def is_of(file: Path, stem: str) -> bool:
    return file.stem == f"test_{stem}" or file.stem.startswith(f"test_{stem}_")


def test_tests_use_public_entry_points_only() -> None:
    """What a user of a class has: its constructor's parts, its public methods, and what is seen from outside."""
    used = {path: names for path in TESTS.rglob("*.py") if (names := set(private_names_in(path)))}
    assert {path.name: names for path, names in used.items()} == MEASURED_FROM_WITHIN
    assert {path.parent for path in used} == {TESTS / "benchmarks"}


def private_names_in(path: Path) -> Iterator[str]:
    """Private names of other objects and modules that a test uses, imports, or replaces by a text."""
    text = path.read_text()
    if not any(pattern.search(text) for pattern in LOOK_PRIVATE):
        return
    for node in nodes_of(path):
        match node:
            case ast.Attribute(value=value, attr=name) if is_private(name) and not is_own(value):
                yield name
            case ast.ImportFrom(names=names, module=str(module)) if module.startswith(("watcher", "tests")):
                yield from (name.name for name in names if is_private(name.name))
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=args) if called.endswith(
                "attr"
            ):
                targets = [str(argument.value) for argument in args if isinstance(argument, ast.Constant)]
                yield from filter(is_private, (target.rpartition(".")[2] for target in targets))


def test_only_dependencies_are_imported() -> None:
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[^\w-]", text)[0].replace("-", "_") for text in project["dependencies"]}
    of_those = {"pydantic_core", "jmespath"}  # of pydantic's and botocore's interfaces
    found = {name for nodes in nodes_of_modules().values() for node in nodes for name in imported(node)}
    assert found - sys.stdlib_module_names - {"watcher", "pytest"} - of_those == wanted
    assert wanted >= {"boto3", "tenacity", "structlog", "prometheus_client"}  # what the project is built on


def imported(node: ast.AST) -> Iterator[str]:
    """The packages that a statement imports from."""
    match node:
        case ast.Import(names=names):
            yield from (name.name.partition(".")[0] for name in names)
        case ast.ImportFrom(module=str(module)):
            yield module.partition(".")[0]


def test_the_page_names_every_package() -> None:
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    table = PAGE.partition("## Folders")[2].partition("## Where")[0]
    assert folders <= set(re.findall(r"`([a-z_]+)`", table))


def test_every_file_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.py)?)`", PAGE))
    assert named
    assert [name for name in named if not (ROOT / name).exists() and not (ROOT.parent / name).exists()] == []


def test_numbers_have_few_names() -> None:
    """Each name that a module gives to a number is one more that somebody may want to change."""
    found = [
        f"{path.relative_to(ROOT)} {name.id}"
        for path in MODULES
        for node in tree_of(path).body
        for name, value in assigned(node)
        if is_number(value)
    ]
    assert len(found) <= MOST_NUMBERS


def assigned(node: ast.stmt) -> list[tuple[ast.Name, ast.expr]]:
    """The names that a statement gives, with what for."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            return [(name, value) for name, value in zip(names, values, strict=False) if isinstance(name, ast.Name)]
        case ast.Assign(targets=[ast.Name() as name], value=value):
            return [(name, value)]
        case ast.AnnAssign(target=ast.Name() as name, value=ast.expr() as value):
            return [(name, value)]
    return []


def is_number(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=number):
            return isinstance(number, int | float) and not isinstance(number, bool)
        case ast.UnaryOp(operand=inner):
            return is_number(inner)
        case ast.BinOp(left=left, right=right):
            return is_number(left) and is_number(right)
    return False
