"""What is in the image, and what is not."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.docker.image import IMAGE, REVISION, version
from tests.deploy.docker.podman import Podman

pytestmark = pytest.mark.timeout(400)  # the first that needs the image builds it

UID = 65532
MAX_MEGABYTES = 200


@pytest.fixture
def root(podman: Podman) -> Iterator[Path]:
    """The image's root file system."""
    yield Path(podman("image", "mount", IMAGE).stdout.strip())
    podman("image", "unmount", IMAGE)


def test_it_is_small(podman: Podman, record_property: Callable[[str, object], None]) -> None:
    megabytes = podman.inspect(IMAGE, "image")["Size"] / 1e6
    record_property("image_megabytes", round(megabytes))
    assert megabytes < MAX_MEGABYTES


def test_it_starts_the_watcher_directly_as_a_user_that_is_not_root_and_says_how_it_is(podman: Podman) -> None:
    image = podman.inspect(IMAGE, "image")
    config = image["Config"]
    assert config["Entrypoint"] == ["/opt/watcher/bin/watcher"]
    assert config["Cmd"] == ["run"]
    assert config["User"] == f"{UID}:{UID}"
    assert config["StopSignal"] in {"SIGTERM", "15"}
    assert config["WorkingDir"] == "/var/lib/watcher"
    assert list(config["Volumes"]) == ["/var/lib/watcher"]
    assert list(config["ExposedPorts"]) == ["9464/tcp"]
    assert image["Healthcheck"]["Test"] == ["CMD", "/opt/watcher/bin/healthcheck"]


def test_its_labels_are_those_that_registries_and_scanners_read(podman: Podman) -> None:
    labels = podman.inspect(IMAGE, "image")["Labels"]
    standard = {key.removeprefix("org.opencontainers.image."): value for key, value in labels.items()}
    assert standard["version"] == version()
    assert podman("run", "--rm", "--network=none", IMAGE, "--version").stdout == f"watcher, version {version()}\n"
    assert standard["revision"] == REVISION
    assert standard["licenses"] == "Apache-2.0"
    assert standard["title"] == "liveness-watcher"
    assert standard["description"]


def test_no_setting_of_the_machine_that_built_it_is_left_in_it(podman: Podman, root: Path) -> None:
    names = {variable.partition("=")[0] for variable in podman.inspect(IMAGE, "image")["Config"]["Env"]}
    assert names == {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONSAFEPATH", "WATCHER_HTTP__HOST"}
    for place in ("etc/pip.conf", "etc/xdg/pip", "run/secrets"):
        assert not (root / place).exists()
    assert not [*(root / "opt/watcher").rglob("direct_url.json")]


def test_pip_compilers_and_caches_stay_behind(root: Path) -> None:
    programs = {file.name for folder in ("usr/bin", "opt/watcher/bin") for file in (root / folder).iterdir()}
    assert not [name for name in programs if name.startswith(("pip", "gcc", "cc", "make", "git", "curl", "wget"))]
    assert not [*root.glob("**/site-packages/pip"), *root.glob("**/dist-packages/pip"), *root.glob("**/ensurepip")]
    for cache in ("root/.cache", "var/cache/apt", "var/lib/apt/lists", "var/log", "tmp", "src", "build", "dist"):
        assert not [file for file in (root / cache).rglob("*") if file.is_file()], cache


def test_every_module_is_compiled_since_nothing_can_be_written_later(root: Path) -> None:
    modules = [*(root / "opt/watcher/lib").rglob("*.py"), *(root / "usr/lib/python3.13/json").glob("*.py")]
    assert len(modules) > 500
    assert not [file for file in modules if not [*file.parent.glob(f"__pycache__/{file.stem}.*.pyc")]]


def test_its_user_owns_the_queues_folder_and_nothing_else(root: Path) -> None:
    owned = [
        Path(folder, name).relative_to(root)
        for folder, folders, files in os.walk(root)
        for name in (*folders, *files)
        if os.lstat(Path(folder, name)).st_uid == UID
    ]
    assert owned == [Path("var/lib/watcher")]
    assert (root / "var/lib/watcher").stat().st_mode & 0o777 == 0o750
