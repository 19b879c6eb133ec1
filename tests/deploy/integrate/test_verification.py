"""Each example of a receiver takes what the watcher signs, and nothing else."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from time import time

import pytest
from standardwebhooks import Webhook

from tests.deploy.integrate.conftest import INTEGRATE
from tests.deploy.integrate.programs import PATIENCE, Program, finish, python
from watcher.util.webhook_secret import new_secret

NEW, OLD, FOREIGN = (new_secret() for _ in range(3))
EXAMPLE = json.loads((INTEGRATE / "event.example.json").read_text())


@dataclass(frozen=True)
class Running:
    """A receiver that knows NEW and OLD."""

    program: Program
    port: int

    def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("POST", "/", body, dict(headers))
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module", params=["python", "node", "java"])
def receiver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    language, folder = request.param, tmp_path_factory.mktemp("receiver")
    command = python("receive_webhook.py")
    if language == "node":
        command = ["node", str(request.getfixturevalue("node_folder") / "receive-webhook.mjs")]
    if language == "java":
        command = ["java", "-cp", str(request.getfixturevalue("java_folder")), "ReceiveWebhook"]
    program = Program([*command, "0"], folder, WEBHOOK_SECRETS=f"{NEW} {OLD}")
    yield Running(program, program.port())
    program.close()


def an_event(name: str, decided: timedelta = timedelta(), outcome: str = "live") -> bytes:
    data = EXAMPLE["data"] | {"decidedAt": (datetime.now(UTC) - decided).isoformat(), "outcome": outcome}
    return json.dumps(EXAMPLE | {"id": name, "data": data}, indent=1, ensure_ascii=False).encode()


def signed(body: bytes, *secrets: str, name: str = "id", at: float | None = None) -> dict[str, str]:
    when = datetime.fromtimestamp(time() if at is None else at, UTC)
    signatures = [Webhook(secret).sign(name, when, body.decode()) for secret in secrets]
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(when.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


@pytest.mark.parametrize("secrets", [[NEW], [OLD], [NEW, OLD], [FOREIGN, OLD]], ids=["new", "old", "both", "other"])
def test_an_event_that_is_signed_by_one_secret_of_two_is_taken(
    receiver: Running, secrets: list[str], request: pytest.FixtureRequest
) -> None:
    name = f"taken-{request.node.callspec.id}"
    body = an_event(name)
    assert receiver.post(body, signed(body, *secrets, name=name)) == 204
    receiver.program.wait_for(name)


def test_a_signature_of_another_version_beside_it_is_passed_over(receiver: Running) -> None:
    body = an_event("v1a")
    headers = signed(body, NEW, name="v1a")
    headers["webhook-signature"] = f"v1a,AAAA {headers['webhook-signature']}"
    assert receiver.post(body, headers) == 204


@pytest.mark.parametrize("seconds", [-290, 290])
def test_a_clock_may_differ_by_minutes(receiver: Running, seconds: int) -> None:
    body = an_event(f"clock{seconds}")
    assert receiver.post(body, signed(body, NEW, name=f"clock{seconds}", at=time() + seconds)) == 204


def refused() -> dict[str, tuple[bytes, dict[str, str]]]:
    body = an_event("refused")
    good = signed(body, NEW)
    text = good["webhook-signature"]
    compact = json.dumps(json.loads(body)).encode()
    return {
        "foreign secret": (body, signed(body, FOREIGN)),
        "too old": (body, signed(body, NEW, at=time() - 400)),
        "from the future": (body, signed(body, NEW, at=time() + 400)),
        "other body": (body.replace(b"payout", b"default"), good),
        "same JSON, other bytes": (compact, good),
        "other id": (body, good | {"webhook-id": "other"}),
        "other time": (body, good | {"webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)}),
        "time that is none": (body, good | {"webhook-timestamp": "now"}),
        "time with a sign": (body, good | {"webhook-timestamp": f"-{good['webhook-timestamp']}"}),
        "other version": (body, good | {"webhook-signature": text.replace("v1,", "v2,")}),
        "no version": (body, good | {"webhook-signature": text.removeprefix("v1,")}),
        "part of it": (body, good | {"webhook-signature": text[:20]}),
        "empty": (body, good | {"webhook-signature": ""}),
        "no signature": (body, {name: value for name, value in good.items() if name != "webhook-signature"}),
        "no time": (body, {name: value for name, value in good.items() if name != "webhook-timestamp"}),
        "no id": (body, {name: value for name, value in good.items() if name != "webhook-id"}),
        "nothing": (body, {}),
    }


@pytest.mark.parametrize("case", list(refused()))
def test_anything_else_is_refused(receiver: Running, case: str) -> None:
    body, headers = refused()[case]
    assert receiver.post(body, headers) == 401


def test_an_event_that_comes_again_is_acted_on_once(receiver: Running) -> None:
    body = an_event("twice")
    for words in ("twice", "again twice"):
        assert receiver.post(body, signed(body, NEW, name="twice")) == 204
        receiver.program.wait_for(words)


@pytest.mark.parametrize("receiver", ["python", "node"], indirect=True)  # the one in Java parses no JSON
@pytest.mark.parametrize(
    ("name", "outcome", "days", "words"),
    [
        ("a", "live", 0, "let in a"),
        ("b", "not_live", 0, "not let in b"),
        ("c", "inconclusive", 0, "not let in c"),
        ("d", "a new one", 0, "not let in d"),
        ("e", "live", 13, "let in e"),
        ("f", "live", 15, "too old f"),
    ],
)
def test_only_a_live_decision_of_the_last_days_lets_in(
    receiver: Running, name: str, outcome: str, days: int, words: str
) -> None:
    body = an_event(name, timedelta(days=days), outcome)
    assert receiver.post(body, signed(body, NEW, name=name)) == 204
    assert receiver.program.wait_for(words) == words


def test_the_script_that_tries_a_receiver_signs_as_the_watcher_does(receiver: Running, tmp_path: Path) -> None:
    script = str(INTEGRATE / "curl" / "post-event.sh")
    for secret, status in ((NEW, "204"), (OLD, "204"), (FOREIGN, "401")):
        command = ["sh", script, f"http://127.0.0.1:{receiver.port}/", secret]
        assert finish(command, tmp_path, {}, an_event("script").decode()).strip() == status
