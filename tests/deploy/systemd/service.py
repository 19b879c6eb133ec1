"""The installed service in a box, and what it works with: a local endpoint, and whatever else a test starts."""

import json
from collections.abc import Sequence
from typing import Any

from tests.deploy.systemd.box import PYTHON, Box

BIN = "/opt/liveness-watcher/bin"
SETUP = f"/src/deploy/systemd/install.sh --python {PYTHON}\n"
ENDPOINT = "http://127.0.0.1:4566"
SETTINGS = f"""
AWS_ENDPOINT_URL_REKOGNITION={ENDPOINT}
WATCHER_POLLING__SESSION_TIMEOUT=36
WATCHER_POLLING__MIN_INTERVAL=0.1
WATCHER_POLLING__MAX_INTERVAL=0.5
WATCHER_QUEUE__VISIBILITY_TIMEOUT=2
"""
ALL_LIVE = """
[[endings]]
name = "live"
created_for = 2
in_progress_for = { uniform = [2, 20] }
confidence = 99
"""
CREDENTIALS = "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = made-up\n"

CREATE = """
import json, sys, urllib.request
for _ in range(int(sys.argv[2])):
    call = urllib.request.Request(sys.argv[1], b"{}", {
        "X-Amz-Target": "RekognitionService.CreateFaceLivenessSession", "Content-Type": "application/x-amz-json-1.1"})
    print(json.load(urllib.request.urlopen(call))["SessionId"])
"""


class Service:
    """The installed watcher, and a local endpoint, in a box."""

    def __init__(self, box: Box) -> None:
        self.box = box
        box.write("/etc/watcher/watcher.env", SETTINGS)
        box.write("/etc/credstore/watcher.aws-credentials", CREDENTIALS)
        box.run("chmod", "600", "/etc/credstore/watcher.aws-credentials")
        self.simulate("endpoint", ENDPOINT, ALL_LIVE)

    def start_aside(self, unit: str, *command: str) -> None:
        """Run something else that the watcher works with, until it has said that it is there."""
        self.box.run("systemd-run", "--quiet", "--collect", f"--unit={unit}", *command)
        self.box.wait_for(lambda: self.said_by(unit), f"word of {unit}")

    def simulate(self, unit: str, endpoint: str, scenario: str) -> None:
        """A local endpoint, whose sessions live five times as fast."""
        self.box.write(f"/run/{unit}.toml", scenario)
        port, file = endpoint.rpartition(":")[2], f"/run/{unit}.toml"
        self.start_aside(unit, f"{BIN}/watcher", "simulate", "--port", port, "--scenario", file, "--time-scale", "5")

    def start_script(self, unit: str, text: str, *arguments: str) -> None:
        """The same for a Python script."""
        self.box.write(f"/run/{unit}.py", text)
        self.start_aside(unit, f"{BIN}/python", "-u", f"/run/{unit}.py", *arguments)

    def said_by(self, unit: str) -> list[str]:
        """What such a one has written."""
        return [record["MESSAGE"] for record in self.box.journal(unit) if record["_COMM"] != "systemd"]

    def create(self, count: int, endpoint: str = ENDPOINT) -> list[str]:
        """New sessions."""
        return self.box.run(f"{BIN}/python", "-c", CREATE, endpoint, str(count)).stdout.split()

    def enqueue(self, ids: Sequence[str], *options: str) -> None:
        """Put them on the queue, as an operator does."""
        told = self.box.run("watcherctl", *options, "enqueue", "--file", "-", stdin="\n".join(ids)).stdout
        assert told == f"enqueued {len(ids)}\n"

    def decisions(self, *options: str) -> list[dict[str, Any]]:
        """What the ledger has, as an operator reads it."""
        text = self.box.run("watcherctl", *options, "decisions", "--json", "--limit", "1000").stdout
        return [json.loads(line)["data"] for line in text.splitlines()]

    def wait_for_decisions(self, ids: Sequence[str], *options: str) -> list[dict[str, Any]]:
        """The decisions on these sessions, once all are there."""
        found: list[dict[str, Any]] = []

        def all_there() -> bool:
            found[:] = [decision for decision in self.decisions(*options) if decision["sessionId"] in ids]
            return len(found) >= len(ids)

        self.box.wait_for(all_there, "decisions")
        return found

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The journal's records of this event."""
        return [record for record in self.box.journal("watcher") if record["said"].get("event") == event]

    def metrics(self) -> str:
        """What Prometheus would see."""
        get = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:9464/metrics').read().decode())"
        return self.box.run(f"{BIN}/python", "-c", get).stdout

    def state(self) -> tuple[str, str]:
        """Its state for systemd, and for people."""
        shown = self.box.show("watcher", "ActiveState", "SubState", "StatusText")
        return f"{shown['ActiveState']} {shown['SubState']}", shown["StatusText"]

    def main_pid(self) -> str:
        return self.box.show("watcher", "MainPID")["MainPID"]

    def override(self, text: str) -> None:
        """What `systemctl edit` does."""
        self.box.write("/etc/systemd/system/watcher.service.d/override.conf", text)
        self.box.run("systemctl", "daemon-reload")
