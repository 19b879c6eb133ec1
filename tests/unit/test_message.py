import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import START, session_id
from watcher.errors import UnservableMessage
from watcher.event import decision_event
from watcher.message import MAX_BYTES, MAX_DEPTH, creation_time, parse_message
from watcher.model import DeadReason, DecisionRules, Outcome, Reason, SessionRequest, Verdict
from watcher.watch import Watch

ID = "0f2cbb0e-7a0e-4b7e-9d25-3f4d6f1a2b3c"
SENT = START - 10.0
POLICIES = {"default", "payout"}


def parse(body: object, attributes: dict[str, str] | None = None) -> SessionRequest:
    text = body if isinstance(body, str) else json.dumps(body)
    return parse_message(text, SENT, START, POLICIES, attributes)


def refusal(body: object, attributes: dict[str, str] | None = None) -> UnservableMessage:
    with pytest.raises(UnservableMessage) as caught:
        parse(body, attributes)
    return caught.value


@pytest.mark.parametrize("body", [ID, f"  {ID}\r\n", {"sessionId": ID}, f' \n{{"sessionId": "{ID}"}}\n'])
def test_a_bare_id_and_the_least_json_ask_for_the_default_policy(body: object) -> None:
    request = parse(body)
    assert request.key == (ID, "default")
    assert request.created_at == SENT
    assert request.context == {}


def test_every_member_is_read() -> None:
    request = parse(
        {
            "sessionId": ID,
            "createdAt": "2025-06-15T15:06:30Z",
            "policy": "payout",
            "context": {"user": [1, None, "é"]},
        }
    )
    assert request.key == (ID, "payout")
    assert request.created_at == START - 10.0
    assert request.context == {"user": [1, None, "é"]}


@pytest.mark.parametrize(
    "bad",
    [
        ID.upper(),
        ID.replace("-", ""),
        f"{ID}0",
        ID[:-1],
        ID.replace("0", "\u0660"),
        ID.replace("0", "g"),
        f"{ID[:8]} {ID[9:]}",
        f"{{{ID}}}",
        f"urn:uuid:{ID}",
        "",
        "session",
    ],
)
def test_what_is_no_lowercase_uuid_is_an_invalid_session_id(bad: str) -> None:
    assert refusal({"sessionId": bad}).reason is DeadReason.INVALID_SESSION_ID
    assert repr(bad)[:20] in str(refusal({"sessionId": bad}))


@pytest.mark.parametrize("bad", [f" {ID}", f"{ID}\n", f"{ID} "])
def test_blanks_inside_the_json_are_part_of_the_id(bad: str) -> None:
    assert refusal({"sessionId": bad}).reason is DeadReason.INVALID_SESSION_ID


@pytest.mark.parametrize("bad", [None, 1, True, [ID], {"id": ID}, 1.5])
def test_an_id_that_is_no_text_is_invalid(bad: object) -> None:
    assert refusal({"sessionId": bad}).reason is DeadReason.INVALID_SESSION_ID


@pytest.mark.parametrize("body", ["", " ", "[]", "null", "17", '"x"', "\x00", "{}", "\ud800"])
def test_a_body_without_an_id_is_an_invalid_session_id(body: str) -> None:
    assert refusal(body).reason is DeadReason.INVALID_SESSION_ID


@pytest.mark.parametrize("body", ["{", "{]", '{"sessionId": }', '{"a":1}}', '{"sessionId": "' + ID])
def test_broken_json_is_an_invalid_message(body: str) -> None:
    assert refusal(body).reason is DeadReason.INVALID_MESSAGE


@pytest.mark.parametrize("policy", ["nope", "", "Payout", 1, True, ["payout"], {"a": 1}, "x" * 1000, "\ud800"])
def test_an_unknown_policy_names_itself_and_those_that_are_known(policy: object) -> None:
    error = refusal({"sessionId": ID, "policy": policy})
    assert error.reason is DeadReason.UNKNOWN_POLICY
    assert "default, payout" in str(error)
    assert len(str(error)) < 300


def test_the_default_policy_is_always_known() -> None:
    assert parse_message(ID, SENT, START, ()).key.policy == "default"
    assert parse({"sessionId": ID, "policy": "default"}).key.policy == "default"


@pytest.mark.parametrize("body", [ID, {"sessionId": ID}, {"sessionId": ID, "policy": None}])
def test_the_attribute_policy_applies_where_the_body_names_none(body: object) -> None:
    assert parse(body, {"policy": "payout"}).key.policy == "payout"
    assert refusal(body, {"policy": "nope"}).reason is DeadReason.UNKNOWN_POLICY


def test_the_body_s_policy_wins_over_the_attribute() -> None:
    assert parse({"sessionId": ID, "policy": "default"}, {"policy": "payout"}).key.policy == "default"


def sns(message: str) -> dict[str, Any]:
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": message, "MessageId": "m"}


def eventbridge(detail: object) -> dict[str, Any]:
    return {"version": "0", "id": "x", "detail-type": "created", "source": "app", "detail": detail}


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


@pytest.mark.parametrize("body", [sns(ID), sns(f"{ID}\n"), eventbridge(ID), sns(json.dumps(eventbridge(ID)))])
def test_envelopes_around_a_bare_id_are_unwrapped(body: object) -> None:
    assert parse(body).key == (ID, "default")


@pytest.mark.parametrize("body", [sns("{}"), sns(""), eventbridge({}), eventbridge(None), eventbridge([ID])])
def test_an_envelope_around_nothing_is_an_invalid_session_id(body: object) -> None:
    assert refusal(body).reason is DeadReason.INVALID_SESSION_ID


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("2025-06-15T15:06:30Z", 10.0),
        ("2025-06-15T15:06:30.25Z", 9.75),
        ("2025-06-15T17:06:30+02:00", 10.0),
        ("2025-06-15T10:36:30-04:30", 10.0),
        ("2025-06-15 15:06:30Z", 10.0),
        ("2025-06-15T15:06:30.123456789Z", 10 - 0.123456),
    ],
)
def test_a_creation_time_counts_with_its_offset(text: str, ago: float) -> None:
    assert parse({"sessionId": ID, "createdAt": text}).created_at == pytest.approx(START - ago, abs=1e-6)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "yesterday",
        "2025-06-15T15:06:30",
        "2025-06-15",
        "2025-13-01T00:00:00Z",
        1_750_000_000,
        True,
        ["2025-06-15T15:06:30Z"],
        "2025-06-15T15:06:30+99:00",
        "\ud800\ud800\ud800\ud800-06-15T15:06:30Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
    ],
)
def test_a_creation_time_that_cannot_be_read_is_replaced_by_the_sent_time(value: object) -> None:
    assert creation_time(value) is None
    assert parse({"sessionId": ID, "createdAt": value}).created_at == SENT


def test_a_creation_in_the_future_counts_from_now() -> None:
    assert parse({"sessionId": ID, "createdAt": "2999-01-01T00:00:00Z"}).created_at == START


def test_a_sent_time_in_the_future_counts_from_now() -> None:
    assert parse_message(ID, START + 100, START, ()).created_at == START


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_context_with_a_number_that_json_does_not_have_is_an_invalid_message(number: str) -> None:
    error = refusal(f'{{"sessionId": "{ID}", "context": {{"a": [{number}]}}}}')
    assert error.reason is DeadReason.INVALID_MESSAGE
    assert "finite" in str(error)


@pytest.mark.parametrize("context", [[], "text", 0, False, "", [1]])
def test_a_context_that_is_no_object_is_an_invalid_message(context: object) -> None:
    assert refusal({"sessionId": ID, "context": context}).reason is DeadReason.INVALID_MESSAGE


def nested(levels: int, opening: str = '{"a":', closing: str = "}") -> str:
    return f'{{"sessionId": "{ID}", "context": {opening * levels}1{closing * levels}}}'


def test_a_context_may_be_nested_to_the_limit_and_no_deeper() -> None:
    assert event_of(parse(nested(MAX_DEPTH)))
    assert refusal(nested(MAX_DEPTH + 1)).reason is DeadReason.INVALID_MESSAGE


@pytest.mark.parametrize("levels", [500, 900, 950, *range(960, 1001, 5), 5000, 40_000])
@pytest.mark.parametrize("member", ["sessionId", "policy", "context", "createdAt", "detail", "x"])
def test_no_depth_of_nesting_ends_in_anything_but_a_refusal(levels: int, member: str) -> None:
    body = f'{{"sessionId": "{ID}", "{member}": {"[" * levels}{"]" * levels}}}'
    detail = ""
    try:
        parse(body)
    except UnservableMessage as error:
        detail = str(error)
    assert len(detail) < 400


def test_huge_integers_and_lone_surrogates_of_a_context_come_through_unharmed() -> None:
    request = parse(f'{{"sessionId": "{ID}", "context": {{"n": {"9" * 4000}, "s": "\\ud800", "\\udfff": 1}}}}')
    assert event_of(request)["data"]["context"] == {"n": int("9" * 4000), "s": "\ud800", "\udfff": 1}


def test_an_integer_too_long_to_read_is_an_invalid_message() -> None:
    body = f'{{"sessionId": "{ID}", "context": {{"n": {"9" * 5000}}}}}'
    assert refusal(body).reason is DeadReason.INVALID_MESSAGE


def of_size(size: int, filler: str) -> str:
    empty = json.dumps({"sessionId": ID, "context": {"a": ""}})
    assert filler
    room = size - len(empty)
    assert room % len(filler.encode()) == 0
    return empty.replace('""', f'"{filler * (room // len(filler.encode()))}"')


def test_the_size_limit_is_256_kib_to_the_byte() -> None:
    assert parse(of_size(MAX_BYTES, "x")).key.session_id == ID
    assert refusal(of_size(MAX_BYTES + 1, "x")).reason is DeadReason.TOO_LARGE


def test_the_size_limit_counts_bytes_and_not_characters() -> None:
    body = json.dumps({"sessionId": ID, "context": {"a": "é" * (MAX_BYTES // 2)}}, ensure_ascii=False)
    assert len(body) < MAX_BYTES
    assert refusal(body).reason is DeadReason.TOO_LARGE


def test_a_huge_body_that_means_nothing_is_too_large_and_its_text_is_not_repeated() -> None:
    error = refusal("x" * (MAX_BYTES + 1))
    assert error.reason is DeadReason.TOO_LARGE
    assert len(str(error)) < 100


def event_of(request: SessionRequest) -> dict[str, Any]:
    watch = Watch(request.key, request.created_at, 0.0, 180.0, request.context)
    verdict = Verdict(Outcome.INCONCLUSIVE, Reason.TIMED_OUT)
    body = decision_event(watch, verdict, None, DecisionRules(), source="/watcher/x", now=START).body
    assert "NaN" not in body
    event: dict[str, Any] = json.loads(body)
    return event


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(ID) | st.just("payout"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
times = st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()) | json_values
messages = st.fixed_dictionaries(
    {"sessionId": st.just(ID) | json_values},
    optional={
        "createdAt": times,
        "policy": st.just("payout") | json_values,
        "context": st.dictionaries(st.text(), json_values, max_size=4) | json_values,
    },
)
envelopes = st.one_of(
    messages,
    messages.map(eventbridge),
    messages.map(json.dumps).map(sns),
    json_values.map(eventbridge),
    st.text().map(sns),
)


@given(st.text() | (json_values | envelopes).map(json.dumps))
@settings(max_examples=300)
def test_whatever_comes_is_served_or_refused_and_what_is_served_keeps_its_context(body: str) -> None:
    try:
        request = parse(body)
    except UnservableMessage:
        return
    data = event_of(request)["data"]
    assert data["context"] == request.context
    assert data["sessionId"] == ID
    assert request.created_at <= START


@given(st.integers(min_value=0, max_value=2**128 - 1))
def test_every_lowercase_uuid_is_an_id(number: int) -> None:
    assert parse(session_id(number)).key.session_id == session_id(number)
