from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from tests.integration.support.servers import ANSWER, BOTH_WAYS, SESSION_ID, Server, reply
from watcher.rekognition import RekognitionResults

Serve = Callable[..., Server]
Connect = Callable[..., Any]


def ids(server: Server) -> list[str]:
    lines = [line for head in server.requests for line in head.decode().split("\r\n")]
    return [line.partition(": ")[2] for line in lines if line.lower().startswith("amz-sdk-invocation-id:")]


@BOTH_WAYS
def test_each_call_has_an_id_of_its_own_of_the_form_that_aws_knows(serve: Serve, connect: Connect) -> None:
    server = serve(reply(ANSWER))
    results = RekognitionResults(connect(server.url))
    for _ in range(20):
        results.get(SESSION_ID)
    assert len(set(ids(server))) == 20
    for one in ids(server):
        assert (str(UUID(one)), UUID(one).version) == (one, 4)


def test_the_ids_ask_the_kernel_for_nothing(serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(reply(ANSWER))
    results = RekognitionResults(connect(server.url))
    results.get(SESSION_ID)
    monkeypatch.setattr("os.urandom", lambda _: pytest.fail("a system call for a poll's id"))
    results.get(SESSION_ID)
    assert len(set(ids(server))) == 2
