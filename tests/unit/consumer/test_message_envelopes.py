import json

import pytest

from tests.unit.support.messages import ID, eventbridge, parse, refusal, sns
from watcher.domain.model import DeadReason

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
    assert request.context == b'{"a":1}'


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


@pytest.mark.parametrize("text", [None, 7, True, [ID], {"sessionId": ID}])
def test_an_envelope_whose_message_is_not_text_is_a_dead_letter(text: object) -> None:
    assert refusal(sns(ID) | {"Message": text}).reason is DeadReason.INVALID_SESSION_ID


@pytest.mark.parametrize(
    "attribute", [{"Type": "String", "Value": "default"}, {"Type": "Binary", "Value": "cGF5b3V0"}, {"Type": "String"}]
)
def test_an_envelope_s_policy_that_is_another_or_can_not_be_read_is_a_dead_letter(attribute: object) -> None:
    body = sns(json.dumps(WANTED)) | {"MessageAttributes": {"policy": attribute}}
    assert refusal(body).reason is DeadReason.INVALID_MESSAGE


def test_an_envelope_s_policy_that_can_not_be_read_is_not_the_default_policy() -> None:
    body = sns(ID) | {"MessageAttributes": {"policy": {"Type": "String", "Value": ""}}}
    assert refusal(body).reason is DeadReason.UNKNOWN_POLICY


def test_policies_on_two_envelopes_that_differ_are_a_dead_letter() -> None:
    inner = sns(ID) | {"MessageAttributes": {"policy": {"Type": "String", "Value": "payout"}}}
    outer = sns(json.dumps(inner)) | {"MessageAttributes": {"policy": {"Type": "String", "Value": "default"}}}
    assert parse(inner).key.policy == "payout"
    assert refusal(outer).reason is DeadReason.INVALID_MESSAGE
    assert refusal(inner, {"policy": "default"}).reason is DeadReason.INVALID_MESSAGE


@pytest.mark.parametrize("body", [sns("{}"), sns(""), eventbridge({}), eventbridge(None), eventbridge([ID])])
def test_an_envelope_around_nothing_is_an_invalid_session_id(body: object) -> None:
    assert refusal(body).reason is DeadReason.INVALID_SESSION_ID
