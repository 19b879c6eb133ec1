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
from moto.core import utils
from moto.dynamodb.models import DynamoDBBackend
from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue

running, stopped_at = utils.utcnow, None


def utcnow():
    global stopped_at
    if stopped_at is None:
        return running()
    # A microsecond for each look: moto takes what becomes visible now for visible only after now.
    stopped_at += 1e-6
    return datetime(1970, 1, 1) + timedelta(seconds=stopped_at)


utils.utcnow = utcnow
writing = RLock()


def in_one_step(write):
    """AWS checks a condition and writes in one step; moto's threads could come in between.

    Two writes to DynamoDB would both find an item missing. And of two deletes at once from an SQS queue each makes
    a new list of its messages: one that is sent between them is in the first alone, and lost.
    """

    @wraps(write)
    def alone(*args, **kwargs):
        with writing:
            return write(*args, **kwargs)

    return alone


DynamoDBBackend.put_item = in_one_step(DynamoDBBackend.put_item)
DynamoDBBackend.update_item = in_one_step(DynamoDBBackend.update_item)
Queue.add_message = in_one_step(Queue.add_message)
Queue.delete_message = in_one_step(Queue.delete_message)
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
        """Let it be `epoch` (seconds) there until told otherwise. A long poll would never end then."""
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
