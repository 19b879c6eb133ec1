"""The `watcher simulate` that a peer polls, and the sessions made there for it."""

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks.peers.lives import Life, scenario
from tests.benchmarks.processes import PATIENCE, WATCHER, Contestant, first_line, spawn

CREATE, GET = "CreateFaceLivenessSession", "GetFaceLivenessSessionResults"
THROTTLED = ("ThrottlingException", "ProvisionedThroughputExceededException")


@dataclass(frozen=True, slots=True)
class Made:
    """A session of the endpoint: its id and the epoch seconds of its creation."""

    id: str
    created: float


class Endpoint:
    """Talks to the simulator without an SDK, which would take most of the time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)
        self._numbers = count()

    def create(self, ending: str) -> Made:
        """A new session that goes as the scenario's ending of that name."""
        headers = {"X-Amz-Target": f"RekognitionService.{CREATE}"}
        body = json.dumps({"ClientRequestToken": f"{ending}--{next(self._numbers)}"})
        before = time.time()
        self._connection.request("POST", "/", body, headers)
        answer = json.loads(self._connection.getresponse().read())
        return Made(answer["SessionId"], (before + time.time()) / 2)

    def polls(self) -> tuple[int, int]:
        """Results calls so far, and those of them that were throttled."""
        self._connection.request("GET", "/")
        found = json.loads(self._connection.getresponse().read())["calls"].get(GET, {})
        return sum(found.values()), sum(found.get(code, 0) for code in THROTTLED)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def simulated(
    folder: Path, lives: Sequence[Life], time_scale: float, quota: float, latency: float
) -> Iterator[Endpoint]:
    """A simulator of its own; `quota` is results calls a real second, 0 for no limit."""
    file = folder / "scenario.toml"
    file.write_text(scenario(lives, latency))
    words = ["--scenario", str(file), "--time-scale", str(time_scale), "--rate-limit", str(quota)]
    process = spawn([*WATCHER, "simulate", *words])
    try:
        endpoint = Endpoint(first_line(process))
        try:
            yield endpoint
        finally:
            endpoint.close()
    finally:
        Contestant("simulator", process).end()
