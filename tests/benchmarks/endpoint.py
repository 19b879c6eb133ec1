"""The endpoint of the benchmarks: as little work as an answer can be, so that it isn't what is measured.

`endpoint.py --delay SECONDS --size small|large --life SECONDS` prints its URL. A session begins with its first poll,
is IN_PROGRESS for up to twice `--life`, then says SUCCEEDED once and begins anew: `small` with images in
S3, `large` with five inline, a megabyte in all. Any GET is answered with the number of calls so far.
"""

import argparse
import asyncio
import base64
import json
from random import Random
from time import monotonic
from typing import Any

BOX = {"Height": 0.4, "Left": 0.2, "Top": 0.3, "Width": 0.5}
IMAGES = 5
IMAGE_BYTES = 157_000
HEAD = (
    b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: 0f3c2b1a-1111-4222-8333-444455556666\r\n"
    b"Content-Type: application/x-amz-json-1.1\r\nDate: Sun, 22 Nov 2026 16:00:00 GMT\r\nContent-Length: %d\r\n\r\n"
)


def image(size: str, number: int) -> dict[str, Any]:
    """One image of an answer."""
    if size == "small":
        return {"S3Object": {"Bucket": "amzn-s3-demo-bucket", "Name": f"{number}.jpg"}, "BoundingBox": BOX}
    return {"Bytes": base64.b64encode(Random(number).randbytes(IMAGE_BYTES)).decode(), "BoundingBox": BOX}


def ended(size: str) -> bytes:
    """The last poll's answer, without the session's id and the brace in front."""
    images = [image(size, number) for number in range(IMAGES)]
    answer = {"Status": "SUCCEEDED", "Confidence": 97.3, "ReferenceImage": images[0], "AuditImages": images[1:]}
    return json.dumps({**answer, "Challenge": {"Type": "FaceMovementChallenge", "Version": "1.0.0"}})[1:].encode()


class Endpoint:
    """What all connections have in common."""

    def __init__(self, delay: float, size: str, life: float) -> None:
        self.delay = delay
        self.calls = 0
        self._life = life
        self._chance = Random(1)
        self._over: dict[bytes, float] = {}
        self._going, self._ended = b'"Status": "IN_PROGRESS"}', ended(size)

    def answer(self, session_id: bytes) -> bytes:
        """The whole answer to one poll."""
        self.calls += 1
        return with_head(b'{"SessionId": "', session_id, b'", ', self._rest(session_id))

    def _rest(self, session_id: bytes) -> bytes:
        now = monotonic()
        over = self._over.get(session_id)
        if over is None:
            over = self._over[session_id] = now + self._life * self._chance.uniform(0.0, 2.0)
        if over > now:
            return self._going
        del self._over[session_id]
        return self._ended


def with_head(*body: bytes) -> bytes:
    return b"".join([HEAD % sum(map(len, body)), *body])  # a megabyte is copied once


class Connection(asyncio.Protocol):
    """One client's connection; it sends a request only when it has the answer to the last one."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._data = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, blank, body = self._data.partition(b"\r\n\r\n")
        if not blank:
            return
        if head.startswith(b"GET"):
            self._data = b""
            self._transport.write(with_head(b"%d" % self._endpoint.calls))
        elif body.endswith(b"}"):
            self._data = b""
            answer = self._endpoint.answer(body.split(b'"')[3])
            asyncio.get_running_loop().call_later(self._endpoint.delay, self._transport.write, answer)


async def serve(endpoint: Endpoint) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(endpoint), "127.0.0.1", 0, backlog=1024
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--size", choices=["small", "large"], default="small")
    parser.add_argument("--life", type=float, default=6.0)
    options = parser.parse_args()
    asyncio.run(serve(Endpoint(options.delay, options.size, options.life)))


if __name__ == "__main__":
    main()
