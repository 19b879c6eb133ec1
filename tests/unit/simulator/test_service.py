import json
from dataclasses import replace
from typing import Any

import pytest

from watcher.simulator.calls import CallRecord
from watcher.simulator.faults import Fault
from watcher.simulator.quota import Quota
from watcher.simulator.scenario import Ending, Scenario
from watcher.simulator.service import LivenessService, TimedReply
from watcher.simulator.sessions import CreateRequest, SessionScript, SimulatedSession
from watcher.simulator.wire import CREATE, GET

LIVE = Ending("live")


def test_a_session_goes_through_its_whole_life(caller: Any) -> None:
    session_id = caller.create()
    seen = []
    for age in (0, 2, 10, 180, 359.9, 360):
        caller.clock.now = 1000.0 + age
        seen.append(caller.status(session_id))
    assert seen == ["CREATED", "IN_PROGRESS", "SUCCEEDED", "EXPIRED", "EXPIRED", "SessionNotFoundException"]


def test_a_session_can_be_not_found_at_once_when_its_life_is_over(make_caller: Any) -> None:
    caller = make_caller(replace(Scenario.always(LIVE), expired_for=0.0))
    session_id = caller.create()
    caller.clock.now += 180
    assert caller.status(session_id) == "SessionNotFoundException"


def test_the_time_scale_shortens_the_life(make_caller: Any) -> None:
    caller = make_caller(time_scale=20)
    session_id = caller.create()
    caller.clock.now += 0.5
    assert caller.status(session_id) == "SUCCEEDED"
    caller.clock.now += 8.5
    assert caller.status(session_id) == "EXPIRED"


def test_a_token_gives_the_same_session_while_that_lives(caller: Any) -> None:
    first = caller.create(ClientRequestToken="t")
    caller.clock.now += 179
    assert caller.create(ClientRequestToken="t") == first
    assert caller.create(ClientRequestToken="u") != first
    caller.clock.now += 1
    assert caller.create(ClientRequestToken="t") != first


def test_a_token_used_again_does_not_announce_its_session_again() -> None:
    announced = list[SimulatedSession]()
    service = LivenessService(Scenario(), lambda: 1000.0, on_create=announced.append)
    assert [service.create(CreateRequest(token="t")) for _ in range(2)] == 2 * announced


def test_a_token_that_chooses_no_ending_is_an_invalid_parameter(caller: Any) -> None:
    refused = caller.send(CREATE, ClientRequestToken="lvie--1")
    assert refused.reply.http == 400
    error = json.loads(refused.reply.body)
    assert error["__type"].endswith("InvalidParameterException")
    assert error["Message"].endswith("did you mean live--?")


def test_creations_without_a_token_are_all_different(caller: Any) -> None:
    assert len({caller.create() for _ in range(50)}) == 50


def test_a_seed_gives_the_same_sessions_whatever_faults_meet_the_calls(make_caller: Any) -> None:
    calm = replace(Scenario.default(), seed=5)
    rough = calm.with_faults(Fault("latency", operation=None, probability=0.5, seconds=0.0))
    lives = []
    for scenario in (calm, rough):
        caller = make_caller(scenario)
        ids = [caller.create() for _ in range(20)]
        lives.append([(one, caller.service.store.get(one).script) for one in ids])
    assert lives[0] == lives[1]


def error_of(outcome: TimedReply) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(outcome.reply.body)
    return error


@pytest.mark.parametrize(
    ("fault", "code", "http"),
    [
        (Fault("throttle"), "ThrottlingException", 400),
        (Fault("throttle", http=500), "ThrottlingException", 500),
        (Fault("throughput_exceeded"), "ProvisionedThroughputExceededException", 400),
        (Fault("internal_error"), "InternalServerError", 500),
        (Fault("access_denied"), "AccessDeniedException", 400),
        (Fault("invalid_parameter"), "InvalidParameterException", 400),
        (Fault("not_found"), "SessionNotFoundException", 400),
    ],
)
def test_modelled_errors_have_the_documented_form(make_caller: Any, fault: Fault, code: str, http: int) -> None:
    caller = make_caller(Scenario.always(LIVE, fault))
    reply = caller.send(GET, SessionId=caller.create()).reply
    headers = dict(reply.headers)
    body = json.loads(reply.body)
    assert reply.http == http
    assert set(body) == {"__type", "Code", "Logref", "Message"}
    assert body["__type"] == body["Code"] == headers["x-amzn-ErrorType"] == code
    assert body["Message"]
    assert "{" not in body["Message"]
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert len(headers["x-amzn-RequestId"]) == 36


@pytest.mark.parametrize("target", ["", "RekognitionService.ListCollections", CREATE, "Other." + GET])
def test_an_unknown_target_is_an_unknown_operation(caller: Any, target: str) -> None:
    outcome = caller.service.handle(target, b"{}")
    assert outcome.reply.http == 400
    assert error_of(outcome) == {"__type": "UnknownOperationException"}


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b'"x"'])
def test_a_body_that_is_no_json_object_is_a_serialization_exception(caller: Any, body: bytes) -> None:
    outcome = caller.service.handle("RekognitionService." + GET, body)
    assert (outcome.reply.http, error_of(outcome)["__type"]) == (400, "SerializationException")


def test_an_unknown_session_is_not_found(caller: Any) -> None:
    assert caller.status("00000000-0000-4000-8000-000000000000") == "SessionNotFoundException"


def test_a_call_over_quota_meets_no_other_fault(make_caller: Any) -> None:
    scenario = replace(Scenario.always(LIVE, Fault("stall")), quotas=(Quota(GET, rate=1),))
    caller = make_caller(scenario)
    session_id = caller.create()
    first, second = (caller.send(GET, SessionId=session_id) for _ in range(2))
    assert first.delivery.kind == "stall"
    assert second.delivery.kind == "send"
    assert error_of(second)["Message"] == "Provisioned rate exceeded."


def test_a_sessions_own_faults_come_before_those_of_everybody(make_caller: Any) -> None:
    caller = make_caller(Scenario.always(LIVE, Fault("access_denied")))
    script = SessionScript(faults=(Fault("internal_error", first_polls=1),))
    session_id = caller.service.create(CreateRequest(), script).id
    assert [caller.status(session_id) for _ in range(2)] == ["InternalServerError", "AccessDeniedException"]


def test_a_creation_whose_answer_is_lost_has_still_happened(make_caller: Any) -> None:
    caller = make_caller(Scenario.always(LIVE, Fault("reset", operation=CREATE, to_call=1)))
    lost = caller.send(CREATE, ClientRequestToken="t")
    assert lost.delivery.kind == "reset"
    again = caller.create(ClientRequestToken="t")
    assert len(caller.service.store) == 1
    assert caller.service.store.get(again) is not None


def test_an_error_fault_creates_nothing(make_caller: Any) -> None:
    caller = make_caller(Scenario.always(LIVE, Fault("internal_error", operation=CREATE)))
    caller.send(CREATE)
    assert len(caller.service.store) == 0


def test_every_call_is_recorded_with_its_result(make_caller: Any) -> None:
    caller = make_caller(Scenario.always(LIVE, Fault("blank_body", from_call=2, to_call=2)))
    session_id = caller.create()
    caller.status(session_id)
    caller.send(GET, SessionId=session_id)
    caller.send(GET, SessionId="bad\nid")
    records = caller.service.calls.records()
    assert [(one.operation, one.session_id, one.result, one.http) for one in records] == [
        (CREATE, session_id, "OK", 200),
        (GET, session_id, "CREATED", 200),
        (GET, session_id, "blank_body", 200),
        (GET, "", "ValidationException", 400),
    ]
    assert records[2].faults == ("blank_body",)
    assert caller.service.store.get(session_id).polls == 2


def test_a_listener_is_told_of_every_call(caller: Any) -> None:
    heard: list[CallRecord] = []
    service = LivenessService(Scenario.always(LIVE), caller.clock, on_call=heard.append)
    service.handle("", b"")
    assert heard == service.calls.records()
