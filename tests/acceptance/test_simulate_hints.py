"""`watcher simulate --hints`: the real command announces the ends of its sessions on real queues."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.moto import CREDENTIALS
from tests.support import run_watcher, watcher_process
from watcher.config import load
from watcher.consumer.envelope import opened
from watcher.consumer.message import parse_message
from watcher.consumer.s3_notification import s3_notification
from watcher.queues import open_queue
from watcher.util.clock import SystemClock

LONG = 60.0
"""Seconds for what takes one or two, so that a slow machine fails no test."""

QUICK = """
[[endings]]
name = "live"
weight = 1
created_for = 0
in_progress_for = 0.2
policy = "payout"
[[endings]]
name = "gone"
weight = 0
status = "CREATED"
[hints]
share = 1
delay = 0.1
"""


@contextmanager
def simulate(*arguments: str, cwd: Path, env: Mapping[str, str] = os.environ) -> Iterator[subprocess.Popen[str]]:
    """The real command; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "watcher", "simulate", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=env,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def client(process: subprocess.Popen[str]) -> Iterator[Any]:
    assert process.stdout is not None
    made = boto3.client(
        "rekognition",
        endpoint_url=process.stdout.readline().strip(),
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=LONG),
    )
    with closing(made):
        yield made


def create(rekognition: Any, name: str, number: int) -> str:
    output = {"S3Bucket": "kyc", "S3KeyPrefix": "kyc+live"}
    settings = {"AuditImagesLimit": 2, "OutputConfig": output}
    answer = rekognition.create_face_liveness_session(ClientRequestToken=f"{name}--{number}", Settings=settings)
    return str(answer["SessionId"])


def stop(process: subprocess.Popen[str]) -> str:
    """SIGTERM, and what it wrote to stderr; it ends with exit code 0."""
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=LONG)
    assert process.returncode == 0, log
    return log


def scenario(tmp_path: Path, more: str = "") -> str:
    file = tmp_path / "s.toml"
    file.write_text(QUICK + more)
    return str(file)


def bodies_in(file: Path, least: int) -> list[str]:
    """At least so many messages, once they are on the SQLite queue."""
    settings = load(None, {"queue.url": f"sqlite:///{file}"}, {}, file.parent).settings
    found: list[str] = []
    deadline = time.monotonic() + LONG
    with closing(open_queue(settings, SystemClock())) as queue:
        while len(found) < least and time.monotonic() < deadline:
            found += [message.body for message in queue.receive(100, 0.5, Event())]
    return found


@pytest.mark.parametrize("form", ["queue.db", "sqlite:///queue.db", "{folder}/queue.db"])
def test_ends_are_announced_as_s3_does_on_a_sqlite_queue(tmp_path: Path, form: str) -> None:
    queue = form.format(folder=tmp_path)
    with simulate("--hints", queue, "--scenario", scenario(tmp_path), cwd=tmp_path) as process:
        with client(process) as rekognition:
            ended = [create(rekognition, "live", number) for number in range(3)]
            create(rekognition, "gone", 1)
        bodies = bodies_in(tmp_path / "queue.db", 3)
        assert stop(process) == ""
    found = [notification for body in bodies if (notification := s3_notification(opened(body).fields))]
    assert len(found) == len(bodies)
    assert {one for notification in found for one in notification.objects} == {(one,) for one in ended}
    keys = [record["s3"]["object"]["key"] for body in bodies for record in json.loads(body)["Records"]]
    assert f"kyc%2Blive/{ended[0]}/reference.jpg" in keys
    assert f"kyc%2Blive/{ended[0]}/audit-1.jpg" in keys


def test_completion_messages_repeat_the_policy_of_the_ending(tmp_path: Path) -> None:
    arguments = ("--hints", "queue.db", "--hint-kind", "message", "--scenario", scenario(tmp_path))
    with simulate(*arguments, cwd=tmp_path) as process:
        with client(process) as rekognition:
            began = time.time()
            session_id = create(rekognition, "live", 1)
        (body,) = bodies_in(tmp_path / "queue.db", 1)
        stop(process)
    request = parse_message(body, time.time(), {"payout"})
    assert (request.key.session_id, request.key.policy, request.is_complete) == (session_id, "payout", True)
    assert request.creation.at == pytest.approx(began, abs=LONG)


def test_a_share_of_nothing_announces_nothing(tmp_path: Path) -> None:
    arguments = ("--hints", "queue.db", "--hint-share", "0", "--time-scale", "100", "--scenario", scenario(tmp_path))
    with simulate(*arguments, cwd=tmp_path) as process:
        with client(process) as rekognition:
            session_id = create(rekognition, "live", 1)
            while rekognition.get_face_liveness_session_results(SessionId=session_id)["Status"] != "SUCCEEDED":
                time.sleep(0.01)
        stop(process)
    settings = load(None, {"queue.url": f"sqlite:///{tmp_path / 'queue.db'}"}, {}, tmp_path).settings
    with closing(open_queue(settings, SystemClock())) as queue:
        assert queue.depth().visible == 0


def sqs_bodies(sqs: Any, url: str, least: int) -> list[str]:
    found: list[str] = []
    deadline = time.monotonic() + LONG
    while len(found) < least and time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        found += [message["Body"] for message in answer.get("Messages", ())]
    return found


def test_ends_are_announced_on_an_sqs_queue(
    tmp_path: Path, moto_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with closing(boto3.client("sqs", endpoint_url=moto_server)) as sqs:
        url = sqs.create_queue(QueueName="sessions")["QueueUrl"]
        with simulate("--hints", url, "--scenario", scenario(tmp_path), cwd=tmp_path, env=os.environ) as process:
            with client(process) as rekognition:
                session_id = create(rekognition, "live", 1)
            bodies = sqs_bodies(sqs, url, 1)
            assert stop(process) == ""
    notification = s3_notification(opened(bodies[0]).fields)
    assert notification is not None
    assert notification.objects == ((session_id,),)


def test_a_missing_sqs_queue_is_told_once_with_the_fix_and_the_endpoint_serves(
    tmp_path: Path, moto_server: str
) -> None:
    url = f"{moto_server}/123456789012/no-such-queue"
    env = os.environ | CREDENTIALS | {"AWS_REGION": "us-east-1"}
    with simulate("--hints", url, "--scenario", scenario(tmp_path), cwd=tmp_path, env=env) as process:
        assert process.stderr is not None
        with client(process) as rekognition:
            first = create(rekognition, "live", 1)
            line = process.stderr.readline()
            create(rekognition, "live", 2)
            assert rekognition.get_face_liveness_session_results(SessionId=first)["Status"] == "SUCCEEDED"
        rest = stop(process)
    assert line.startswith("hints are not sent: ")
    assert "no-such-queue" in line
    assert "Traceback" not in line + rest
    assert "not sent" not in rest


def test_a_queue_that_hangs_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(LONG)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/123456789012/q"
        env = os.environ | CREDENTIALS | {"AWS_REGION": "us-east-1"}
        arguments = ("--hints", url, "--scenario", scenario(tmp_path))
        with simulate(*arguments, cwd=tmp_path, env=env) as process, client(process) as rekognition:
            session_id = create(rekognition, "live", 1)
            with silent.accept()[0]:
                status = rekognition.get_face_liveness_session_results(SessionId=session_id)["Status"]
                assert status == "SUCCEEDED"
                stop(process)


PATIENT = {
    "WATCHER_POLLING__STRATEGY": "backoff",
    "WATCHER_POLLING__MIN_INTERVAL": "100",
    "WATCHER_POLLING__MAX_INTERVAL": "100",
    "WATCHER_HTTP__PORT": "0",
}
"""A watcher that hardly polls by itself: only a hint ends its wait within a test's patience."""


@pytest.mark.parametrize("kind", ["s3", "message"])
def test_a_watcher_decides_on_the_hint_alone(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "s.toml"
    file.write_text(QUICK.replace("in_progress_for = 0.2", "in_progress_for = 20"))
    settings = PATIENT | {"WATCHER_QUEUE__URL": f"sqlite:///{tmp_path / 'queue.db'}"}
    settings |= {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    settings |= {"WATCHER_DECISION__POLICIES": '{"payout": {}}'}
    arguments = ("--hints", "queue.db", "--hint-kind", kind, "--scenario", str(file), "--time-scale", "4")
    with simulate(*arguments, cwd=tmp_path) as process, client(process) as rekognition:
        settings |= {"AWS_ENDPOINT_URL_REKOGNITION": rekognition.meta.endpoint_url}
        with running(tmp_path, settings) as daemon:
            session_id = create(rekognition, "live", 1)
            send(tmp_path / "queue.db", json.dumps({"sessionId": session_id, "policy": "payout"}))
            assert daemon.stdout is not None
            first = daemon.stdout.readline()
            daemon.send_signal(signal.SIGTERM)
            rest, _ = daemon.communicate(timeout=LONG)
        stop(process)
    decided = [json.loads(line) for line in [first, *rest.splitlines()]]
    assert {event["id"] for event in decided} == {f"{session_id}:payout"}
    assert {event["data"]["outcome"] for event in decided} == {"live"}
    explained = run_watcher(tmp_path, "explain", session_id, stdin=b"", **settings).stdout
    assert "the person has finished" in explained


@contextmanager
def running(folder: Path, settings: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A watcher that takes sessions; killed at the end if it still runs."""
    with watcher_process(folder, "run", **settings) as daemon:
        try:
            assert daemon.stderr is not None
            assert any(b"started" in line for line in daemon.stderr)
            yield daemon
        finally:
            daemon.kill()


def send(file: Path, body: str) -> None:
    settings = load(None, {"queue.url": f"sqlite:///{file}"}, {}, file.parent).settings
    with closing(open_queue(settings, SystemClock())) as queue:
        queue.send([body])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ["--hints", "bogus://q"],
            78,
            'queue.url = "bogus://q" is not a queue URL (from --hints): give sqlite:///FILE',
        ),
        (["--hints", ""], 78, "names no file (from --hints): give sqlite:///FILE"),
        (["--hints", "no/such/folder/q.db"], 1, "its folder has to exist and be writable"),
        (["--hints", "q.db", "--hint-share", "1.5"], 2, "share of the hints 1.5: give a number from 0 to 1"),
        (["--hints", "q.db", "--hint-share", "nan"], 2, "share of the hints nan: give a number from 0 to 1"),
        (["--hints", "q.db", "--hint-kind", "sns"], 2, "'s3', 'message', 'mixed'"),
        (["--hint-share", "1"], 2, "--hint-kind and --hint-share need --hints QUEUE"),
    ],
)
def test_a_mistake_is_told_with_its_fix(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    with simulate(*arguments, cwd=tmp_path) as process:
        out, err = process.communicate(timeout=LONG)
    assert (process.returncode, out) == (code, "")
    assert words in " ".join(err.split())
    assert "Traceback" not in err


def test_a_mistake_in_the_scenario_s_hints_is_told_with_exit_code_78(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("[hints]\nshare = 2\n")
    with simulate("--scenario", str(file), cwd=tmp_path) as process:
        out, err = process.communicate(timeout=LONG)
    assert (process.returncode, out) == (78, "")
    assert "hints.share = 2: give a number from 0 to 1" in err
