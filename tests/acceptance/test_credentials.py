"""Credentials that are late, wrong or replaced, and secrets in texts from elsewhere, with the real daemon."""

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.acceptance.conftest import PATIENCE, Daemon, put_on_queue
from tests.support import run_watcher, session_id

CANARY = "c4n4ry"
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}


class Service:
    """Answers polls signed with one of the `accepted` key ids; gives keys out as a container's agent does."""

    def __init__(self, port: int = 0) -> None:
        self.accepted: set[str] = set()
        self.agents_key = ""
        self.signed_with: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = re.findall(r"Credential=([^/]+)/", self.headers.get("Authorization", ""))[0]
                service.signed_with.append(key)
                if key in service.accepted:
                    place = {"S3Object": {"Bucket": "b", "Name": "n"}}
                    answer = {"SessionId": body["SessionId"], "Status": "SUCCEEDED", "Confidence": 97.0}
                    self._answer(200, {**answer, "ReferenceImage": place})
                else:
                    self._answer(400, {"__type": "UnrecognizedClientException", "message": "who is this?"})

            def do_GET(self) -> None:
                self._answer(200, service.keys() if self.path == "/agent" else {})

            def _answer(self, status: int, members: object) -> None:
                content = json.dumps(members).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def keys(self) -> dict[str, str]:
        return {
            "AccessKeyId": self.agents_key,
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": "2099-01-01T00:00:00Z",
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    started = Service()
    yield started
    started.close()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """AWS's files, in the test's folder."""
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "aws-credentials"),
    }


def write_keys(files: dict[str, str], key: str) -> None:
    text = f"[default]\naws_access_key_id = {key}\naws_secret_access_key = secret\n"
    Path(files["AWS_SHARED_CREDENTIALS_FILE"]).write_text(text)


def enqueue(folder: Path, *numbers: int) -> None:
    put_on_queue(folder, *map(session_id, numbers))


def readiness(daemon: Daemon) -> tuple[int, str]:
    port = daemon.wait_for_event("started")["port"]
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_keys_that_come_later_and_keys_that_are_replaced_are_found(
    start: Callable[..., Daemon], tmp_path: Path, service: Service, files: dict[str, str]
) -> None:
    service.accepted = {"FIRST"}
    settings = {"AWS_ENDPOINT_URL_REKOGNITION": service.url, "WATCHER_POLLING__SESSION_TIMEOUT": "120"}
    daemon = start(**NO_KEYS, **files, **settings)
    enqueue(tmp_path, 1)
    lost = daemon.wait_for_event("component_unavailable", part="credentials")
    assert "no AWS credentials: none found in any of AWS's usual places" in lost["error"]
    status, problems = readiness(daemon)
    assert status == 503
    assert "unavailable: AccessDenied (CredentialsUnavailable)" in problems
    write_keys(files, "FIRST")
    assert daemon.wait_for_decisions(1)[0]["data"]["outcome"] == "live"
    daemon.wait_for_event("component_recovered", part="credentials")
    assert readiness(daemon)[0] == 200
    service.accepted = {"SECOND"}
    write_keys(files, "SECOND")
    enqueue(tmp_path, 2)
    assert daemon.wait_for_decisions(2)[1]["data"]["outcome"] == "live"
    assert set(service.signed_with) <= {"FIRST", "SECOND"}


def test_an_agent_that_comes_up_later_is_asked_again_and_so_it_is_when_its_keys_are_rejected(
    start: Callable[..., Daemon], tmp_path: Path, service: Service, files: dict[str, str]
) -> None:
    agent = Service()
    agent.close()
    settings = {"AWS_ENDPOINT_URL_REKOGNITION": service.url, "WATCHER_POLLING__SESSION_TIMEOUT": "120"}
    daemon = start(**NO_KEYS, **files, **settings, AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{agent.url}/agent")
    enqueue(tmp_path, 1)
    daemon.wait_for_event("component_unavailable", part="credentials")
    service.accepted = {"FIRST"}
    agent = Service(agent.port)
    try:
        agent.agents_key = "FIRST"
        assert daemon.wait_for_decisions(1)[0]["data"]["outcome"] == "live"
        service.accepted, agent.agents_key = {"SECOND"}, "SECOND"
        enqueue(tmp_path, 2)
        assert daemon.wait_for_decisions(2)[1]["data"]["outcome"] == "live"
    finally:
        agent.close()


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"AWS_PROFILE": "other"}, "ENVIRONMENT"),
        ({"AWS_DEFAULT_PROFILE": "other"}, "ENVIRONMENT"),
        ({"WATCHER_AWS__PROFILE": "other"}, "PROFILE"),
        ({"AWS_PROFILE": "default", "WATCHER_AWS__PROFILE": "other"}, "PROFILE"),
    ],
)
def test_keys_of_the_environment_go_before_aws_profile_and_not_before_our_setting(
    start: Callable[..., Daemon],
    tmp_path: Path,
    service: Service,
    files: dict[str, str],
    profile: dict[str, str],
    expected: str,
) -> None:
    keys = "[default]\n[other]\naws_access_key_id = PROFILE\naws_secret_access_key = secret\n"
    Path(files["AWS_SHARED_CREDENTIALS_FILE"]).write_text(keys)
    service.accepted = {"PROFILE", "ENVIRONMENT"}
    enqueue(tmp_path, 1)
    own = {"AWS_ACCESS_KEY_ID": "ENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "secret"}
    start("--until-empty", **own, **files, **profile, AWS_ENDPOINT_URL_REKOGNITION=service.url).wait_for_decisions(1)
    assert set(service.signed_with) == {expected}


def leak(name: str, folder: Path) -> dict[str, str]:
    """The environment of a watcher that gets a secret from an unhappy place."""
    config = folder / "aws-config"
    script = folder / "helper.py"
    if name == "token":
        return {"AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": f"{CANARY}\n"}
    if name == "secret":
        return {"AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": f"{CANARY}\r\n"}
    if name == "agent":
        uri = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/"}
        return {**NO_KEYS, **uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"{CANARY}\n"}
    if name == "proxy":
        proxy = f"http://user:{CANARY}@127.0.0.1:9"
        return {"HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": "", "no_proxy": ""}
    printed = {
        "stderr": f"import sys; print('{CANARY}', file=sys.stderr); sys.exit(3)",
        "stdout": f"print('{CANARY}')",
        "version": f'print(\'{{"Version": "{CANARY}"}}\')',
        "expiry": (
            'print(\'{"Version": 1, "AccessKeyId": "K", "SecretAccessKey": "'
            f'{CANARY}", "Expiration": "{CANARY}"}}\')'
        ),
    }[name]
    script.write_text(printed)
    config.write_text(f"[default]\ncredential_process = {sys.executable} {script}\n")
    return NO_KEYS


@pytest.mark.parametrize("name", ["token", "secret", "agent", "proxy", "stderr", "stdout", "version", "expiry"])
def test_a_secret_in_a_text_from_elsewhere_never_leaves_the_process(
    start: Callable[..., Daemon], tmp_path: Path, service: Service, files: dict[str, str], name: str
) -> None:
    settings = files | leak(name, tmp_path)
    enqueue(tmp_path, 1)
    daemon = start(
        **settings,
        AWS_ENDPOINT_URL_REKOGNITION=service.url,
        WATCHER_POLLING__SESSION_TIMEOUT="3",
        WATCHER_LOG__LEVEL="debug",
    )
    (event,) = daemon.wait_for_decisions(1)
    assert event["data"]["reason"] == "timed_out"
    assert event["data"]["lastError"]
    if name != "proxy":
        assert readiness(daemon)[0] == 503
    told = [json.dumps(daemon.log), *daemon.stray, json.dumps(event), readiness(daemon)[1], daemon.get("/metrics")]
    url = ("--endpoint-url", service.url, "--region", "us-east-1")
    aws = {**settings, "WATCHER_QUEUE__URL": "sqlite:///other.db", "AWS_REGION": "us-east-1"}
    check = run_watcher(tmp_path, "check", *url, stdin=b"", **aws)
    get = run_watcher(tmp_path, "get", "--session-id", session_id(1), "--debug", *url, stdin=b"", **aws)
    told += [check.stdout, check.stderr, get.stdout, get.stderr]
    told += [path.read_bytes().decode("latin-1") for path in tmp_path.glob("watcher.db*")]
    assert CANARY not in "\n".join(told)
    assert not [line for line in daemon.log if "exception" in line]
    assert get.returncode == 255
