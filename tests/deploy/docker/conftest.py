"""The built image in a podman that works here, or the reason why there is none."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.deploy.docker.image import IMAGE, archive
from tests.deploy.docker.podman import RUNTIMES, Podman, at, in_memory, working_storage

TOOLS = ("buildah", "podman", "debootstrap")


def why_not() -> str:
    """What keeps containers from being built and run here; empty if nothing does."""
    if os.environ.get("WATCHER_TEST_SYSTEM") != "1":
        return "builds and runs containers: only with WATCHER_TEST_SYSTEM=1"
    if os.geteuid() != 0:
        return "debootstrap and buildah's chroot need root"
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if not any(shutil.which(runtime) for runtime in RUNTIMES):
        missing.append(" or ".join(RUNTIMES))
    return f"not installed: {', '.join(missing)}" if missing else ""


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    """podman with the image in it, on the first runtime that can run it."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    # podman takes no path of more than 50 characters for its storage: pytest's own folders are longer.
    with TemporaryDirectory(prefix="watcher-") as folder, in_memory(Path(folder)):
        yield from _working(Path(folder))


def _working(scratch: Path) -> Iterator[Podman]:
    storage = working_storage(scratch)
    refusals = []
    for runtime in filter(shutil.which, RUNTIMES):
        with at(scratch / runtime, storage, runtime) as candidate:
            with archive(scratch, storage) as image:
                candidate("load", "--quiet", "--input", str(image))
            trial = candidate("run", "--rm", "--network", "host", IMAGE, "--version", check=False)
            if trial.returncode == 0:
                yield candidate
                return
            refusals.append(trial.stderr.strip())
    pytest.skip(f"containers don't run here: {'; '.join(refusals)}")
