"""The service from its installation to its removal, under a real systemd; nothing outside of the box is touched."""

import json

import pytest

from tests.deploy.systemd.box import PYTHON, Box, needs_box
from tests.deploy.systemd.service import BIN, SETTINGS, Service

pytestmark = [needs_box, pytest.mark.timeout(500)]

RECEIVE = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        print("signed", self.headers["webhook-signature"])
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_): pass
server = HTTPServer(("127.0.0.1", 4567), Receiver)
print("listening")
server.serve_forever()
"""

WEBHOOK = """
[[sinks]]
type = "webhook"
name = "backend"
url = "http://127.0.0.1:4567/liveness"
secret_file = "/run/credentials/watcher.service/webhook-secret"
allow_private = true
"""


def test_from_the_installation_to_its_removal(service: Service) -> None:
    box = service.box
    for unit in ("watcher.service", "watcher@eu.service"):
        verified = box.run("systemd-analyze", "verify", "--recursive-errors=yes", unit)
        assert verified.stdout + verified.stderr == ""

    box.write("/etc/credstore/watcher.webhook-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    box.run("sh", "-c", "cat >> /etc/watcher/watcher.toml", stdin=WEBHOOK)
    service.start_script("receiver", RECEIVE)
    box.run("systemctl", "enable", "--now", "watcher")
    state, status = service.state()
    assert state == "active running"
    assert status.startswith("watching 0 sessions, 0 decided, rate ")
    [started] = service.logged("started")
    assert started["said"]["config"] == "/etc/watcher/watcher.toml"
    assert started["_UID"] != "0"

    ids = service.create(3)
    service.enqueue(ids)
    assert {decision["sessionId"] for decision in service.wait_for_decisions(ids)} == set(ids)
    box.wait_for(lambda: len(service.said_by("receiver")) > len(ids), "webhooks")
    assert all(line.startswith("signed v1,") for line in service.said_by("receiver")[1:])

    _decisions_have_an_identifier(service, ids)
    _find_manual_and_completion(box)
    _fail_to_upgrade(service)
    _reload(service)
    _second_instance(service)
    _stop_and_fail(service)
    _arguments_are_texts(box)
    _uninstall(box)


def _decisions_have_an_identifier(service: Service, ids: list[str]) -> None:
    """`journalctl -t` shows them and nothing else; a restart of journald, and the size of an event, lose none."""
    box = service.box

    def records() -> list[str]:
        box.run("journalctl", "--sync", check=False)
        return box.run("journalctl", "-u", "watcher", "-t", "liveness-decisions", "-o", "cat").stdout.splitlines()

    [large] = service.create(1)
    message = json.dumps({"sessionId": large, "context": {"text": "x" * 230_000}})
    box.run("watcherctl", "enqueue", "--file", "-", stdin=message)
    ids = [*ids, large]
    for _ in range(3):
        more = service.create(10)
        service.enqueue(more)
        ids += more
        box.run("systemctl", "restart", "systemd-journald")
    service.wait_for_decisions(ids)
    box.wait_for(lambda: len(records()) >= len(ids), "records of decisions")
    assert sorted(json.loads(line)["subject"] for line in records()) == sorted(ids)
    logs = [record for record in box.journal("watcher") if record["SYSLOG_IDENTIFIER"] != "liveness-decisions"]
    assert not [record for record in logs if "specversion" in record["said"]]


SHARED = ["man/man1/watcher.1", "bash-completion/completions/watcher", "zsh/site-functions/_watcher"]

COMPLETE = """
source /usr/local/share/bash-completion/completions/watcherctl
COMP_WORDS=(watcherctl dead dr) COMP_CWORD=2
_watcherctl_completion watcherctl
echo "$COMPREPLY"
"""


def _find_manual_and_completion(box: Box) -> None:
    """They belong to the release in use, and `watcherctl` completes as `watcher` does, without root."""
    for file in SHARED:
        assert box.run("readlink", "-e", f"/usr/local/share/{file}").stdout.startswith(
            "/opt/liveness-watcher/releases/"
        )
    assert box.run("bash", "-c", COMPLETE).stdout == "drop\n"


def _fail_to_upgrade(service: Service) -> None:
    """Without a network there are no packages: what was there works on."""
    box, pid = service.box, service.main_pid()
    offline = ["env", "PIP_INDEX_URL=http://127.0.0.1:1", "PIP_RETRIES=0", "PIP_CONFIG_FILE=/dev/null"]
    assert box.run(*offline, "/src/deploy/systemd/install.sh", "--python", PYTHON, check=False).returncode != 0
    assert len(box.run("ls", "/opt/liveness-watcher/releases").stdout.split()) == 1
    box.run(f"{BIN}/watcher", "--version")
    assert service.main_pid() == pid


def _reload(service: Service) -> None:
    """A good file is in force, a bad one is refused; the process stays the same."""
    box, pid = service.box, service.main_pid()
    box.run("sed", "-i", "s/^threshold = 80.0/threshold = 99.99/", "/etc/watcher/watcher.toml")
    box.run("systemctl", "reload", "watcher")
    box.wait_for(lambda: service.logged("reloaded"), "reload")
    box.wait_for(lambda: service.state()[0] == "active running", "end of the reload")
    ids = service.create(1)
    service.enqueue(ids)
    assert service.wait_for_decisions(ids)[0]["threshold"] == 99.99

    box.run("sed", "-i", "s/^threshold = 99.99/threshold = 9999/", "/etc/watcher/watcher.toml")
    refused = box.run("systemctl", "reload", "watcher", check=False)
    assert refused.returncode != 0
    box.wait_for(lambda: "settings not reloaded: decision.threshold = 9999" in service.state()[1], "status")
    assert "\nwatcher_config_last_reload_successful 0.0\n" in service.metrics()
    assert service.state()[0] == "active running"
    assert service.main_pid() == pid
    box.run("sed", "-i", "s/^threshold = 9999/threshold = 80.0/", "/etc/watcher/watcher.toml")

    assert {record["PRIORITY"] for record in service.logged("reload_failed")} == {"3"}
    assert {record["PRIORITY"] for record in service.logged("reloaded")} == {"6"}
    levels = {"debug": "7", "info": "6", "warning": "4", "error": "3", "critical": "2"}
    said = [record for record in box.journal("watcher") if "level" in record["said"]]
    assert all(record["PRIORITY"] == levels[record["said"]["level"]] for record in said)


def _second_instance(service: Service) -> None:
    """It has settings, state and a user of its own, and needs no credentials to start."""
    box = service.box
    box.write("/etc/watcher/eu.env", SETTINGS + "WATCHER_AWS__SIGN_REQUEST=false\n")
    box.write("/etc/watcher/eu.toml", '[queue]\nurl = "sqlite:///watcher.db"\n[http]\nport = 9465\n')
    box.run("systemctl", "start", "watcher@eu")
    ids = service.create(1)
    service.enqueue(ids, "-i", "eu")
    service.wait_for_decisions(ids, "-i", "eu")
    assert not [decision for decision in service.decisions() if decision["sessionId"] in ids]
    box.run("systemctl", "stop", "watcher@eu")


def _stop_and_fail(service: Service) -> None:
    """A stop is clean; what is enqueued meanwhile waits; settings that can't be used are told and not tried again."""
    box = service.box
    box.run("systemctl", "stop", "watcher")
    assert box.show("watcher", "Result", "ExecMainStatus", "ActiveState") == {
        "Result": "success",
        "ExecMainStatus": "0",
        "ActiveState": "inactive",
    }
    ids = service.create(1)
    service.enqueue(ids)
    box.write("/etc/systemd/system/watcher.service.d/bad.conf", "[Service]\nEnvironment=WATCHER_HTTP__PORT=none\n")
    box.run("systemctl", "daemon-reload")
    assert box.run("systemctl", "start", "watcher", check=False).returncode != 0
    shown = box.show("watcher", "ActiveState", "NRestarts", "ExecMainStatus")
    assert shown == {"ActiveState": "failed", "NRestarts": "0", "ExecMainStatus": "78"}
    assert "http.port" in box.run("systemctl", "status", "watcher", check=False).stdout
    box.run("rm", "/etc/systemd/system/watcher.service.d/bad.conf")
    box.run("systemctl", "daemon-reload")
    box.run("systemctl", "start", "watcher")
    service.wait_for_decisions(ids)


HOSTILE_ARGUMENTS = ["${HIDDEN}", "$HIDDEN", "$$", "$$HIDDEN", "a $ b", "%n", "\\n", "two\nlines\n", "", "'\"`id`"]


def _arguments_are_texts(box: Box) -> None:
    """What `watcherctl` hands over is what it was given: no variable of the service gets into it."""
    show = "#!/bin/sh\nprintf '<%s>' \"$@\"\n"
    box.run("sh", "-c", "echo HIDDEN=made-up-secret >> /etc/watcher/watcher.env")
    box.run("mv", f"{BIN}/watcher", f"{BIN}/watcher.real")
    box.write(f"{BIN}/watcher", show)
    box.run("chmod", "755", f"{BIN}/watcher")
    try:
        said = box.run("watcherctl", "enqueue", *HOSTILE_ARGUMENTS).stdout
    finally:
        box.run("mv", f"{BIN}/watcher.real", f"{BIN}/watcher")
    assert said == "".join(f"<{argument}>" for argument in ["enqueue", *HOSTILE_ARGUMENTS])


def _uninstall_leaves_what_is_not_the_watchers(box: Box) -> None:
    """A folder that happens to have releases/ and bin/ is somebody else's."""
    uninstall = "/src/deploy/systemd/uninstall.sh"
    for path in ("/srv/app/releases/v1/data", "/srv/app/bin/app", "/opt/liveness-watcher/releases/notes/mine"):
        box.write(path, "precious")
    for prefix in ("/srv/app", "/srv", "app", "/opt"):
        refused = box.run(uninstall, "--prefix", prefix, check=False)
        assert refused.returncode == 1
        assert "--prefix" in refused.stderr
    box.run("systemctl", "is-active", "watcher")
    box.run("ls", "/srv/app/releases/v1/data", "/srv/app/bin/app", f"{BIN}/watcher")


def _uninstall(box: Box) -> None:
    """The program goes, the state stays, until it is told to go, too."""
    uninstall = "/src/deploy/systemd/uninstall.sh"
    _uninstall_leaves_what_is_not_the_watchers(box)
    assert "left: /opt/liveness-watcher/releases" in box.run(uninstall).stdout
    assert box.run("ls", "/opt/liveness-watcher/releases").stdout == "notes\n"
    box.run("rm", "-r", "/opt/liveness-watcher")
    assert box.run("systemctl", "cat", "watcher", check=False).returncode != 0
    assert box.run("systemctl", "list-units", "--all", "--plain", "--no-legend", "watcher*").stdout == ""
    kept = [
        "/var/lib/private/watcher/watcher.db",
        "/etc/watcher/watcher.toml",
        "/etc/credstore/watcher.webhook-secret",
    ]
    box.run("ls", *kept)
    box.run(uninstall, "--purge")
    shared = [f"/usr/local/share/{file}" for file in [*SHARED, "bash-completion/completions/watcherctl"]]
    for path in [
        *kept,
        *shared,
        "/opt/liveness-watcher",
        "/usr/local/bin/watcherctl",
        "/var/lib/watcher",
        "/etc/watcher",
    ]:
        assert box.run("ls", "-d", path, check=False).returncode != 0, path
