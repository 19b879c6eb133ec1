import json

import pytest

from tests.support import START
from tests.unit.support.messages import ID, SENT, parse, refusal
from watcher.consumer.message import parse_message
from watcher.domain.model import NO_CONTEXT, DeadReason
from watcher.util.rfc3339 import creation_time


@pytest.mark.parametrize("body", [ID, f"  {ID}\r\n", {"sessionId": ID}, f' \n{{"sessionId": "{ID}"}}\n'])
def test_a_bare_id_and_the_least_json_ask_for_the_default_policy(body: object) -> None:
    request = parse(body)
    assert request.key == (ID, "default")
    assert request.created_at == SENT
    assert request.context == NO_CONTEXT


@pytest.mark.parametrize("body", [ID, json.dumps({"sessionId": ID})])
def test_a_byte_order_mark_is_no_part_of_it(body: str) -> None:
    assert parse("\ufeff" + body).key.session_id == ID


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
    assert request.context == '{"user":[1,null,"é"]}'.encode()


@pytest.mark.parametrize(
    "bad",
    [
        ID.upper(),
        ID.replace("-", ""),
        f"{ID}0",
        ID[:-1],
        ID.replace("0", "\u0660"),
        ID.replace("a", "\u0430", 1),
        ID.replace("-", "\u2010"),
        f"\u200b{ID}",
        f"{ID}\u200d",
        f"{ID}\u0301",
        f"{ID[:8]}\u202e{ID[8:]}",
        f"{ID}\u2028",
        f"{ID}\x00",
        f"{ID}\ud800",
        "".join(chr(ord(char) + 0xFEE0) for char in ID),
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
    assert parse_message(ID, SENT, ()).key.policy == "default"
    assert parse({"sessionId": ID, "policy": "default"}).key.policy == "default"


@pytest.mark.parametrize("body", [ID, {"sessionId": ID}, {"sessionId": ID, "policy": None}])
def test_the_attribute_policy_applies_where_the_body_names_none(body: object) -> None:
    assert parse(body, {"policy": "payout"}).key.policy == "payout"
    assert refusal(body, {"policy": "nope"}).reason is DeadReason.UNKNOWN_POLICY


@pytest.mark.parametrize(
    ("body", "attribute"), [("default", "payout"), ("payout", "default"), ("payout", "nope"), ("payout", b"payout")]
)
def test_two_policies_that_differ_make_a_dead_letter(body: str, attribute: object) -> None:
    fault = refusal({"sessionId": ID, "policy": body}, {"policy": attribute})
    assert fault.reason is DeadReason.INVALID_MESSAGE
    assert repr(body) in str(fault)
    assert repr(attribute) in str(fault)


def test_the_same_policy_may_be_said_twice() -> None:
    assert parse({"sessionId": ID, "policy": "payout"}, {"policy": "payout"}).key.policy == "payout"


@pytest.mark.parametrize("attribute", [b"payout", b"", " payout"])
def test_a_policy_that_can_not_be_read_is_not_the_default_policy(attribute: object) -> None:
    assert refusal(ID, {"policy": attribute}).reason is DeadReason.UNKNOWN_POLICY


@pytest.mark.parametrize("body", [ID, {"sessionId": ID}, {"sessionId": ID, "policy": None}])
def test_a_required_policy_that_is_missing_makes_a_dead_letter(body: object) -> None:
    fault = refusal(body, require_policy=True)
    assert fault.reason is DeadReason.MISSING_POLICY
    assert "decision.require_policy" in str(fault)
    assert parse(body, {"policy": "payout"}, require_policy=True).key.policy == "payout"


def test_the_default_policy_may_be_named_where_one_is_required() -> None:
    assert parse({"sessionId": ID, "policy": "default"}, require_policy=True).key.policy == "default"


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("2025-06-15T15:06:30Z", 10.0),
        ("2025-06-15T15:06:20.25Z", 19.75),
        ("2025-06-15T17:06:30+02:00", 10.0),
        ("2025-06-15T10:36:30-04:30", 10.0),
        ("2025-06-15 15:06:30Z", 10.0),
        ("2025-06-15T15:06:20.123456789Z", 20 - 0.123456),
        ("2025-06-15t15:06:30z", 10.0),
        ("2025-06-15t17:06:29.5+02:00", 10.5),
    ],
)
def test_a_creation_time_counts_with_its_offset(text: str, ago: float) -> None:
    assert parse({"sessionId": ID, "createdAt": text}).created_at == pytest.approx(START - ago, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00Z"),  # RFC 3339's own example
        ("2015-07-01t05:29:60.25+05:30", "2015-07-01T00:00:00.25Z"),
        ("2026-11-22 23:59:60z", "2026-11-23T00:00:00Z"),
    ],
)
def test_a_leap_second_counts_as_the_following_second(text: str, following: str) -> None:
    assert creation_time(text) == creation_time(following) is not None


@pytest.mark.parametrize(
    "text",
    [
        "2016-12-31T23:58:60Z",
        "2016-12-31T12:59:60Z",
        "2016-12-31T23:59:60+01:00",
        "2016-12-31T23:59:61Z",
        "2016-12-31T23:59:600Z",
        "2016-12-31T23:59:60",
        "9999-12-31T23:59:60Z",
    ],
)
def test_what_can_not_be_a_leap_second_is_no_time(text: str) -> None:
    assert creation_time(text) is None


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


@pytest.mark.parametrize("value", ["", "yesterday", "2025-06-15T15:06:30", 1_750_000_000, False, ["x" * 1000]])
def test_a_creation_time_that_cannot_be_read_is_warned_of_with_its_value(value: object) -> None:
    warning = parse({"sessionId": ID, "createdAt": value}).ignored["createdAt"]
    assert repr(value)[:70] in warning
    assert len(warning) < 200


@pytest.mark.parametrize("members", [{}, {"createdAt": None}, {"createdAt": "2025-06-15T15:06:30Z"}])
def test_a_creation_time_that_is_fine_or_absent_is_not_warned_of(members: dict[str, object]) -> None:
    assert parse({"sessionId": ID, **members}).ignored == {}


@pytest.mark.parametrize("created", ["2999-01-01T00:00:00Z", "2025-06-15T15:06:35Z"])
def test_a_creation_after_the_sent_time_counts_from_that_at_each_receipt(created: str) -> None:
    assert (creation_time(created) or 0.0) > SENT
    body = json.dumps({"sessionId": ID, "createdAt": created})
    assert parse_message(body, SENT, ()).created_at == SENT


def test_a_sent_time_in_the_future_stays_the_creation_time() -> None:
    # Ours is the clock that was set back: a creation time that moves with each receipt would be nobody's.
    assert parse_message(ID, START + 100, ()).created_at == START + 100
