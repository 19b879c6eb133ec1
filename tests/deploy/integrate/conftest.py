"""The folder of the examples, and the programs of other languages that run them."""

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT

INTEGRATE = ROOT / "deploy" / "integrate"
LEAST_NODE = 20


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Node examples with what their lock names, installed once for all tests of all workers."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}: Debian's packages nodejs and npm")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(re.findall(r"\d+", version)[0]) < LEAST_NODE:
        pytest.skip(f"needs Node.js >= {LEAST_NODE}, as sqs-consumer does; here is {version.strip()}")
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "node.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "node"
        return folder if folder.exists() else _installed(folder)


def _installed(folder: Path) -> Path:
    draft = folder.with_name("node.draft")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(INTEGRATE / "node", draft, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=draft, capture_output=True, text=True, check=False)
    if done.returncode != 0 and not os.environ.get("CI"):
        pytest.skip(f"npm ci failed: {done.stderr[-500:]}")
    assert done.returncode == 0, done.stderr
    return draft.rename(folder)


@pytest.fixture(scope="session")
def java_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Java example, compiled."""
    if shutil.which("javac") is None:
        pytest.skip("needs javac: Debian's package default-jdk-headless")
    folder = tmp_path_factory.mktemp("java")
    sources = [str(path) for path in (INTEGRATE / "java").glob("*.java")]
    done = subprocess.run(
        ["javac", "--release", "17", "-Xlint:all", "-Werror", "-d", str(folder), *sources],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder
