"""A real Prometheus for a test: a binary run by hand, a folder of its own, its HTTP API."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

PATIENCE = 30.0
"""Seconds after which what has not come has failed the test."""

LOOK_EVERY = 0.1

STARTS = 3
"""Tries, each on a port that was free a moment ago."""


class Prometheus:
    """The process, evaluating `rules` and scraping `targets` every second."""

    def __init__(self, folder: Path, config: str) -> None:
        """`config` is prometheus.yml; `folder` may hold blocks of the past in `data`."""
        self._folder = folder
        (folder / "prometheus.yml").write_text(config)
        for _ in range(STARTS):
            self._start()
            if self._comes_up():
                return
            self.close()
        raise AssertionError(f"Prometheus does not start: {self._log.read_text()}")

    def _start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self._log = self._folder / "prometheus.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={self._folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address={self._url.removeprefix('http://')}",
                    "--enable-feature=exemplar-storage",
                ],
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def _comes_up(self) -> bool:
        end = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < end:
            try:
                with urlopen(f"{self._url}/-/ready", timeout=PATIENCE) as answer:  # noqa: S310 - http, see _start
                    return bool(answer.status == 200)
            except URLError:
                time.sleep(LOOK_EVERY)
        return False

    def ask(self, path: str, **parameters: str | float) -> Any:
        """The data of an answer of the API; an error of the expression is the test's."""
        url = f"{self._url}/api/v1/{path}?{urlencode(parameters)}"
        with urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - http, see _start
            return json.load(answer)["data"]

    def query(self, expr: str) -> Sequence[Any]:
        """The series of an expression, now."""
        found: Sequence[Any] = self.ask("query", query=expr)["result"]
        return found

    def query_range(self, expr: str, seconds: int) -> Sequence[Any]:
        """The series of an expression over the last seconds, as a dashboard asks for them."""
        now = time.time()
        found: Sequence[Any] = self.ask("query_range", query=expr, start=now - seconds, end=now, step=1)["result"]
        return found

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Look again and again until it holds."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"never saw {what}"
            time.sleep(LOOK_EVERY)

    def close(self) -> None:
        """Kill it: there is nothing to keep."""
        self._process.kill()
        self._process.wait(PATIENCE)
