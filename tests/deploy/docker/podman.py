"""podman and buildah with a storage of their own: nothing of the developer's is seen, nothing is left behind."""

import json
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNTIMES = ("runc", "crun")
"""crun refuses hosts with both kinds of cgroups at once; where there is one kind, either will do."""

LIMITS = {"nofile": resource.RLIMIT_NOFILE, "nproc": resource.RLIMIT_NPROC}

NETWORKS = Path("/run/netns")
"""podman mounts it for the first container with a network of its own, and leaves it so."""

PATIENCE = 300.0
"""Seconds that a command may take on a machine that has much else to do."""

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Podman:
    """Commands on the containers and images in the folder `home`."""

    home: Path
    storage: str
    runtime: str
    within: tuple[str, ...] = ()
    """A command that each command is an argument of, such as `nsenter`."""

    def __call__(self, *arguments: str, timeout: float = PATIENCE, check: bool = True) -> Done:
        """Run `podman ARGUMENTS`.

        Raises:
            AssertionError: exit code other than 0, if `check`; the text is what it said.
        """
        options = ("--tmpdir", str(self.home / "tmp"), "--runtime", self.runtime)
        return self._run("podman", *options, *arguments, timeout=timeout, check=check)

    def buildah(self, *arguments: str, timeout: float = PATIENCE) -> Done:
        """Run `buildah ARGUMENTS`; raises like a call."""
        return self._run("buildah", *arguments, timeout=timeout, check=True)

    def inspect(self, name: str, kind: str = "container") -> dict[str, Any]:
        """What podman knows of it."""
        (found,) = json.loads(self("inspect", "--type", kind, name).stdout)
        return dict(found)

    def _run(self, tool: str, *arguments: str, timeout: float, check: bool) -> Done:
        store = ("--root", f"{self.home}/root", "--runroot", f"{self.home}/run", "--storage-driver", self.storage)
        done = subprocess.run(
            (*self.within, tool, *store, *arguments),
            env=os.environ | {"CONTAINERS_CONF": str(self._settings())},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{tool} {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def _settings(self) -> Path:
        """Settings without systemd, a proxy's address, or limits above those of this process (which may not be)."""
        file = self.home / "containers.conf"
        if not file.exists():
            limits = [f"{name}={most}:{most}" for name, most in _limits().items()]
            file.write_text(
                f"[containers]\ndefault_ulimits = {json.dumps(limits)}\nhttp_proxy = false\n"
                'log_driver = "k8s-file"\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
                f'lock_type = "file"\n[network]\nnetwork_config_dir = "{self.home}/networks"\n'
                + ('network_backend = "netavark"\n' if has_bridges() else "")
            )
        return file


@contextmanager
def at(home: Path, storage: str, runtime: str = RUNTIMES[0]) -> Iterator[Podman]:
    """A Podman whose containers, images and mounts are gone afterwards."""
    home.mkdir(parents=True, exist_ok=True)
    podman = Podman(home, storage, runtime)
    try:
        yield podman
    finally:
        podman("pod", "rm", "--all", "--force", "--time", "0", check=False)
        podman("rm", "--all", "--force", "--time", "0", "--volumes", check=False)
        # Not `podman system reset`: it also takes away settings outside of the folder.
        unmount_below(home)
        if NETWORKS.is_dir() and not any(NETWORKS.iterdir()):
            unmount_below(NETWORKS)


@contextmanager
def in_memory(folder: Path) -> Iterator[None]:
    """Lay the folder in memory, where that is allowed: dpkg syncs each file, and a disk takes minutes for that."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4g,mode=0700", "tmpfs", str(folder)], check=False)
    try:
        yield
    finally:
        unmount_below(folder)


def working_storage(scratch: Path) -> str:
    """overlay where it can be mounted; not on another overlay, as where the tests run in a container. vfs else."""
    lower, upper, work, merged = (scratch / name for name in ("lower", "upper", "work", "merged"))
    for folder in (lower, upper, work, merged):
        folder.mkdir()
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    mount = ["mount", "-t", "overlay", "overlay", "-o", options, str(merged)]
    mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    unmount_below(merged)
    return "overlay" if mounted else "vfs"


def unmount_below(folder: Path) -> None:
    """Take away what is mounted in the folder, the innermost first."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in reversed([mount for mount in mounts if Path(mount).is_relative_to(folder)]):
        subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)


def has_bridges() -> bool:
    """Whether podman can give a pod a network of its own."""
    return any(Path(folder, "podman", "netavark").exists() for folder in ("/usr/lib", "/usr/libexec"))


def has_pause() -> bool:
    """Whether podman can make the container that holds a pod's namespaces."""
    return bool(shutil.which("catatonit") or Path("/usr/libexec/podman/catatonit").exists())


def _limits() -> dict[str, int]:
    """Low enough for any machine, and enough for the watcher."""
    hard = {name: resource.getrlimit(which)[1] for name, which in LIMITS.items()}
    return {name: 4096 if most == resource.RLIM_INFINITY else min(4096, most) for name, most in hard.items()}
