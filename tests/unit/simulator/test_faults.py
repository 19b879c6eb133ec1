import math
from random import Random
from typing import Any

import pytest

from watcher.simulator.distributions import Uniform
from watcher.simulator.faults import ERROR_KINDS, KINDS, RESULT_KINDS, WIRE_KINDS, Call, Fault, plan
from watcher.simulator.wire import CREATE, GET

FINISHED = {
    "SessionId": "s",
    "Status": "SUCCEEDED",
    "Confidence": 99.5,
    "ReferenceImage": {"Bytes": "eA=="},
    "Feedback": [],
}


def hits(fault: Fault, calls: list[Call]) -> list[bool]:
    rng = Random(1)
    return [fault.applies(call, rng) for call in calls]


def test_the_first_polls_of_a_session_are_hit_and_no_others() -> None:
    calls = [Call(GET, number=50, poll=poll) for poll in (1, 2, 3)]
    assert hits(Fault("throttle", first_polls=2), calls) == [True, True, False]


def test_a_call_of_no_known_session_has_no_first_poll() -> None:
    assert hits(Fault("throttle", first_polls=2), [Call(GET, number=1, poll=0)]) == [False]


def test_calls_n_to_m_are_hit_over_all_sessions() -> None:
    calls = [Call(GET, number=number, poll=1) for number in (4, 5, 6, 7)]
    assert hits(Fault("throttle", from_call=5, to_call=6), calls) == [False, True, True, False]
    assert hits(Fault("throttle", from_call=6), calls) == [False, False, True, True]


def test_a_fault_befalls_its_operation_only() -> None:
    calls = [Call(CREATE, 1, 0), Call(GET, 1, 1)]
    assert hits(Fault("throttle"), calls) == [False, True]
    assert hits(Fault("throttle", operation=CREATE), calls) == [True, False]
    assert hits(Fault("throttle", operation=None), calls) == [True, True]


def test_a_probability_hits_its_share_of_calls() -> None:
    struck = sum(hits(Fault("throttle", probability=0.25), [Call(GET, 1, 1)] * 4000))
    assert 900 < struck < 1100
    assert hits(Fault("throttle", probability=0.0), [Call(GET, 1, 1)]) == [False]


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("unknown_status", {"Status": "COMPLETED"}),
        ("confidence_out_of_range", {"Confidence": 180.5}),
        ("string_confidence", {"Confidence": "99.5"}),
        ("wrong_session_id", {"SessionId": "00000000-0000-4000-8000-000000000000"}),
        ("malformed_feedback", {"Feedback": "LOW_LIGHTING_DETECTED"}),
        ("malformed_metadata", {"Metadata": ["web"]}),
    ],
)
def test_a_result_fault_changes_its_member(kind: str, changed: dict[str, Any]) -> None:
    answer = plan((Fault(kind),), Call(GET, 1, 1), Random(1)).change(dict(FINISHED))
    assert answer == FINISHED | changed


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        ("missing_status", "Status"),
        ("missing_confidence", "Confidence"),
        ("no_reference_image", "ReferenceImage"),
        ("missing_feedback", "Feedback"),
    ],
)
def test_a_result_fault_removes_its_member(kind: str, member: str) -> None:
    answer = plan((Fault(kind),), Call(GET, 1, 1), Random(1)).change(dict(FINISHED))
    assert set(FINISHED) - set(answer) == {member}


def test_a_confidence_that_is_no_number_is_nan() -> None:
    answer = plan((Fault("nan_confidence"),), Call(GET, 1, 1), Random(1)).change(dict(FINISHED))
    assert math.isnan(answer["Confidence"])


def test_a_faults_own_value_replaces_the_kinds() -> None:
    faults = (
        Fault("unknown_status", value="DONE"),
        Fault("confidence_out_of_range", value=-3.0),
        Fault("unknown_feedback", value="NEW"),
    )
    answer = plan(faults, Call(GET, 1, 1), Random(1)).change(dict(FINISHED))
    assert (answer["Status"], answer["Confidence"], answer["Feedback"][0]["Code"]) == ("DONE", -3.0, "NEW")


@pytest.mark.parametrize("kind", sorted(RESULT_KINDS))
def test_a_result_fault_gives_an_unfinished_session_no_confidence_and_no_feedback(kind: str) -> None:
    answer = plan((Fault(kind),), Call(GET, 1, 1), Random(1)).change({"SessionId": "s", "Status": "CREATED"})
    assert not {"Confidence", "Feedback"} & set(answer)


def test_faults_of_different_places_work_together_and_the_first_of_one_place_counts() -> None:
    faults = (
        Fault("latency", seconds=0.5),
        Fault("latency", seconds=Uniform(0.25, 0.25)),
        Fault("throttle", http=500),
        Fault("access_denied"),
        Fault("stall", seconds=7),
        Fault("reset"),
    )
    made = plan(faults, Call(GET, 1, 1), Random(1))
    assert made.latency == 0.75
    assert made.error is not None
    assert (made.error.code, made.error.http) == ("ThrottlingException", 500)
    assert made.error.message == "Slow down; sudden increase in rate of requests."
    assert (made.delivery.kind, made.delivery.seconds) == ("stall", 7)


def test_a_wait_without_end_is_cut_to_what_a_socket_can_wait() -> None:
    made = plan((Fault("stall", seconds=math.inf),), Call(GET, 1, 1), Random(1))
    assert made.delivery.seconds == 86_400


def test_every_kind_acts_in_exactly_one_place() -> None:
    places = [*ERROR_KINDS, *WIRE_KINDS, *RESULT_KINDS, "latency"]
    assert sorted(places) == sorted(KINDS)


@pytest.mark.parametrize(
    ("settings", "words"), [({"kind": "stal"}, "'stal' is not known"), ({"kind": "drip", "part": "x"}, "part 'x'")]
)
def test_a_mistyped_fault_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Fault(**settings)
