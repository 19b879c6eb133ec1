"""The default retry mode is AWS CLI v1's, which depends on AWS_NEW_RETRIES_2026.

Each run is a process of its own: the AWS CLI reads the variable when it starts.
"""

import re
import subprocess

import pytest

from tests.acceptance.test_get.corpus import SESSION_ID
from tests.acceptance.test_get.endpoint import Answer, Endpoint
from tests.acceptance.test_get.programs import Programs

ID = ["--session-id", SESSION_ID]
BOTH = ("aws", "watcher")
VARIABLE = "AWS_NEW_RETRIES_2026"
OK = Answer.of({"SessionId": SESSION_ID, "Status": "CREATED"})


def retry_mode(headers: dict[str, str]) -> str:
    """The mode that botocore names in its user agent."""
    found = re.search(r"cfg/retry-mode#(\w+)", headers["User-Agent"])
    assert found, headers
    return found[1]


CASES: list[tuple[dict[str, str], str]] = [
    ({}, "legacy"),
    ({VARIABLE: "true"}, "standard"),
    ({VARIABLE: "True"}, "standard"),
    ({VARIABLE: "1"}, "legacy"),
    ({VARIABLE: ""}, "legacy"),
    ({VARIABLE: " true"}, "legacy"),
    ({VARIABLE: "true", "AWS_RETRY_MODE": "legacy"}, "legacy"),
    ({VARIABLE: "false", "AWS_RETRY_MODE": "standard"}, "standard"),
    ({VARIABLE: "true", "AWS_RETRY_MODE": "adaptive"}, "adaptive"),
]


@pytest.mark.parametrize(("variables", "mode"), CASES, ids=str)
def test_the_retry_mode_is_the_aws_clis(
    variables: dict[str, str], mode: str, programs: Programs, endpoint: Endpoint
) -> None:
    url = endpoint.url(endpoint.put(OK))
    modes = []
    for who in BOTH:
        assert programs.process(who, *ID, "--endpoint-url", url, **variables).code == 0
        modes.append(retry_mode(endpoint.headers[-1]))
    assert modes == [mode, mode]


def test_the_new_retries_make_three_attempts(programs: Programs, endpoint: Endpoint) -> None:
    name = endpoint.put(Answer.error("InternalServerError", "oops", 500))
    environment = programs.environment(**{VARIABLE: "true"})
    del environment["AWS_MAX_ATTEMPTS"]
    for who in BOTH:
        command = [*programs.command(who), *ID, "--endpoint-url", endpoint.url(name, who)]
        done = subprocess.run(command, capture_output=True, env=environment, cwd=programs.home, check=False)
        assert done.returncode == 255
        assert b"(InternalServerError)" in done.stderr
        assert b"(reached max retries: 2)" in done.stderr
        assert endpoint.count(name, who) == 3
