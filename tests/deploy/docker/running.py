"""Containers of the image under way: what they print, and waiting for it."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.deploy.docker.image import IMAGE
from tests.deploy.docker.podman import Podman
from tests.stack import aws_client

PATIENCE = 60.0
"""Seconds after which what is waited for has failed the test."""

LOCKED_DOWN = (
    *("--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges"),
    # Whoever calls a shell gets "permission denied".
    *("--volume=/dev/null:/usr/bin/dash:ro", "--volume=/dev/null:/usr/bin/bash:ro"),
)
UNSIGNED = {"WATCHER_AWS__SIGN_REQUEST": "false", "WATCHER_POLLING__MIN_INTERVAL": "0.2"}


@dataclass(frozen=True)
class Container:
    """A container that was started."""

    podman: Podman
    name: str

    def printed(self) -> tuple[list[str], list[str]]:
        """The lines of its standard output, and those of its standard error."""
        logs = self.podman("logs", self.name)
        return logs.stdout.splitlines(), logs.stderr.splitlines()

    def decisions(self) -> list[dict[str, Any]]:
        """The events on its standard output, of which every line is one."""
        return [json.loads(line) for line in self.printed()[0]]

    def log(self, event: str) -> list[dict[str, Any]]:
        """Its log lines of that event."""
        lines = [json.loads(line) for line in self.printed()[1]]
        return [line for line in lines if line["event"] == event]

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of its answer to a GET, which doesn't come over the usual loopback address."""
        (started,) = self.log("started")
        try:
            with urlopen(f"http://127.0.0.2:{started['port']}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with closing(error):
                return error.code, ""

    def enqueue(self, *sessions: str) -> None:
        """Put session ids on the queue in the container."""
        self.podman("exec", self.name, "/opt/watcher/bin/watcher", "enqueue", *sessions)


def eventually(found: Callable[[], Any], what: str) -> Any:
    """The first true thing that `found` returns, looked for several times a second."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = found()
        if result:
            return result
        time.sleep(0.1)
    raise AssertionError(f"no {what} in {PATIENCE} s")


def run(
    podman: Podman, name: str, *command: str, options: tuple[str, ...] = LOCKED_DOWN, **settings: str
) -> Container:
    """Start a container in the machine's network, with these variables."""
    variables = [f"--env={key}={value}" for key, value in settings.items()]
    network = "--network=host"  # its ports are free ones
    podman("run", "--detach", "--name", name, network, *options, *variables, IMAGE, *command)
    return Container(podman, name)


def run_watcher(podman: Podman, name: str, endpoint: str, options: tuple[str, ...] = LOCKED_DOWN) -> Container:
    """Start a watcher of the sessions at the endpoint, and wait until it is ready."""
    settings = {**UNSIGNED, "AWS_ENDPOINT_URL_REKOGNITION": endpoint}
    watcher = run(podman, name, "run", "--set", "http.port=0", options=options, **settings)
    eventually(lambda: watcher.log("started") and watcher.get("/readyz")[0] == 200, "readiness")
    return watcher


def create_sessions(endpoint: str, *endings: str) -> list[str]:
    """Create sessions at a simulator, one for each ending."""
    with closing(aws_client("rekognition", endpoint)) as client:
        tokens = [f"{ending}--{number}" for number, ending in enumerate(endings)]
        return [client.create_face_liveness_session(ClientRequestToken=token)["SessionId"] for token in tokens]
