"""What the peers share: when a session is over, and what it comes to."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.peers.common import Journal, StillRunning, Work, is_passing, outcome_of, poll_once


class Refusal(Exception):
    """Like botocore's ClientError."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class Client:
    """Gives one answer, or one error."""

    class exceptions:  # noqa: N801 - boto3's name
        ClientError = Refusal

    def __init__(self, answer: dict[str, Any] | Refusal) -> None:
        self._answer = answer

    def get_face_liveness_session_results(self, **_members: str) -> dict[str, Any]:
        if isinstance(self._answer, Refusal):
            raise self._answer
        return self._answer


def work(folder: Path = Path("folder"), life: float = 60.0) -> Work:
    return Work("http://127.0.0.1:1", folder, "", 1.0, life)


def test_work_goes_through_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in work().environment().items():
        monkeypatch.setenv(name, value)
    assert Work.from_environment() == work()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"Status": "SUCCEEDED", "Confidence": 80.0}, "live"),
        ({"Status": "SUCCEEDED", "Confidence": 79.9}, "not_live"),
        ({"Status": "SUCCEEDED"}, "inconclusive"),
        ({"Status": "FAILED", "Confidence": 99.0}, "inconclusive"),
        ({"Status": "EXPIRED"}, "inconclusive"),
        (None, "inconclusive"),
    ],
)
def test_only_a_confident_success_is_live(answer: dict[str, Any] | None, outcome: str) -> None:
    assert outcome_of(answer) == outcome


def test_a_throttle_passes_and_a_refusal_does_not() -> None:
    assert is_passing(Refusal("ProvisionedThroughputExceededException"))
    assert not is_passing(Refusal("AccessDeniedException"))
    assert not is_passing(OSError())


@pytest.mark.parametrize("answer", [{"Status": "IN_PROGRESS"}, Refusal("ThrottlingException")])
def test_an_open_session_is_asked_for_again_until_its_life_is_over(answer: dict[str, Any] | Refusal) -> None:
    with pytest.raises(StillRunning):
        poll_once(Client(answer), work(), "id", time.time())
    assert poll_once(Client(answer), work(), "id", time.time() - 61) == "inconclusive"


def test_a_refused_session_is_given_up_at_once() -> None:
    refused = Client(Refusal("SessionNotFoundException"))
    assert poll_once(refused, work(), "id", time.time()) == "inconclusive"


def test_a_decision_is_one_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "decisions")
    journal.tell("a", "live")
    journal.tell("b", "not_live")
    lines = [json.loads(line) for line in (tmp_path / "decisions").read_text().splitlines()]
    assert [(line["sessionId"], line["outcome"]) for line in lines] == [("a", "live"), ("b", "not_live")]
