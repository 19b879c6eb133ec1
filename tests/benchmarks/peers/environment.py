"""What a peer needs beyond this Python: packages, Redis, and for aiobotocore an environment of its own.

aiobotocore is bound to one version of botocore, which is seldom the one that the watcher has.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.peers.workers import Peer, has_package

VARIABLE = "WATCHER_BENCH_AIOBOTOCORE"
PACKAGES = ("aiobotocore", "tenacity")
SKIP = "none"
"""Said instead of a folder: don't make an environment."""


def cache_folder() -> Path:
    """Where the environment is kept from run to run."""
    usual = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(usual) / "liveness-watcher"


def aiobotocore_python(cache: str) -> tuple[str, str]:
    """The Python that has aiobotocore, or "" and the reason; made under `cache` if it isn't there."""
    if named := os.environ.get(VARIABLE):
        return named, ""
    if has_package("aiobotocore"):
        return sys.executable, ""
    if cache == SKIP:
        return "", f"aiobotocore is not installed ({VARIABLE} can name a Python that has it)"
    folder = Path(cache or cache_folder()) / f"aiobotocore-{sys.version_info.major}.{sys.version_info.minor}"
    if not (folder / "made").exists():
        try:
            make(folder)
        except (subprocess.SubprocessError, OSError) as error:
            return "", f"aiobotocore cannot be installed here: {error}"
    return str(folder / "bin" / "python"), ""


def make(folder: Path) -> None:
    """A virtual environment; one that was left half made is made anew."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, timeout=120)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *PACKAGES]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    (folder / "made").touch()


def missing(peer: Peer, no_aiobotocore: str) -> str:
    """Why a peer cannot run here, "" if it can."""
    for need in peer.needs:
        if need == "redis-server" and shutil.which(need) is None:
            return "no redis-server here (Debian: apt-get install redis-server)"
        if need == "aiobotocore" and no_aiobotocore:
            return no_aiobotocore
        if need not in {"redis-server", "aiobotocore"} and not has_package(need):
            return f"the package {need} is not installed (the extra `dev` has it)"
    return ""
