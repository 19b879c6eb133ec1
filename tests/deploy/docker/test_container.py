"""The image at work: locked down, without a shell, against `watcher simulate` of the same image."""

import json
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.docker.image import IMAGE
from tests.deploy.docker.podman import Podman
from tests.deploy.docker.running import LOCKED_DOWN, Container, create_sessions, eventually, run, run_watcher
from watcher.config import ShutdownSettings

pytestmark = pytest.mark.timeout(400)  # the first that needs the image builds it

HEALTHCHECK = "/opt/watcher/bin/healthcheck"
TOOL = "/usr/bin/env"
"""A program of the base that is no shell."""


def simulate(podman: Podman, name: str, *options: str) -> Iterator[str]:
    """The URL of a simulator in a container."""
    simulator = run(podman, name, "simulate", *options)
    yield eventually(lambda: simulator.printed()[0], "URL")[0]
    podman("rm", "--force", "--time", "10", name)


@pytest.fixture(scope="module")
def endpoint(podman: Podman) -> Iterator[str]:
    """Where sessions take a second or so."""
    yield from simulate(podman, "simulator", "--time-scale", "20")


@pytest.fixture(scope="module")
def slow_endpoint(podman: Podman) -> Iterator[str]:
    """Where sessions take as long as in life."""
    yield from simulate(podman, "slow-simulator")


@pytest.fixture(scope="module")
def watcher(podman: Podman, endpoint: str) -> Iterator[Container]:
    """A watcher of these sessions."""
    yield run_watcher(podman, "watcher", endpoint)
    podman("rm", "--force", "--volumes", "watcher")


def test_decisions_come_out_as_json_lines_and_logs_as_json_apart_from_them(watcher: Container, endpoint: str) -> None:
    live, spoof, failed = create_sessions(endpoint, "live", "not-live", "failed")
    watcher.enqueue(live, spoof, failed)
    decisions = eventually(lambda: len(watcher.decisions()) >= 3 and watcher.decisions(), "three decisions")
    assert {decision["subject"]: decision["data"]["outcome"] for decision in decisions} == {
        live: "live",
        spoof: "not_live",
        failed: "inconclusive",
    }
    levels = {json.loads(line)["level"] for line in watcher.printed()[1]}
    assert levels == {"info"}, "a warning tells of something that it may not do here"


def test_the_watcher_is_the_only_process_and_not_root(podman: Podman, watcher: Container) -> None:
    _, *processes = podman("top", watcher.name, "pid", "huser", "args").stdout.splitlines()
    (only,) = (process.strip().split(maxsplit=2) for process in processes)
    assert only == ["1", "65532", "/opt/watcher/bin/python /opt/watcher/bin/watcher run --set http.port=0"]


def test_it_has_no_capability_and_can_gain_none(podman: Podman, watcher: Container) -> None:
    status = podman("exec", watcher.name, TOOL, "cat", "/proc/1/status").stdout
    told = dict(line.split(":", 1) for line in status.splitlines())
    assert {int(told[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")} == {0}
    assert told["NoNewPrivs"].strip() == "1"


def test_there_is_no_shell_to_run(podman: Podman, watcher: Container) -> None:
    for shell in ("sh", "bash"):
        assert podman("exec", watcher.name, TOOL, shell, "-c", "exit", check=False).returncode == 126


def test_probes_reach_it_from_outside_of_the_container(watcher: Container) -> None:
    assert [watcher.get(path)[0] for path in ("/livez", "/readyz", "/metrics", "/", "/nowhere")] == [
        200,
        200,
        200,
        200,
        404,
    ]


def test_the_health_check_finds_the_port_wherever_it_was_set(podman: Podman, watcher: Container) -> None:
    podman("healthcheck", "run", watcher.name)
    health = podman.inspect(watcher.name)["State"]["Health"]
    assert (health["Status"], health["Log"][-1]["Output"].strip()) == ("healthy", "ok")


def test_the_health_check_fails_where_nothing_listens(podman: Podman) -> None:
    checked = podman("run", "--rm", "--network=none", f"--entrypoint={HEALTHCHECK}", IMAGE, check=False)
    assert (checked.returncode, checked.stdout) == (1, "the watcher listens nowhere\n")


def test_a_hangup_reloads_the_settings(podman: Podman, watcher: Container) -> None:
    podman("kill", "--signal", "HUP", watcher.name)
    assert eventually(lambda: watcher.log("reloaded"), "reload")


def test_a_stop_drains_releases_what_is_unfinished_and_exits_with_0(podman: Podman, slow_endpoint: str) -> None:
    watcher = run_watcher(podman, "stopped", slow_endpoint)
    watcher.enqueue(*create_sessions(slow_endpoint, "abandoned", "abandoned"))
    eventually(lambda: "\nwatcher_sessions_in_flight 2.0\n" in watcher.get("/metrics")[1], "work under way")
    begun = time.monotonic()
    podman("stop", "--time", str(round(ShutdownSettings().drain_timeout) + 5), watcher.name)
    assert time.monotonic() - begun < ShutdownSettings().drain_timeout
    assert podman.inspect(watcher.name)["State"]["ExitCode"] == 0
    assert [line["event"] for line in map(json.loads, watcher.printed()[1])][-1] == "stopped"


def test_nothing_is_written_outside_of_the_queues_folder_even_where_it_could_be(
    podman: Podman, endpoint: str
) -> None:
    watcher = run_watcher(podman, "writable", endpoint, options=())
    watcher.enqueue(*create_sessions(endpoint, "live"))
    eventually(watcher.decisions, "decision")
    podman("stop", "--time", "30", watcher.name)
    changed = {line.split()[1] for line in podman("diff", watcher.name).stdout.splitlines()}
    assert changed <= {"/etc", "/etc/group"}, "those are podman's own doing"


def test_a_file_for_settings_is_mounted_where_it_is_looked_for(podman: Podman, tmp_path: Path) -> None:
    file = tmp_path / "watcher.toml"
    file.write_text('[decision]\nthreshold = 91\n[http]\nhost = "127.0.0.1"\n')
    file.chmod(0o644)
    mount = f"--volume={file}:/etc/watcher/watcher.toml:ro"
    shown = podman("run", "--rm", "--network=none", *LOCKED_DOWN, mount, IMAGE, "config", "show").stdout
    settings = tomllib.loads(shown)
    assert settings["decision"]["threshold"] == 91
    assert settings["http"]["host"] == "0.0.0.0", "else no probe would get in"  # noqa: S104 - compared, not bound
