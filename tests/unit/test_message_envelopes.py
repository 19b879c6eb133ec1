import json

import pytest

from tests.unit.messages import ID, eventbridge, parse, refusal, sns
from watcher.model import DeadReason

WANTED = {"sessionId": ID, "policy": "payout", "context": {"a": 1}}


@pytest.mark.parametrize(
    "body",
    [
        sns(json.dumps(WANTED)),
        sns(f" {json.dumps(WANTED)}\n"),
        eventbridge(WANTED),
        eventbridge(json.dumps(WANTED)),
        sns(json.dumps(eventbridge(WANTED))),
        sns(json.dumps(sns(json.dumps(WANTED)))),
    ],
)
def test_envelopes_are_unwrapped_one_inside_the_other_too(body: object) -> None:
    request = parse(body)
    assert request.key == (ID, "payout")
    assert request.context == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        sns(ID),
        sns(f"{ID}\n"),
        eventbridge(ID),
        sns(json.dumps(eventbridge(ID))),
        {"Type": "Notification", "Message": ID},
    ],
)
def test_envelopes_around_a_bare_id_are_unwrapped(body: object) -> None:
    assert parse(body).key == (ID, "default")


@pytest.mark.parametrize("body", [sns("{}"), sns(""), eventbridge({}), eventbridge(None), eventbridge([ID])])
def test_an_envelope_around_nothing_is_an_invalid_session_id(body: object) -> None:
    assert refusal(body).reason is DeadReason.INVALID_SESSION_ID
