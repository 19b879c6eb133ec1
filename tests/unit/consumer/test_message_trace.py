import pytest

from tests.unit.support.messages import ID, event_of, parse, sns

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_messages_trace_is_handed_through_to_its_event() -> None:
    assert event_of(parse(ID, {"traceparent": TRACE}))["traceparent"] == TRACE


def test_a_message_without_a_trace_makes_an_event_without_one() -> None:
    assert "traceparent" not in event_of(parse(ID))


@pytest.mark.parametrize(
    "text",
    ["", "x", TRACE.upper(), f"ff{TRACE[2:]}", TRACE[:-3], f"{TRACE}-00", f"00-{'0' * 32}-{TRACE[36:]}", "é" * 55],
)
def test_what_is_no_traceparent_is_passed_over(text: str) -> None:
    assert "traceparent" not in event_of(parse(ID, {"traceparent": text}))


def test_the_attributes_of_an_sns_envelope_count() -> None:
    attributes = {
        "traceparent": {"Type": "String", "Value": TRACE},
        "policy": {"Type": "String", "Value": "payout"},
        "odd": {"Type": "Binary"},
    }
    request = parse(sns(ID) | {"MessageAttributes": attributes})
    assert (request.traceparent, request.key.policy) == (TRACE, "payout")


def test_a_trace_may_stand_in_the_body() -> None:
    other = TRACE.replace("4bf9", "4bfa")
    assert parse({"sessionId": ID, "traceparent": TRACE}, {"traceparent": other}).traceparent == TRACE
    assert parse({"sessionId": ID, "traceparent": 7}, {"traceparent": other}).traceparent == other
    assert parse(ID, {"traceparent": b"00"}).traceparent == ""


@pytest.mark.parametrize("attributes", [None, [], "x", {"policy": None}, {"other": "payout"}])
def test_attributes_of_an_envelope_that_mean_nothing_are_passed_over(attributes: object) -> None:
    assert parse(sns(ID) | {"MessageAttributes": attributes}).key.policy == "default"
