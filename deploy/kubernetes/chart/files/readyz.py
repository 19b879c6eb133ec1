"""For `helm test`: ask /readyz of every pod behind a name until all are ready. HOST PORT SECONDS."""

import json
import socket
import sys
import time
from http.client import HTTPConnection, HTTPException

TIMEOUT = 5.0
"""Seconds for one connect and one read."""

PAUSE = 2.0
"""Seconds between two rounds: a new Service needs a moment until it has a name."""


def problems(host: str, port: int) -> list[str]:
    """What is wrong: a line for each pod that is not ready."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return [f"{host}: {error}"]
    return [problem for address in sorted({str(each[4][0]) for each in found}) if (problem := ask(address, port))]


def ask(address: str, port: int) -> str:
    """Why this pod is not ready; empty if it is."""
    connection = HTTPConnection(address, port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace").strip()
    except (OSError, HTTPException) as error:
        return f"{address}: {error}"
    finally:
        connection.close()
    print(f"{address}: {answer.status} {body}", flush=True)
    return "" if answer.status == 200 else f"{address}: {answer.status} {body}"


def main() -> int:
    """0 as soon as all pods are ready, 1 after SECONDS."""
    host, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    end = time.monotonic() + seconds
    while left := problems(host, port):
        if time.monotonic() >= end:
            print(json.dumps({"not_ready": left}), file=sys.stderr)
            return 1
        time.sleep(PAUSE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
