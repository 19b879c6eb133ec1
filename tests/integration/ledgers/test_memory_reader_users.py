"""Which users, at which addresses, may read a running watcher's memory: with real sockets and Linux's own tables."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from prometheus_client import CollectorRegistry

from tests.support import ManualClock, decision, session_id
from tests.unit.support.fakes import PATIENCE
from watcher.config import Settings
from watcher.domain.errors import ConfigError, LedgerError
from watcher.domain.ports import DecisionReader
from watcher.ledgers import open_reader
from watcher.ledgers.memory import MemoryLedger
from watcher.ledgers.memory_reader import answer
from watcher.telemetry.health import Beat
from watcher.telemetry.http_server import HealthServer
from watcher.util.clock import SystemClock

pytestmark = pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="only Linux says whose a socket is")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")

OTHER_USER = 65534

AS_ANOTHER = """
import encodings.idna, os, socket, sys  # all at once: the other user may not be able to read the library
from threading import Thread
os.setgid(int(sys.argv[2])), os.setuid(int(sys.argv[2]))
target = "127.0.0.1", int(sys.argv[1])
"""

CLIENT = f"""{AS_ANOTHER}
client = socket.create_connection(target)
client.sendall(b"GET /decisions.json?after=0 HTTP/1.0\\r\\nHost: 127.0.0.1\\r\\n\\r\\n")
sys.stdout.buffer.write(client.makefile("rb").read())
"""

FORWARDER = f"""{AS_ANOTHER}
def copy(source, sink):
    while data := source.recv(65536):
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)
front = socket.create_server(("127.0.0.1", 0))
print(front.getsockname()[1], flush=True)
client, back = front.accept()[0], socket.create_connection(target)
Thread(target=copy, args=(client, back), daemon=True).start()
copy(back, client)
client.recv(1)
"""


@contextmanager
def serving(host: str) -> Iterator[int]:
    """The port of a server on this host that has the decision of session 1."""
    ledger = MemoryLedger(ManualClock())
    ledger.record([(decision(1), "[]")])
    server = HealthServer(host, 0, CollectorRegistry(), list, dict)
    server.show_decisions(partial(answer, ledger))
    thread = Thread(target=server.run, args=(Beat(SystemClock(), "http"),))
    thread.start()
    try:
        yield server.port
    finally:
        server.close()
        thread.join(PATIENCE)


def reader_of(host: str, port: int) -> closing[DecisionReader]:
    settings = Settings.model_validate({"ledger": {"url": "none"}, "http": {"host": host, "port": port}})
    return closing(open_reader(settings, ManualClock()))


def own_addresses() -> list[str]:
    """An IPv4 and an IPv6 address of this machine that are not loopback ones, as far as it has them."""
    found = []
    for family, elsewhere in ((socket.AF_INET, "198.51.100.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((elsewhere, 9))  # sends nothing
            except OSError:
                continue
            found.append(probe.getsockname()[0])
    return found


def bindable(*hosts: str) -> Iterator[str]:
    """Those that this machine has."""
    for host in hosts:
        try:
            HealthServer(host, 0, CollectorRegistry(), list, dict).close()
        except ConfigError:
            continue
        yield host


ALL = list(bindable("0.0.0.0", "::"))  # noqa: S104
LOOPBACK = list(bindable("127.0.0.1", " 127.0.0.1 ", "127.1", "localhost", "::1"))
OWN = list(bindable(*own_addresses(), socket.gethostname()))


@pytest.mark.parametrize("host", [*LOOPBACK, "0", *ALL, *OWN])
def test_the_own_user_reads_at_any_address_of_the_machine(host: str) -> None:
    with serving(host) as port, reader_of(host, port) as reader:
        [entry] = reader.recent(1)
    assert entry.event.key.session_id == session_id(1)


@needs_root
@pytest.mark.parametrize("host", ["127.0.0.1", *ALL])
def test_another_user_of_the_machine_is_refused(host: str) -> None:
    with serving(host) as port:
        command = [sys.executable, "-c", CLIENT, str(port)]
        own, other = (
            subprocess.run([*command, str(user)], capture_output=True, check=True, text=True, timeout=PATIENCE).stdout
            for user in (os.geteuid(), OTHER_USER)
        )
    assert session_id(1) in own
    assert " 403 " in other.splitlines()[0]
    assert other.endswith("for the watcher's own user on its own machine only\n")
    assert session_id(1) not in other


@needs_root
def test_a_forwarder_that_another_user_runs_is_refused() -> None:
    with serving("127.0.0.1") as port:
        command = [sys.executable, "-c", FORWARDER, str(port), str(OTHER_USER)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forwarder:
            assert forwarder.stdout is not None
            front = int(forwarder.stdout.readline())
            try:
                with reader_of("127.0.0.1", front) as reader, pytest.raises(LedgerError, match=r"403: .*own user"):
                    reader.recent(1)
            finally:
                forwarder.kill()
