"""The real AWS CLI, both programs, and the endpoint between them."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_get.endpoint import Endpoint
from tests.acceptance.test_get.programs import AwsCli, Programs

VARIABLE = "WATCHER_TEST_AWSCLI"
ASK_AGAIN = 24 * 3600
"""Seconds until PyPI is asked for a newer release: the comparison is with the newest one."""


@pytest.fixture(scope="session")
def aws_cli(request: pytest.FixtureRequest) -> AwsCli:
    """AWS CLI v1: the one that the environment names, else the newest, in an environment in pytest's cache."""
    named = os.environ.get(VARIABLE)
    if named:
        return AwsCli.at(Path(named))
    if getattr(request.config, "cache", None) is None:  # pytest may run without its cache plugin
        pytest.skip(f"no AWS CLI: {VARIABLE} is not set, and without pytest's cache there is no place for one")
    kept = request.config.cache.mkdir("awscli")
    folder = kept / f"venv-{sys.version_info.major}.{sys.version_info.minor}"
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several workers one installs it, and the others wait
        if not (folder / "bin" / "aws").exists():
            _install(folder)
        elif not _was_asked(folder):
            _upgrade(folder)
    return AwsCli(folder / "bin" / "python", folder / "bin" / "aws")


def _install(folder: Path) -> None:
    """Build an environment beside its place, then move it there: a broken-off run must not leave half of one."""
    building = folder.with_name(f"{folder.name}-{os.getpid()}")
    try:
        subprocess.run([sys.executable, "-m", "venv", str(building)], check=True, capture_output=True, timeout=120)
        subprocess.run(_pip_install(building), check=True, capture_output=True, timeout=300)
        (building / "asked").touch()
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"no AWS CLI: {VARIABLE} is not set, and it can't be installed here: {error}")
    try:
        building.rename(folder)
    except OSError:
        if not (folder / "bin" / "aws").exists():
            raise


def _was_asked(folder: Path) -> bool:
    """Whether PyPI was asked lately."""
    asked = folder / "asked"
    return asked.exists() and time.time() - asked.stat().st_mtime < ASK_AGAIN


def _upgrade(folder: Path) -> None:
    """Get a newer release if there is one. Without PyPI the one that is there will do, and pip says why it stays."""
    subprocess.run([*_pip_install(folder), "--timeout", "5", "--retries", "1"], check=False)
    (folder / "asked").touch()


def _pip_install(folder: Path) -> list[str]:
    return [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--upgrade", "awscli<2"]


@pytest.fixture(scope="session")
def programs(aws_cli: AwsCli, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """Both programs, in a home folder of their own."""
    both = Programs(aws_cli, tmp_path_factory.mktemp("home"))
    yield both
    both.close()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[Endpoint]:
    """Where both programs send their requests."""
    with Endpoint() as running:
        yield running
