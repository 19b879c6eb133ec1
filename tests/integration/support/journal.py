"""A stand-in for systemd's journal: its socket, and the records that arrive there."""

import os
import queue
import socket
import threading
from pathlib import Path
from typing import Self

PATIENCE = 30.0


class Journal:
    """Reads datagrams in a thread, as journald does, and files that come in their place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._records: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.path.unlink(missing_ok=True)
        self._socket.shutdown(socket.SHUT_RD)
        self._reader.join()
        self._socket.close()

    def next(self) -> dict[str, str]:
        """The fields of the next record."""
        return self._records.get(timeout=PATIENCE)

    def _read(self) -> None:
        while True:
            data, descriptors, _, _ = socket.recv_fds(self._socket, 1 << 20, 1)
            if not data and not descriptors:
                return
            for descriptor in descriptors:
                data = os.pread(descriptor, 1 << 20, 0)
                os.close(descriptor)
            self._records.put(dict(line.split("=", 1) for line in data.decode().splitlines()))
