"""The unit files and scripts, as far as they can be looked at without a service manager."""

import os
import shutil
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support import ROOT
from watcher.cli.exit_codes import ExitCode
from watcher.config import Settings
from watcher.daemon.systemd import STOP_SLACK

SYSTEMD = ROOT / "deploy" / "systemd"
UNITS = ("watcher.service", "watcher@.service")
WATCHER = "/opt/liveness-watcher/bin/watcher"

needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")


def settings_of(unit: str) -> Mapping[str, Sequence[str]]:
    """Each key of a unit file with its values, in order."""
    found = defaultdict(list)
    for line in (SYSTEMD / unit).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key].append(value)
    return found


def program(folder: Path, name: str, text: str) -> None:
    """A stand-in for a program, found in the place of the real one by `with_path`."""
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def with_path(folder: Path) -> dict[str, str]:
    """The environment, with the programs of this folder first."""
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def analyze(folder: Path, unit: str, text: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """systemd-analyze on an instance of the unit, with a program that is there."""
    file = folder / unit.replace("@", "@eu")
    file.write_text(text.replace(WATCHER, "/bin/true"))
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments, str(file)], capture_output=True, text=True, check=False
    )


@needs_analyze
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_finds_nothing_wrong(unit: str, tmp_path: Path) -> None:
    text = (SYSTEMD / unit).read_text()
    verified = analyze(tmp_path, unit, text, "verify", "--recursive-errors=yes", "--man=no")
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    slip = text.replace("Restart=", "Restrat=")
    assert analyze(tmp_path, unit, slip, "verify", "--recursive-errors=yes", "--man=no").returncode != 0


@needs_analyze
@pytest.mark.parametrize("unit", UNITS)
def test_hardly_anything_is_exposed(unit: str, tmp_path: Path) -> None:
    text = (SYSTEMD / unit).read_text()
    rated = analyze(tmp_path, unit, text, "security", "--offline=true", "--threshold=15")
    assert rated.returncode == 0, rated.stdout
    open_to_all = "\n".join(line for line in text.splitlines() if not line.startswith(("SystemCall", "Restrict")))
    assert analyze(tmp_path, unit, open_to_all, "security", "--offline=true", "--threshold=15").returncode != 0


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_waits_longer_than_the_drain_takes(unit: str) -> None:
    [timeout] = settings_of(unit)["TimeoutStopSec"]
    assert float(timeout) >= Settings().shutdown.drain_timeout + STOP_SLACK
    shipped = tomllib.loads((ROOT / "config" / "watcher.toml").read_text())
    assert float(timeout) >= shipped["shutdown"]["drain_timeout"] + STOP_SLACK


@pytest.mark.parametrize("unit", UNITS)
def test_memory_with_faces_in_it_is_never_written_to_a_core_file(unit: str) -> None:
    assert settings_of(unit)["LimitCORE"] == ["0"]


@pytest.mark.parametrize("unit", UNITS)
def test_the_journal_drops_no_decision(unit: str) -> None:
    """By default it drops what a unit writes beyond 10,000 lines in 30 seconds."""
    assert settings_of(unit)["LogRateLimitIntervalSec"] == ["0"]


@pytest.mark.parametrize("unit", UNITS)
def test_settings_that_cannot_be_used_are_no_reason_to_try_again(unit: str) -> None:
    assert settings_of(unit)["RestartPreventExitStatus"] == [str(ExitCode.CONFIG)]


def test_an_instance_differs_in_its_names_only() -> None:
    one, many = settings_of("watcher.service"), settings_of("watcher@.service")
    assert one.keys() == many.keys()
    for key, values in one.items():
        assert [value.replace("watcher-%i", "watcher").replace("%i", "watcher") for value in many[key]] == [
            value.removesuffix(" %i") for value in values
        ] or key == "Description"


def test_the_shipped_settings_keep_their_state_where_the_unit_allows_it() -> None:
    shipped = tomllib.loads((ROOT / "config" / "watcher.toml").read_text())
    [state] = settings_of("watcher.service")["StateDirectory"]
    assert shipped["queue"]["url"].startswith(f"sqlite:////var/lib/{state}/")


@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh", "watcherctl"])
def test_a_script_can_be_run(script: str) -> None:
    assert (SYSTEMD / script).stat().st_mode & 0o111 == 0o111
    subprocess.run(["sh", "-n", str(SYSTEMD / script)], check=True)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--prefix", "/home/me/watcher"], 1, "the service sees no home folders"),
        (["--prefix", "watcher"], 1, "has to be a full path"),
        (["--prefix", "/opt/a b"], 1, "letters, digits"),
        (["--prefix", "/opt/a&b"], 1, "letters, digits"),
        (["--prefix", "/"], 1, "--prefix /: belongs to the system"),
        (["--prefix", "/usr/"], 1, "--prefix /usr: belongs to the system"),
        (["--prefix", "/usr/local//"], 1, "--prefix /usr/local: belongs to the system"),
        (["--prefix", "/opt"], 1, "--prefix /opt: belongs to the system"),
        (["--prefix", "/usr//local"], 1, "write the path without // . and .."),
        (["--prefix", "/opt/../usr/local"], 1, "write the path without // . and .."),
        (["--prefix"], 2, "--prefix needs a folder"),
        (["--perfix", "/opt/x"], 64, "usage: install.sh"),
        (["--help"], 0, "usage: install.sh"),
    ],
)
def test_the_install_script_refuses_what_cannot_work(
    tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    """With a systemd that is too old: a prefix that is not refused must not be installed to."""
    program(tmp_path, "systemctl", "echo systemd 1")
    ended = subprocess.run(
        [str(SYSTEMD / "install.sh"), *arguments],
        env=with_path(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == code
    assert told in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "instance", ["../x", "/srv/x", "eu:/etc/shadow", "${TOKEN}", "%h", "a b", ".", "", "eu", "eu-1.a_b"]
)
def test_watcherctl_takes_the_name_of_an_instance_and_no_path(tmp_path: Path, instance: str) -> None:
    """Its settings and credentials are looked for under that name, as root."""
    program(tmp_path, "systemd-run", 'for one do echo "$one"; done')
    program(tmp_path, "systemctl", "true")
    program(tmp_path, "id", "echo 0")
    command = [str(SYSTEMD / "watcherctl"), "-i", instance, "check"]
    ended = subprocess.run(command, env=with_path(tmp_path), capture_output=True, text=True, check=False)
    if instance.startswith("eu") and ":" not in instance:
        assert f"WATCHER_CONFIG=/etc/watcher/{instance}.toml" in ended.stdout.splitlines()
    else:
        assert (ended.returncode in (2, 64), ended.stdout) == (True, "")


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["get", "--session-id", "x"], ["get", "--config", "/etc/watcher/watcher.toml", "--session-id", "x"]),
        (["-i", "eu", "get", "help"], ["get", "--config", "/etc/watcher/eu.toml", "help"]),
        (
            ["get-face-liveness-session-results", "--config=mine"],
            ["get-face-liveness-session-results", "--config", "/etc/watcher/watcher.toml", "--config=mine"],
        ),
        (["enqueue", "get"], ["enqueue", "get"]),
        (["check"], ["check"]),
    ],
)
def test_watcherctl_gets_a_session_with_the_services_settings(
    tmp_path: Path, arguments: list[str], command: list[str]
) -> None:
    """Alone, `watcher get` knows AWS's variables and profiles only, and asks another region than the service."""
    program(tmp_path, "systemd-run", 'for one do echo "$one"; done')
    program(tmp_path, "systemctl", "true")
    program(tmp_path, "id", "echo 0")
    words = [str(SYSTEMD / "watcherctl"), *arguments]
    ended = subprocess.run(words, env=with_path(tmp_path), capture_output=True, text=True, check=True)
    said = ended.stdout.splitlines()
    assert said[said.index(WATCHER) + 1 :] == command


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs")
@pytest.mark.parametrize("target", ["/usr/bin", "nowhere", "releases/1/bin", "/opt/other/releases/1/bin"])
def test_the_install_script_leaves_a_link_of_somebody_else(tmp_path: Path, target: str) -> None:
    """With a systemctl of the right version, and a Python that can do no more than say that it is there."""
    programs, prefix = tmp_path / "programs", tmp_path / "app"
    programs.mkdir()
    prefix.mkdir()
    program(programs, "systemctl", "echo systemd 255")
    program(programs, "python", '[ "$1" = -c ]')
    (prefix / "bin").symlink_to(target)
    command = [str(SYSTEMD / "install.sh"), "--python", str(programs / "python"), "--prefix"]

    def install(folder: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*command, folder], env=with_path(programs), capture_output=True, text=True, check=False
        )

    refused = install(str(prefix))
    assert refused.returncode == 1
    assert f"{prefix}/bin belongs to something else" in refused.stderr
    assert [path.name for path in prefix.iterdir()] == ["bin"]
    (prefix / "bin").unlink()
    (prefix / "bin").symlink_to(prefix / "releases" / "1" / "bin")
    assert f"installing to {prefix}/releases/" in install(f"{prefix}/").stdout  # and fails, for want of a Python


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """install.sh and uninstall.sh that take folders below `tmp_path` for those of the system, and find a systemd."""
    folder = tmp_path / "deploy" / "systemd"
    folder.mkdir(parents=True)
    for name in ("install.sh", "uninstall.sh"):
        text = (SYSTEMD / name).read_text()
        for system in ("/etc/systemd/system", "/usr/local/bin", "/usr/local/share"):
            (tmp_path / system[1:]).mkdir(parents=True, exist_ok=True)
            text = text.replace(system, str(tmp_path / system[1:]))
        (folder / name).write_text(text.replace("/run/systemd/system", str(tmp_path / "no")))
    (tmp_path / "programs").mkdir()
    program(tmp_path / "programs", "systemctl", "echo systemd 255")
    program(tmp_path / "programs", "python", '[ "$1" = -c ]')
    return folder


def run_script(scripts: Path, name: str, prefix: Path) -> "subprocess.CompletedProcess[str]":
    programs = scripts.parents[1] / "programs"
    more = ["--python", str(programs / "python")] if name == "install.sh" else []
    command = ["sh", str(scripts / name), "--prefix", str(prefix), *more]
    return subprocess.run(command, env=with_path(programs), capture_output=True, text=True, check=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs")
@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh"])
@pytest.mark.parametrize(
    "file", ["etc/systemd/system/watcher.service", "etc/systemd/system/watcher@.service", "usr/local/bin/watcherctl"]
)
@pytest.mark.parametrize("kind", ["file", "mask", "dangling link"])
def test_the_scripts_leave_units_and_commands_of_somebody_else(
    tmp_path: Path, scripts: Path, script: str, file: str, kind: str
) -> None:
    """The names are common ones: many a build has a watcher."""
    foreign = tmp_path / file
    if kind == "file":
        foreign.write_text("[Unit]\nDescription=A watcher of files\n[Service]\nExecStart=/usr/bin/watcher run\n")
    else:
        foreign.symlink_to(os.devnull if kind == "mask" else "nowhere")
    before = foreign.lstat().st_ino
    ended = run_script(scripts, script, tmp_path / "app")
    assert ended.returncode == 1
    assert f"{foreign} belongs to something else" in ended.stderr
    assert foreign.lstat().st_ino == before
    assert not (tmp_path / "app").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs")
def test_the_scripts_know_what_they_installed(tmp_path: Path, scripts: Path) -> None:
    units, commands = tmp_path / "etc/systemd/system", tmp_path / "usr/local/bin"
    for folder, name in ((units, "watcher.service"), (units, "watcher@.service"), (commands, "watcherctl")):
        (folder / name).write_text((SYSTEMD / name).read_text().replace("/opt/liveness-watcher", "/srv/w"))
    assert f"installing to {tmp_path}/app/releases/" in run_script(scripts, "install.sh", tmp_path / "app").stdout
    assert run_script(scripts, "uninstall.sh", tmp_path / "none").stdout.startswith("uninstalled")
    assert [*units.iterdir(), *commands.iterdir()] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs")
@pytest.mark.parametrize("shared", ["parent", "sticky parent", "prefix", "releases", "owned", "link", "link of root"])
def test_nothing_is_installed_where_others_can_put_files(tmp_path: Path, scripts: Path, shared: str) -> None:
    parent = tmp_path / "parent"
    prefix = parent / "app"
    (prefix / "releases").mkdir(parents=True)
    named, exposed = prefix, {"prefix": prefix, "releases": prefix / "releases"}.get(shared, parent)
    if shared == "sticky parent":
        shutil.rmtree(prefix)  # whoever is quicker makes it
    if shared == "owned":
        os.chown(exposed, 4242, 0)
    elif shared == "link":
        named = exposed = tmp_path / "link"
        named.symlink_to(prefix)
        os.chown(named, 4242, 0, follow_symlinks=False)
    else:
        exposed.chmod(0o1777 if shared == "sticky parent" else 0o775)
    if shared == "link of root":
        named = tmp_path / "link"
        named.symlink_to(prefix)
    ended = run_script(scripts, "install.sh", named)
    assert ended.returncode == 1
    assert f"--prefix {named}: others can write {exposed}: make it root's" in ended.stderr
    assert not list(prefix.glob("releases/*"))


def test_the_drop_in_for_newer_systemd_takes_away_the_signal_only() -> None:
    """systemd sends it by itself then; a second one would reload twice."""
    drop_in = settings_of("watcher.service.d/notify-reload.conf")
    assert drop_in["Type"] == ["notify-reload"]
    for unit in UNITS:
        check, send = settings_of(unit)["ExecReload"]
        assert send == "/bin/kill -HUP $MAINPID"
        assert drop_in["ExecReload"] == ["", check]
