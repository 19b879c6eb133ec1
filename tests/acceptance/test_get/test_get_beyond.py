"""What `watcher get` can do beyond the reference: sample output, a clean debug log, --decide, --wait, --config."""

import base64
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.test_get.corpus import BASE, FEEDBACK, IN_S3, INLINE, SESSION_ID
from tests.acceptance.test_get.endpoint import Answer, Endpoint
from tests.acceptance.test_get.programs import CREDENTIALS, Driver, Run
from tests.support import BUSY

ID = ["--session-id", SESSION_ID]
LIVE = {**BASE, "Confidence": 97.3, "ReferenceImage": IN_S3}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def watcher(home: Path) -> Any:
    import sys

    with Driver(Path(sys.executable), "watcher", home) as driver:
        yield driver


def run(watcher: Driver, *arguments: str, **variables: str) -> Run:
    return watcher.do({"do": "run", "arguments": list(arguments), "environment": {**CREDENTIALS, **variables}})


def decision(found: Run) -> dict[str, Any]:
    """The one line on stderr."""
    lines = found.stderr.decode().splitlines()
    event: dict[str, Any] = json.loads(lines[0])
    return event


def test_the_sample_output_has_every_member_and_needs_neither_region_nor_credentials(watcher: Driver) -> None:
    found = watcher.do({"do": "run", "arguments": [*ID, "--generate-cli-skeleton", "output"], "environment": {}})
    assert found.code == 0
    sample = json.loads(found.stdout)
    assert {"SessionId", "Status", "Confidence", "ReferenceImage", "AuditImages", "Challenge"} <= set(sample)
    assert {"Feedback", "Metadata"} <= set(sample)
    assert base64.b64decode(sample["ReferenceImage"]["Bytes"])


def test_the_sample_output_needs_no_session_id(watcher: Driver) -> None:
    found = watcher.do({"do": "run", "arguments": ["--generate-cli-skeleton", "output"], "environment": {}})
    assert (found.code, json.loads(found.stdout)["Status"]) == (0, "CREATED")


def test_the_sample_output_goes_through_query_and_form(watcher: Driver) -> None:
    found = run(watcher, *ID, "--generate-cli-skeleton", "output", "--query", "[Status, Confidence]", "--output=text")
    assert found == (0, b"CREATED\t99.5\n", b"")


def test_the_sample_output_validates_the_input(watcher: Driver) -> None:
    found = run(watcher, "--session-id", "short", "--generate-cli-skeleton", "output")
    assert found.code == 255
    assert b"Invalid length for parameter SessionId" in found.stderr


def test_members_that_the_aws_clis_own_model_does_not_know_are_printed(watcher: Driver, endpoint: Endpoint) -> None:
    answer = {**BASE, "Feedback": FEEDBACK, "Metadata": {"SDKType": "x"}}
    found = run(watcher, *ID, "--endpoint-url", endpoint.url(endpoint.put(Answer.of(answer))))
    assert json.loads(found.stdout) == answer


def test_help_lists_every_option(watcher: Driver) -> None:
    from watcher.cli.get.options import OPTIONS

    for word in ("help", "--help"):
        found = run(watcher, word)
        assert found.code == 0
        assert all(option.flag in found.stdout.decode() for option in OPTIONS)


def test_debug_shows_the_call_but_no_image_no_signature_and_no_secret(watcher: Driver, endpoint: Endpoint) -> None:
    image = os.urandom(3000)
    encoded = base64.b64encode(image).decode()
    answer = {**LIVE, "ReferenceImage": {"Bytes": encoded}, "AuditImages": [{"Bytes": encoded[:40]}]}
    url = endpoint.url(endpoint.put(Answer.of(answer)))
    token = "FwoGZXIvYXdzEJr//////////wEaDExampleSessionToken"
    found = run(watcher, *ID, "--endpoint-url", url, "--debug", "--query", "Status", AWS_SESSION_TOKEN=token)
    assert (found.code, found.stdout) == (0, b'"SUCCEEDED"\n')
    log = found.stderr.decode()
    assert "GetFaceLivenessSessionResults" in log
    assert "method=POST" in log
    sent = endpoint.headers[-1]
    signature = sent["Authorization"].rpartition("Signature=")[2]
    for secret in (token, CREDENTIALS["AWS_SECRET_ACCESS_KEY"], signature, sent["Authorization"]):
        assert secret not in log
    pieces = [encoded[at : at + 16] for at in range(0, len(encoded) - 16, 16)]
    assert not [piece for piece in pieces if piece in log]
    assert repr(image)[2:40] not in log


def test_debug_keeps_secrets_out_when_the_call_fails_too(watcher: Driver, endpoint: Endpoint) -> None:
    encoded = base64.b64encode(os.urandom(600)).decode()
    for answer in (Answer(f'{{"ReferenceImage": "{encoded}"'.encode()), Answer(encoded.encode(), 500)):
        url = endpoint.url(endpoint.put(answer))
        found = run(watcher, *ID, "--endpoint-url", url, "--debug")
        log = found.stderr.decode()
        assert not [at for at in range(0, 780, 16) if encoded[at : at + 16] in log]
        assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in log


DECISIONS = [
    (LIVE, "live", "confidence_met"),
    ({**LIVE, "ReferenceImage": INLINE}, "live", "confidence_met"),
    ({**LIVE, "Confidence": 79.9}, "not_live", "confidence_below_threshold"),
    ({**BASE, "Confidence": 97.3}, "inconclusive", "reference_image_missing"),
    ({**BASE, "Status": "FAILED"}, "inconclusive", "session_failed"),
    ({**BASE, "Status": "EXPIRED"}, "inconclusive", "session_expired"),
    (BASE, "inconclusive", "malformed_result"),
]


@pytest.mark.parametrize(("answer", "outcome", "reason"), DECISIONS, ids=[case[2] for case in DECISIONS])
def test_decide_prints_the_daemons_decision_on_stderr_and_the_answer_on_stdout(
    answer: dict[str, Any], outcome: str, reason: str, watcher: Driver, endpoint: Endpoint
) -> None:
    url = endpoint.url(endpoint.put(Answer.of(answer)))
    found = run(watcher, *ID, "--endpoint-url", url, "--decide")
    plain = run(watcher, *ID, "--endpoint-url", url)
    assert (found.code, found.stdout) == (0, plain.stdout)
    assert found.stderr.count(b"\n") == 1
    event = decision(found)
    assert (event["data"]["outcome"], event["data"]["reason"]) == (outcome, reason)
    assert event["source"] == "/watcher/eu-west-1"
    assert event["id"] == f"{SESSION_ID}:default"


def test_decide_gives_the_digest_of_an_inline_image_and_never_the_image(watcher: Driver, endpoint: Endpoint) -> None:
    from hashlib import sha256

    url = endpoint.url(endpoint.put(Answer.of({**LIVE, "ReferenceImage": INLINE})))
    found = run(watcher, *ID, "--endpoint-url", url, "--decide")
    image = decision(found)["data"]["referenceImage"]
    assert image["sha256"] == sha256(base64.b64decode(str(INLINE["Bytes"]))).hexdigest()
    assert str(INLINE["Bytes"])[:40].encode() not in found.stderr


@pytest.mark.parametrize("status", ["CREATED", "IN_PROGRESS", "SOMETHING_NEW"])
def test_decide_says_so_when_there_is_nothing_to_decide_yet(status: str, watcher: Driver, endpoint: Endpoint) -> None:
    url = endpoint.url(endpoint.put(Answer.of({**BASE, "Status": status})))
    found = run(watcher, *ID, "--endpoint-url", url, "--decide")
    assert found.code == 0
    line = decision(found)
    assert (line["sessionId"], line["decision"]) == (SESSION_ID, None)
    assert status in line["last"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [("SessionNotFoundException", "session_not_found"), ("InvalidParameterException", "rejected_by_service")],
)
def test_decide_knows_the_errors_that_are_endings(
    code: str, reason: str, watcher: Driver, endpoint: Endpoint
) -> None:
    url = endpoint.url(endpoint.put(Answer.error(code)))
    found = run(watcher, *ID, "--endpoint-url", url, "--decide")
    assert found.code == 255
    assert decision(found)["data"]["reason"] == reason
    assert f"An error occurred ({code})" in found.stderr.decode()


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "InternalServerError"])
def test_an_error_that_says_nothing_about_the_session_decides_nothing(
    code: str, watcher: Driver, endpoint: Endpoint
) -> None:
    url = endpoint.url(endpoint.put(Answer.error(code)))
    found = run(watcher, *ID, "--endpoint-url", url, "--decide")
    assert found.code == 255
    assert decision(found)["decision"] is None


def test_the_rules_come_from_the_environment_or_the_settings_file(
    watcher: Driver, endpoint: Endpoint, tmp_path: Path
) -> None:
    url = endpoint.url(endpoint.put(Answer.of(LIVE)))
    strict = run(watcher, *ID, "--endpoint-url", url, "--decide", WATCHER_DECISION__THRESHOLD="98")
    assert decision(strict)["data"]["outcome"] == "not_live"
    file = tmp_path / "w.toml"
    file.write_text("[decision]\nthreshold = 97.5\n")
    strict = run(watcher, *ID, "--endpoint-url", url, "--decide", "--config", str(file))
    assert decision(strict)["data"]["threshold"] == 97.5


def test_wait_polls_until_the_session_has_ended(watcher: Driver, endpoint: Endpoint) -> None:
    name = endpoint.put(
        Answer.of({**BASE, "Status": "CREATED"}),
        Answer(b"", 500),
        Answer.error("ThrottlingException"),
        Answer.of({**BASE, "Status": "IN_PROGRESS"}),
        Answer.of(LIVE),
    )
    found = run(
        watcher,
        *ID,
        f"--endpoint-url={endpoint.url(name)}",
        "--wait",
        "--decide",
        WATCHER_POLLING__MIN_INTERVAL="0.01",
        WATCHER_POLLING__MAX_INTERVAL="0.02",
        AWS_MAX_ATTEMPTS="5",
    )
    assert found.code == 0
    assert json.loads(found.stdout) == LIVE
    assert decision(found)["data"]["polls"] == 5
    assert endpoint.count(name, "") == 5


def test_wait_gives_up_at_the_time_out(watcher: Driver, endpoint: Endpoint) -> None:
    url = endpoint.url(endpoint.put(Answer.of({**BASE, "Status": "IN_PROGRESS"})))
    found = run(
        watcher,
        *ID,
        f"--endpoint-url={url}",
        "--wait",
        "--decide",
        WATCHER_POLLING__MIN_INTERVAL="0.05",
        WATCHER_POLLING__MAX_INTERVAL="0.1",
        WATCHER_POLLING__SESSION_TIMEOUT="0.5",
    )
    assert (found.code, found.stdout) == (255, b"")
    assert decision(found)["data"]["reason"] == "timed_out"
    assert found.stderr.endswith(b"\nThe session has not ended within 0.5 s: IN_PROGRESS\n")


def test_wait_stops_at_once_for_what_only_the_operator_can_fix(watcher: Driver, endpoint: Endpoint) -> None:
    name = endpoint.put(Answer.error("AccessDeniedException", "not authorized"))
    found = run(watcher, *ID, f"--endpoint-url={endpoint.url(name)}", "--wait")
    assert (found.code, endpoint.count(name, "")) == (255, 1)
    assert b"AccessDeniedException" in found.stderr


def test_a_server_that_drips_holds_the_command_no_longer_than_its_time_outs(
    watcher: Driver, endpoint: Endpoint
) -> None:
    url = endpoint.url(endpoint.put(Answer(json.dumps(LIVE).encode(), drip=0.2)))
    begun = time.monotonic()
    found = run(watcher, *ID, f"--endpoint-url={url}", "--cli-read-timeout=1", "--cli-connect-timeout=1")
    assert time.monotonic() - begun < 2 + BUSY
    assert found.code == 255
    assert b"Read timeout on endpoint URL" in found.stderr


def test_the_settings_file_says_how_to_reach_aws_if_it_is_named(
    watcher: Driver, endpoint: Endpoint, tmp_path: Path
) -> None:
    name = endpoint.put(Answer.of(LIVE))
    file = tmp_path / "w.toml"
    file.write_text(
        f'[aws]\nregion = "eu-north-1"\nendpoint_url = "{endpoint.url(name)}"\n'
        "sign_request = false\nread_timeout = 2.5\nconnect_timeout = 0\n"
    )
    found = watcher.do({"do": "run", "arguments": [*ID, "--config", str(file), "--decide"], "environment": {}})
    assert found.code == 0
    assert decision(found)["source"] == "/watcher/eu-north-1"
    assert "Authorization" not in endpoint.headers[-1]
    found = run(watcher, *ID, "--config", str(file), "--decide", "--region", "us-west-2")
    assert decision(found)["source"] == "/watcher/us-west-2"


@pytest.mark.parametrize(
    ("settings", "environment", "region"),
    [
        ("", {}, "us-east-1"),
        ("", {"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ('region = "eu-north-1"', {"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ('region = "eu-north-1"', {"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-2"),
        ('region = "eu-north-1"', {"AWS_REGION": "eu-west-2", "WATCHER_AWS__REGION": "us-west-2"}, "us-west-2"),
    ],
)
def test_with_the_settings_file_the_region_is_the_daemons(
    settings: str, environment: dict[str, str], region: str, watcher: Driver, endpoint: Endpoint, tmp_path: Path
) -> None:
    url = endpoint.url(endpoint.put(Answer.of(LIVE)))
    file = tmp_path / "w.toml"
    file.write_text(f'[aws]\nendpoint_url = "{url}"\nsign_request = false\n{settings}\n')
    arguments = [*ID, "--config", str(file), "--decide"]
    found = watcher.do({"do": "run", "arguments": arguments, "environment": environment})
    assert (found.code, decision(found)["source"]) == (0, f"/watcher/{region}")


def test_a_settings_file_that_is_wrong_is_told_key_by_key(watcher: Driver, tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    file.write_text('[aws]\nregoin = "x"\n')
    found = run(watcher, *ID, "--config", str(file))
    assert found.code == 255
    assert b"aws.regoin" in found.stderr
    assert run(watcher, *ID, "--config", str(tmp_path / "none.toml")).code == 255


def test_the_shell_completes_options_and_their_values() -> None:
    import sys

    def completed(words: str, number: int) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", "from watcher.cli import cli; cli(prog_name='watcher')"],
            env={**os.environ, "_WATCHER_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert completed("watcher get --cli-", 2) == ["--cli-input-json", "--cli-read-timeout", "--cli-connect-timeout"]
    assert completed("watcher get --output t", 3) == ["text", "table"]
    assert "--decide" in completed("watcher get-face-liveness-session-results --", 2)
