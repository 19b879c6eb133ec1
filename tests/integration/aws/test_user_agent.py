"""What the User-Agent of a call says."""

from collections.abc import Callable
from typing import Any

import boto3
import botocore
import pytest

from tests.integration.support.servers import ANSWER, SESSION_ID, Server, reply
from watcher import __version__
from watcher.rekognition import RekognitionResults

Serve = Callable[..., Server]
Connect = Callable[..., Any]


def sent_agent(server: Server, connect: Connect) -> str:
    RekognitionResults(connect(server.url)).get(SESSION_ID)
    lines = server.requests[-1].decode().split("\r\n")
    return next(line.partition(": ")[2] for line in lines if line.lower().startswith("user-agent: "))


def test_the_user_agent_names_the_watcher_boto3_and_their_versions(serve: Serve, connect: Connect) -> None:
    words = sent_agent(serve(reply(ANSWER)), connect).split(" ")
    named = {f"liveness-watcher/{__version__}", f"Boto3/{boto3.__version__}", f"md/Botocore#{botocore.__version__}"}
    assert named <= set(words)


def test_the_user_agent_names_the_application_and_where_it_runs(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "my app")
    monkeypatch.setenv("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE")
    words = sent_agent(serve(reply(ANSWER)), connect).split(" ")
    assert {"app/my-app", "exec-env/AWS_ECS_FARGATE"} <= set(words)
