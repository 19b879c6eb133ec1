"""What is inside a message: JSON, an id, or either in the envelopes of SNS and EventBridge."""

import json

import pytest

from tests.unit.support.messages import ID, eventbridge, parse, refusal, sns
from watcher.consumer.envelope import Envelope, opened, short
from watcher.domain.errors import InvalidMessage
from watcher.domain.limits import MAX_MESSAGE_BYTES
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


@pytest.mark.parametrize(
    "text",
    [
        f'{{"sessionId": "{ID}", "sessionId": "{ID}"}}',
        f'{{"sessionId": "{ID}", "policy": "payout", "policy": "default"}}',
        f'{{"sessionId": "{ID}", "context": {{"a": [{{"b": 1, "b": 1}}]}}}}',
        f'{{"sessionId": "{ID}", "policy": "payout", "p\\u006flicy": "default"}}',
    ],
)
def test_a_member_that_is_there_twice_makes_a_dead_letter(text: str) -> None:
    fault = refusal(text)
    assert fault.reason is DeadReason.INVALID_MESSAGE
    assert "twice" in str(fault)


def of_size(size: int, filler: str) -> str:
    empty = json.dumps({"sessionId": ID, "note": ""})
    assert filler
    room = size - len(empty)
    assert room % len(filler.encode()) == 0
    return empty.replace('""', f'"{filler * (room // len(filler.encode()))}"')


def test_the_size_limit_is_256_kib_to_the_byte() -> None:
    assert parse(of_size(MAX_MESSAGE_BYTES, "x")).key.session_id == ID
    assert refusal(of_size(MAX_MESSAGE_BYTES + 1, "x")).reason is DeadReason.TOO_LARGE


def test_the_size_limit_counts_bytes_and_not_characters() -> None:
    body = json.dumps({"sessionId": ID, "note": "é" * (MAX_MESSAGE_BYTES // 2)}, ensure_ascii=False)
    assert len(body) < MAX_MESSAGE_BYTES
    assert refusal(body).reason is DeadReason.TOO_LARGE


def test_a_huge_body_that_means_nothing_is_too_large_and_its_text_is_not_repeated() -> None:
    error = refusal("x" * (MAX_MESSAGE_BYTES + 1))
    assert error.reason is DeadReason.TOO_LARGE
    assert len(str(error)) < 100


def test_attributes_come_innermost_first_one_mapping_for_each_sns_envelope() -> None:
    inner = sns(ID) | {"MessageAttributes": {"policy": {"Type": "String", "Value": "payout"}}}
    outer = sns(json.dumps(eventbridge(json.dumps(inner)))) | {"MessageAttributes": {"policy": 5}}
    assert opened(json.dumps(outer)) == Envelope({"sessionId": ID}, ({"policy": "payout"}, {"policy": 5}))
    assert opened(json.dumps(sns(ID) | {"MessageAttributes": "x"})).attributes == ({},)


def test_an_event_of_s3_stays_whole() -> None:
    event = {"detail-type": "Object Created", "source": "aws.s3", "detail": {"object": {"key": ID}}}
    assert opened(json.dumps(event)).fields == event


@pytest.mark.parametrize("envelope", ["TopicArn", "detail-type", "Message", "detail"])
def test_a_message_with_an_id_is_no_envelope_whatever_else_it_has(envelope: str) -> None:
    message = {"sessionId": ID, envelope: "x"}
    assert opened(json.dumps(message)) == Envelope(message)


@pytest.mark.parametrize("text", ["", " ", "null", "[1]", '"x"', "3f1d-"])
def test_what_does_not_begin_as_an_object_is_an_id(text: str) -> None:
    assert opened(f"\ufeff {text}\n") == Envelope({"sessionId": text.strip()})


@pytest.mark.parametrize("text", ["{", "{]", '{"a": NaN}', '{"a": 1e999}', '{"a":' * 50_000, "{} {}"], ids=len)
def test_an_object_that_can_not_be_read_is_refused_in_few_words(text: str) -> None:
    with pytest.raises(InvalidMessage, match=r"^not JSON: ") as caught:
        opened(text)
    assert caught.value.reason is DeadReason.INVALID_MESSAGE
    assert len(str(caught.value)) < 100


def test_half_a_surrogate_is_counted_and_read() -> None:
    assert opened('{"sessionId": "\ud800"}').fields == {"sessionId": "\ud800"}


def test_a_value_is_shown_short() -> None:
    assert (short("x" * 78), short({"a": 1})) == (repr("x" * 78), "{'a': 1}")
    assert short("x" * 79) == f"'{'x' * 79}…"
