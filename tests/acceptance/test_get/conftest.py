"""The real AWS CLI, both programs, and the endpoint between them."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.test_get.endpoint import Endpoint
from tests.acceptance.test_get.programs import AwsCli, Programs

VARIABLE = "WATCHER_TEST_AWSCLI"


@pytest.fixture(scope="session")
def aws_cli(request: pytest.FixtureRequest) -> AwsCli:
    """AWS CLI v1: the one that the environment names, else one of our own, made once in pytest's cache."""
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
    return AwsCli(folder / "bin" / "python", folder / "bin" / "aws")


def _install(folder: Path) -> None:
    """Build an environment beside its place, then move it there: a broken-off run must not leave half of one."""
    building = folder.with_name(f"{folder.name}-{os.getpid()}")
    try:
        subprocess.run([sys.executable, "-m", "venv", str(building)], check=True, capture_output=True, timeout=120)
        install = [str(building / "bin" / "python"), "-m", "pip", "install", "--quiet", "awscli<2"]
        subprocess.run(install, check=True, capture_output=True, timeout=300)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"no AWS CLI: {VARIABLE} is not set, and it can't be installed here: {error}")
    try:
        building.rename(folder)
    except OSError:
        if not (folder / "bin" / "aws").exists():
            raise


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
