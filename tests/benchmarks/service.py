"""The endpoint of the benchmarks as a process of its own, which counts the calls that it gets."""

import http.client
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks.processes import PATIENCE, first_line, spawn

LIFE = {"small": 6.0, "large": 0.0}
"""Seconds that a session lasts from its first poll, in the mean: about four polls."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where all contestants send their calls, and its process."""

    url: str
    pid: int

    def calls(self) -> int:
        """How many there were so far."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        connection.request("GET", "/")
        calls = int(connection.getresponse().read())
        connection.close()
        return calls


@contextmanager
def endpoint(size: str) -> Iterator[Endpoint]:
    """An endpoint with answers of this size, ended with the block."""
    words = ["--size", size, "--life", str(LIFE[size]), "--delay", "0.05"]
    process = spawn([sys.executable, str(Path(__file__).with_name("endpoint.py")), *words])
    try:
        yield Endpoint(first_line(process), process.pid)
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """End it at once, and close what leads to it."""
    process.kill()
    process.wait(PATIENCE)
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()
