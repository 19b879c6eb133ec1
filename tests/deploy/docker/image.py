"""The image, built as the README says, but of a base made with debootstrap: no container registry is needed."""

import fcntl
import hashlib
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.docker.podman import Podman, at
from tests.support import ROOT

IMAGE = "localhost/liveness-watcher:test"
PYTHON = "3.13"
"""Debian trixie's."""

DOCKER = ROOT / "deploy" / "docker"
LOCKS = (DOCKER / "requirements.lock", DOCKER / "build.lock")
WEEK = 7 * 24 * 3600

# What Debian's own slim images leave out, too.
SLIM = ("usr/share/doc", "usr/share/info", "usr/share/locale", "usr/share/man", "var/lib/apt/lists")
DEBS = "var/cache/apt/archives"
NO_CACHE = 'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n'
REVISION = "0" * 40


@contextmanager
def archive(scratch: Path, storage: str) -> Iterator[Path]:
    """The built image as a file, made once for all workers and kept for as long as nothing it is made of changes.

    Nobody else makes or drops one meanwhile.
    """
    with _cache() as cache:
        file = cache / f"image-{_fingerprint()}.tar"
        if not file.exists():
            _drop(cache.glob("image-*"))
            with at(scratch / "builder", storage) as podman:
                build(podman, cache, scratch)
                podman("save", "--quiet", "--format", "docker-archive", "--output", f"{file}.new", IMAGE)
            Path(f"{file}.new").rename(file)
        yield file


def build(podman: Podman, cache: Path, scratch: Path) -> None:
    """Build the image with buildah; wheels and Debian packages come from, and stay in, the cache."""
    name, suite = base_name()
    podman("import", str(_base(cache, scratch, suite)), name)
    pip = cache / "pip.conf"
    pip.write_text("[global]\nno-index = true\nfind-links = /mnt\n")
    podman.buildah(
        *("build", "--format", "docker", "--pull-never", "--isolation", "chroot", "--network", "host"),
        *("--volume", f"{_wheels(cache)}:/mnt:ro", "--secret", f"id=pip.conf,src={pip}"),
        *("--volume", f"{_folder(cache / 'debs')}:/{DEBS}"),
        *("--build-arg", f"VERSION={version()}", "--build-arg", f"REVISION={REVISION}"),
        *("--tag", IMAGE, "--file", str(DOCKER / "Dockerfile"), str(ROOT)),
    )


def base_name() -> tuple[str, str]:
    """The name of the Dockerfile's base, and its Debian suite."""
    found = re.search(r"^ARG BASE=(debian:([a-z]+)-slim)$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)
    assert found, "the Dockerfile's base is no Debian that debootstrap could make"
    return f"docker.io/library/{found[1]}", found[2]


def version() -> str:
    """The watcher's version, read from the file."""
    text = (ROOT / "watcher" / "__init__.py").read_text()
    return text.split('__version__ = "')[1].split('"')[0]


def platform_tags(machine: str) -> list[str]:
    """pip's options for the image's Python on this kind of machine."""
    manylinux = [f"--platform=manylinux{glibc}_{machine}" for glibc in ("2014", "_2_17", "_2_28")]
    return ["--only-binary=:all:", f"--python-version={PYTHON}", *manylinux]


def pip(*arguments: str) -> None:
    """This machine's own pip, with its settings, whatever index they name."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _base(cache: Path, scratch: Path, suite: str) -> Path:
    file = cache / f"{suite}.tar"
    if not file.exists() or file.stat().st_mtime < time.time() - WEEK:
        root = scratch / suite
        debs = _folder(cache / "debs-base")
        _tool("debootstrap", "--variant=minbase", f"--cache-dir={debs}", suite, str(root))
        (root / "etc/apt/apt.conf.d/docker-clean").write_text(NO_CACHE)
        left_out = [f"--exclude=./{folder}/*" for folder in (*SLIM, DEBS)]
        _tool("tar", "--numeric-owner", *left_out, "-C", str(root), "-cf", f"{file}.new", ".")
        Path(f"{file}.new").rename(file)
    return file


def _wheels(cache: Path) -> Path:
    wheels = _folder(cache / f"wheels-{_digest(LOCKS)}")
    if not any(wheels.iterdir()):
        tags = platform_tags(platform.machine())
        for lock in LOCKS:
            pip("download", "--require-hashes", *tags, "--dest", str(wheels), "--requirement", str(lock))
    return wheels


def _tool(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def _fingerprint() -> str:
    sources = [file for file in (ROOT / "watcher").rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    plain = [ROOT / name for name in (".dockerignore", "LICENSE", "README.md", "pyproject.toml")]
    return _digest([*sorted(sources), *sorted(path for path in DOCKER.iterdir() if path.is_file()), *plain])


def _digest(files: Iterator[Path] | list[Path] | tuple[Path, ...]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.relative_to(ROOT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:16]


def _folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _drop(files: Iterator[Path]) -> None:
    for file in files:
        file.unlink()


@contextmanager
def _cache() -> Iterator[Path]:
    """The folder that outlives a test run; one process at a time."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "liveness-watcher-tests"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
