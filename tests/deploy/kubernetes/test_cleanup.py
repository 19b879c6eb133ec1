"""The README's block that deletes ConfigMaps, with a stand-in for kubectl that knows a few objects."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.deploy.kubernetes.rendering import KUBERNETES

HASHES = ("aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc")
NAMES = [f"watcher-{kind}-{of}" for kind in ("config", "env") for of in HASHES]
KUBECTL = """#!/bin/sh
case "$*" in
  *pods,replicasets,controllerrevisions*) cat "$FOLDER/used" ;;
  *configmaps*) cat "$FOLDER/names" ;;
  *delete*) echo "$*" >> "$FOLDER/deleted" ;;
esac
"""


def block() -> str:
    text = (KUBERNETES / "README.md").read_text()
    return text.partition("tests/deploy/kubernetes/test_cleanup.py")[2].partition("```sh\n")[2].partition("```")[0]


def deleted(folder: Path) -> list[str]:
    """What the block deletes in a cluster with the files `names` and `used`."""
    (folder / "names").write_text("".join(f"configmap/{name}\n" for name in NAMES))
    (folder / "kubectl").write_text(KUBECTL)
    (folder / "kubectl").chmod(0o755)
    (folder / "deleted").touch()
    found = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "FOLDER": str(folder)}
    subprocess.run(["sh", "-c", block()], env=found, check=False, stderr=subprocess.DEVNULL)
    return (folder / "deleted").read_text().splitlines()


@pytest.mark.parametrize("used", [(), HASHES[:1], HASHES[1:], HASHES])
def test_the_readme_deletes_the_config_maps_that_nothing_uses(used: tuple[str, ...], tmp_path: Path) -> None:
    kept = [name for name in NAMES if name.endswith(used)] if used else []
    (tmp_path / "used").write_text("".join(f"items:\n- configMapRef:\n    name: {name}\n" for name in kept))
    assert deleted(tmp_path) == [f"-n liveness delete configmap/{name}" for name in NAMES if name not in kept]


def test_a_cluster_that_does_not_say_what_is_used_loses_nothing(tmp_path: Path) -> None:
    assert deleted(tmp_path) == []
