"""A Redis server of a run's own, on a socket in its folder: it clashes with no other and keeps nothing."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.processes import PATIENCE, spawn


@contextmanager
def redis_server(folder: Path) -> Iterator[tuple[str, int]]:
    """The socket's path and the server's process id."""
    socket = folder / "redis.sock"
    words = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    process = spawn(["redis-server", *words, "--logfile", str(folder / "redis.log")])
    try:
        wait_for(socket, process)
        yield str(socket), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def wait_for(socket: Path, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + PATIENCE
    while not socket.exists():
        if time.monotonic() > until or process.poll() is not None:
            raise SystemExit(f"redis-server does not start; it needs a socket at {socket}")
        time.sleep(0.05)
