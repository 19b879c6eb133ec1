"""Moto's server in a process of its own: AWS's services over a real socket, for the tests of every AWS adapter.

Loaded by tests/conftest.py. A test asks for `moto_server`, the URL of an endpoint that remembers nothing from the
tests before; or for `moto`, to stop its clock as well.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
"""Moto takes any; botocore wants some to sign with."""

# Prints its port, then obeys lines: "at SECONDS" stops moto's clock at that time (epoch), "run" lets it go again.
# It ends with its standard input, so that it can't outlive the tests, however these end.
_PROGRAM = '''
import sys
from datetime import datetime, timedelta
from functools import wraps
from threading import RLock
from time import monotonic, sleep
from moto.core import utils
from moto.dynamodb.models import DynamoDBBackend
from moto.server import ThreadedMotoServer
from moto.sqs.models import SQSBackend

running, stopped_at = utils.utcnow, None


def utcnow():
    global stopped_at
    if stopped_at is None:
        return running()
    # A microsecond for each look: moto takes what becomes visible now for visible only after now.
    stopped_at += 1e-6
    return datetime(1970, 1, 1) + timedelta(seconds=stopped_at)


utils.utcnow = utcnow
one_at_a_time = RLock()


def in_one_step(call):
    """AWS does each of these in one step. Moto's threads come in between: two conditional writes both find an item
    missing, two deletes each make a new list of a queue's messages and lose the one sent between them, and a receive
    from a FIFO queue fails with status 500."""

    @wraps(call)
    def alone(*args, **kwargs):
        with one_at_a_time:
            return call(*args, **kwargs)

    return alone


receive_now = in_one_step(SQSBackend.receive_message)


def receive_message(self, queue_name, count, wait_seconds_timeout, *args, **kwargs):
    """A long poll waits between its looks, where others get in, and ends by the clock of the machine."""
    end = monotonic() + wait_seconds_timeout
    while True:
        messages = receive_now(self, queue_name, count, 0, *args, **kwargs)
        left = end - monotonic()
        if messages or left <= 0:
            return messages
        sleep(min(left, 0.05))


for backend, names in {
    DynamoDBBackend: ["put_item", "update_item"],
    SQSBackend: ["send_message", "delete_message", "change_message_visibility"],
}.items():
    for name in names:
        setattr(backend, name, in_one_step(getattr(backend, name)))
SQSBackend.receive_message = receive_message
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
for line in sys.stdin:
    word, _, seconds = line.strip().partition(" ")
    stopped_at = float(seconds) if word == "at" else None
    print("ok", flush=True)
'''


class MotoServer:
    """The process; `url` is its endpoint for every service."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            env=os.environ | CREDENTIALS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        port = self._line()
        assert port.isdigit(), "moto's server did not start"
        self.url = f"http://127.0.0.1:{port}"

    def reset(self) -> None:
        """Forget everything; the clock runs again."""
        self.tell("run")
        with urlopen(Request(f"{self.url}/moto-api/reset", method="POST"), timeout=120) as answer:  # noqa: S310
            assert answer.status == 200

    def stop_clock(self, epoch: float) -> None:
        """Let it be `epoch` (seconds) there until told otherwise."""
        self.tell(f"at {epoch!r}")

    def tell(self, line: str) -> None:
        """Hand over a line, and wait until it is obeyed."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        assert self._line() == "ok"

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="session")
def moto_process() -> Iterator[MotoServer]:
    """The one server of this test run; tests want `moto` or `moto_server`."""
    server = MotoServer()
    yield server
    server.close()


@pytest.fixture
def moto(moto_process: MotoServer) -> MotoServer:
    """The server, empty."""
    moto_process.reset()
    return moto_process


@pytest.fixture
def moto_server(moto: MotoServer) -> str:
    """The URL of the server, empty."""
    return moto.url
