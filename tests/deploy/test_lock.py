"""The locks: of the container image, and of the programs that CI runs."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def test_the_lock_has_every_dependency_in_the_range_that_the_project_wants_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (ROOT / "deploy/docker/requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", lock, re.MULTILINE))
    for wanted in map(Requirement, project["dependencies"]):
        assert wanted.specifier.contains(locked[wanted.name])
    assert len(re.findall(r"^\S+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)) == len(locked)


def brings_programs(name: str) -> bool:
    """Whether the installed package has native code that is no extension module of Python."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return False
    native = (Path(str(file.locate())) for file in files if not re.search(r"\.cpython-|\.abi3\.|\.libs/", str(file)))
    return any(path.is_file() and magic(path) == b"\x7fELF" for path in native)


def magic(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def test_programs_of_the_dev_extra_are_pinned_by_hash_and_installed_first_in_ci() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {requirement.name: requirement for requirement in map(Requirement, extras["dev"] + extras["test"])}
    lock = (ROOT / ".ci/binaries.lock").read_text()
    entries = re.findall(r"^([a-z0-9-]+)==(\S+)[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)
    locked = dict(entries)
    assert {name for name in wanted if name != "liveness-watcher" and brings_programs(name)} <= locked.keys()
    assert all(wanted[name].specifier.contains(version) for name, version in entries)
    run = (ROOT / ".ci/run").read_text()
    assert 0 < run.index("--require-hashes -r .ci/binaries.lock") < run.index("'.[dev]'")
