"""The local Rekognition endpoint as its users see it: through boto3, real sockets and the real command."""

import math
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from watcher.simulator import Fault, SessionScript, Simulator
from watcher.simulator.scenario import FEEDBACK_NAMES

pytest_plugins = ["watcher.simulator.pytest_plugin"]

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
DONE: dict[str, Any] = {"created_for": 0.0, "in_progress_for": 0.0}
MakeClient = Callable[..., Any]


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Makes boto3 clients that try once and are closed after the test."""
    made = []

    def make(url: str, **settings: Any) -> Any:
        settings = {"retries": {"total_max_attempts": 1}} | settings
        client = boto3.client(
            "rekognition",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(**settings),
        )
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


def poll(client: Any, simulator: Simulator, *faults: Fault, **script: Any) -> dict[str, Any]:
    session_id = simulator.create_session(SessionScript(faults=faults, **(DONE | script)))
    answer: dict[str, Any] = client.get_face_liveness_session_results(SessionId=session_id)
    return answer


def test_a_session_lives_from_creation_to_result(liveness_simulator: Simulator, make_client: MakeClient) -> None:
    client = make_client(liveness_simulator.url)
    created = client.create_face_liveness_session(ClientRequestToken="t", Settings={"AuditImagesLimit": 2})
    session_id = created["SessionId"]
    assert client.create_face_liveness_session(ClientRequestToken="t")["SessionId"] == session_id
    answer = client.get_face_liveness_session_results(SessionId=session_id)
    assert (answer["SessionId"], answer["Status"]) == (session_id, "CREATED")
    assert liveness_simulator.status(session_id) == "CREATED"
    assert [call.result for call in liveness_simulator.calls] == ["OK", "OK", "CREATED"]


def test_a_finished_session_has_its_scripted_result(liveness_simulator: Simulator, make_client: MakeClient) -> None:
    script = SessionScript(created_for=3, in_progress_for=7, confidence=12.5, feedback=("EYES_CLOSED_DETECTED",))
    session_id = liveness_simulator.create_session(script, audit_images_limit=1, created_ago=11)
    answer = make_client(liveness_simulator.url).get_face_liveness_session_results(SessionId=session_id)
    assert (answer["Status"], answer["Confidence"]) == ("SUCCEEDED", 12.5)
    assert answer["ReferenceImage"]["Bytes"] == liveness_simulator.image(session_id)
    assert [one["Bytes"] for one in answer["AuditImages"]] == [liveness_simulator.image(session_id, 1)]
    assert answer["Challenge"] == {"Type": "FaceMovementAndLightChallenge", "Version": "2.0.0"}
    assert [one["Code"] for one in answer["Feedback"]] == ["EYES_CLOSED_DETECTED"]


def after_a_check(make_client: MakeClient, token: str, **settings: Any) -> dict[str, Any]:
    """The answer for a new session, once the check has had the longest time that AWS names."""
    now = [0.0]
    with Simulator(clock=lambda: now[0]) as simulator:
        client = make_client(simulator.url)
        created = client.create_face_liveness_session(ClientRequestToken=token, Settings=settings)
        now[0] = 11.0
        answer: dict[str, Any] = client.get_face_liveness_session_results(SessionId=created["SessionId"])
    return answer


@pytest.mark.parametrize(("name", "code"), FEEDBACK_NAMES.items())
def test_a_token_can_ask_for_each_feedback_code(make_client: MakeClient, name: str, code: str) -> None:
    answer = after_a_check(make_client, f"{name}--7")
    assert (answer["Status"], answer["Confidence"] < 50) == ("SUCCEEDED", True)
    assert [one["Code"] for one in answer["Feedback"]] == [code]
    assert answer["Feedback"][0]["Message"]
    assert answer["Metadata"]["SDKType"]


@pytest.mark.parametrize(("name", "feedback"), [("live", []), ("not-live", []), ("failed", None)])
def test_only_a_session_that_succeeded_has_feedback_and_it_may_be_empty(
    make_client: MakeClient, name: str, feedback: list[Any] | None
) -> None:
    assert after_a_check(make_client, f"{name}--1").get("Feedback") == feedback


CHALLENGES: list[tuple[list[dict[str, Any]], tuple[str, str]]] = [
    ([{"Type": "FaceMovementChallenge"}], ("FaceMovementChallenge", "1.0.0")),
    (
        [{"Type": "FaceMovementChallenge", "Versions": {"Minimum": "1.0.0", "Maximum": "1.9.0"}}],
        ("FaceMovementChallenge", "1.0.0"),
    ),
    (
        [{"Type": "FaceMovementAndLightChallenge", "Versions": {"Maximum": "1.5.0"}}],
        ("FaceMovementAndLightChallenge", "1.5.0"),
    ),
]


@pytest.mark.parametrize(("preferences", "challenge"), CHALLENGES)
def test_a_session_has_the_challenge_that_its_request_prefers(
    make_client: MakeClient, preferences: list[dict[str, Any]], challenge: tuple[str, str]
) -> None:
    answer = after_a_check(make_client, "live--1", ChallengePreferences=preferences)
    assert (answer["Challenge"]["Type"], answer["Challenge"]["Version"]) == challenge


@pytest.mark.parametrize(
    ("preference", "code", "words"),
    [
        ({"Type": "Dance"}, "ValidationException", "'settings.challengePreferences.1.member.type' failed to satisfy"),
        (
            {"Type": "FaceMovementChallenge", "Versions": {"Minimum": "1.x.0"}},
            "ValidationException",
            "Value '1.x.0' at 'settings.challengePreferences.1.member.versions.minimum' failed to satisfy constraint",
        ),
        (
            {"Type": "FaceMovementChallenge", "Versions": {"Maximum": "1.01.0"}},
            "ValidationException",
            "Member must satisfy regular expression pattern",
        ),
        (
            {"Type": "FaceMovementChallenge", "Versions": {"Minimum": "2.0.0", "Maximum": "1.0.0"}},
            "InvalidParameterException",
            "Request has invalid parameters",
        ),
    ],
)
def test_a_challenge_that_breaks_the_model_is_rejected_as_aws_does(
    liveness_simulator: Simulator, make_client: MakeClient, preference: dict[str, Any], code: str, words: str
) -> None:
    client = make_client(liveness_simulator.url)
    with pytest.raises(ClientError, match=re.escape(words)) as caught:
        client.create_face_liveness_session(Settings={"ChallengePreferences": [preference]})
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_the_largest_answer_of_the_service_arrives_whole(make_client: MakeClient) -> None:
    with Simulator(image_size=204_800) as simulator:
        session_id = simulator.create_session(SessionScript(**DONE), audit_images_limit=4)
        answer = make_client(simulator.url).get_face_liveness_session_results(SessionId=session_id)
        images = [answer["ReferenceImage"], *answer["AuditImages"]]
        assert [len(one["Bytes"]) for one in images] == [204_800] * 5


def test_unsigned_calls_are_taken(liveness_simulator: Simulator, make_client: MakeClient) -> None:
    client = make_client(liveness_simulator.url, signature_version=UNSIGNED)
    assert client.create_face_liveness_session()["SessionId"]


@pytest.mark.parametrize(
    ("fault", "name", "http"),
    [
        (Fault("throttle"), "ThrottlingException", 400),
        (Fault("throttle", http=500), "ThrottlingException", 500),
        (Fault("throughput_exceeded"), "ProvisionedThroughputExceededException", 400),
        (Fault("internal_error"), "InternalServerError", 500),
        (Fault("access_denied"), "AccessDeniedException", 400),
        (Fault("invalid_parameter"), "InvalidParameterException", 400),
        (Fault("not_found"), "SessionNotFoundException", 400),
    ],
)
def test_modelled_errors_reach_boto3_as_their_class(
    liveness_simulator: Simulator, make_client: MakeClient, fault: Fault, name: str, http: int
) -> None:
    client = make_client(liveness_simulator.url)
    with pytest.raises(getattr(client.exceptions, name)) as caught:
        poll(client, liveness_simulator, fault)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == http
    assert caught.value.response["Error"]["Message"]


def test_mistakes_of_the_caller_are_told_as_aws_does(liveness_simulator: Simulator, make_client: MakeClient) -> None:
    client = make_client(liveness_simulator.url)
    with pytest.raises(client.exceptions.SessionNotFoundException):
        client.get_face_liveness_session_results(SessionId=UNKNOWN_ID)
    with pytest.raises(ClientError, match=r"\(ValidationException\).*: 1 validation error detected: Value"):
        client.get_face_liveness_session_results(SessionId="x" * 36)
    with pytest.raises(ClientError, match="UnknownOperationException"):
        client.list_collections()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("stall", seconds=30), ReadTimeoutError),
        (Fault("latency", seconds=30), ReadTimeoutError),
        (Fault("drip", part="headers", seconds=30), ReadTimeoutError),
        (Fault("reset"), ConnectionClosedError),
        (Fault("http_error", http=503), ClientError),
    ],
)
def test_faults_of_the_wire_reach_boto3_as_its_own_errors(
    liveness_simulator: Simulator, make_client: MakeClient, fault: Fault, error: type[Exception]
) -> None:
    limits = {"read_timeout": 0.2} if error is ReadTimeoutError else {}
    client = make_client(liveness_simulator.url, **limits)
    with pytest.raises(error):
        poll(client, liveness_simulator, fault)


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_drip_outlives_a_read_time_out_and_arrives(
    liveness_simulator: Simulator, make_client: MakeClient, part: str
) -> None:
    client = make_client(liveness_simulator.url, read_timeout=0.3)
    fault = Fault("drip", part=part, seconds=0.005)
    began = time.monotonic()
    assert poll(client, liveness_simulator, fault, created_for=99.0)["Status"] == "CREATED"
    assert time.monotonic() - began > 0.3


@pytest.mark.parametrize("kind", ["blank_body", "garbage_body", "truncated_body"])
def test_a_broken_body_is_an_empty_result_to_boto3(
    liveness_simulator: Simulator, make_client: MakeClient, kind: str
) -> None:
    answer = poll(make_client(liveness_simulator.url), liveness_simulator, Fault(kind))
    assert set(answer) == {"ResponseMetadata"}
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_faults_of_the_answer_reach_the_caller(liveness_simulator: Simulator, make_client: MakeClient) -> None:
    client = make_client(liveness_simulator.url)

    def polled(kind: str, **settings: Any) -> dict[str, Any]:
        return poll(client, liveness_simulator, Fault(kind, **settings))

    assert polled("unknown_status")["Status"] == "COMPLETED"
    assert "Status" not in polled("missing_status")
    assert "Confidence" not in polled("missing_confidence")
    assert math.isnan(polled("nan_confidence")["Confidence"])
    assert polled("string_confidence")["Confidence"] == "99.5"
    assert polled("confidence_out_of_range", value=-1.0)["Confidence"] == -1.0
    assert polled("wrong_session_id")["SessionId"] == UNKNOWN_ID
    assert "ReferenceImage" not in polled("no_reference_image")
    assert "Feedback" not in polled("missing_feedback")
    assert [one["Code"] for one in polled("unknown_feedback", value="NEW")["Feedback"]] == ["NEW"]


@pytest.mark.parametrize("kind", ["malformed_feedback", "malformed_metadata"])
def test_a_malformed_member_is_an_error_of_botocores_parser(
    liveness_simulator: Simulator, make_client: MakeClient, kind: str
) -> None:
    with pytest.raises(AttributeError):
        poll(make_client(liveness_simulator.url), liveness_simulator, Fault(kind))


def output(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


@contextmanager
def command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The real command; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "watcher", "simulate", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_its_url_first_and_stops_cleanly(make_client: MakeClient, stop: signal.Signals) -> None:
    with command("--verbose", "--rate-limit", "0.001", "--time-scale", "1000", "--seed", "1") as process:
        url = output(process.stdout).readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        client = make_client(url)
        session_id = client.create_face_liveness_session()["SessionId"]
        client.get_face_liveness_session_results(SessionId=session_id)
        with pytest.raises(client.exceptions.ProvisionedThroughputExceededException):
            client.get_face_liveness_session_results(SessionId=session_id)
        process.send_signal(stop)
        rest, log = process.communicate(timeout=10)
    assert process.returncode == 0
    assert rest == ""
    assert len(log.splitlines()) == 3
    assert f"session={session_id} result=OK http=200" in log
    assert "result=ProvisionedThroughputExceededException http=400" in log


def test_the_command_plays_a_scenario_file(make_client: MakeClient, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[[endings]]\nstatus = "FAILED"\ncreated_for = 0\nin_progress_for = 0\n')
    with command("--scenario", str(file)) as process:
        client = make_client(output(process.stdout).readline().strip())
        session_id = client.create_face_liveness_session()["SessionId"]
        assert client.get_face_liveness_session_results(SessionId=session_id)["Status"] == "FAILED"


def test_a_bad_scenario_file_is_told_with_exit_code_78(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('[[faults]]\nkind = "stal"\n')
    with command("--scenario", str(file)) as process:
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (78, "")
    assert f"{file}: faults[1].kind = 'stal': use one of throttle" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("host", ["xn--\u00fc", "\u2028", "no..name"])
def test_a_host_that_is_none_is_told_without_a_traceback(host: str) -> None:
    with command("--host", host) as process:
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (1, "")
    assert "cannot listen on --host" in err
    assert "give an address of this machine" in err  # no other program has to be stopped
    assert "Traceback" not in err


def test_an_empty_host_does_not_open_the_endpoint_to_the_network() -> None:
    with command("--host", "") as process:
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (2, "")
    assert "the host is empty" in err


def test_a_port_in_use_is_told_without_a_traceback(liveness_simulator: Simulator) -> None:
    port = liveness_simulator.url.rpartition(":")[2]
    with command("--port", port) as process:
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (1, "")
    assert f"cannot listen on --host 127.0.0.1 --port {port}" in err
    assert "stop the other program" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("option", ["--time-scale", "--rate-limit"])
def test_a_number_that_is_none_is_a_usage_error(option: str) -> None:
    with command(option, "nan") as process:
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (2, "")
    assert "nan: give" in err
    assert "Traceback" not in err
