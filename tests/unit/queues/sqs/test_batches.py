"""Batch calls: what is tried again, alone or whole, and what an answer leaves out."""

import threading
from threading import Event
from typing import Any

import pytest

from tests.support import ManualClock
from tests.unit.queues.sqs.fakes import (
    EXTEND,
    Answer,
    FakeClient,
    Open,
    all_done,
    failing,
    received,
    service_error,
    take,
)
from tests.unit.support.fakes import PATIENCE
from watcher.queues.sqs.batches import BatchCaller
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.constants import BATCHING


def test_a_failed_entry_is_tried_again_alone(opened: Open) -> None:
    queue, client = opened(
        receive_message=[received(1, 2, 3)],
        change_message_visibility_batch=[failing("InternalError", "r2"), failing("RequestThrottled", "r2")],
    )
    assert queue.extend(take(queue)) == []
    assert client.entries(EXTEND) == [["r1", "r2", "r3"], ["r2"], ["r2"]]


def test_a_throttled_call_is_tried_again_whole(opened: Open) -> None:
    queue, client = opened(
        receive_message=[received(1, 2)], change_message_visibility_batch=[service_error("RequestThrottled", 403)]
    )
    assert queue.extend(take(queue)) == []
    assert client.entries(EXTEND) == [["r1", "r2"], ["r1", "r2"]]


def test_a_batch_refused_whole_for_one_receipt_is_tried_entry_by_entry(opened: Open) -> None:
    def refuse_r1(parameters: dict[str, Any]) -> dict[str, Any]:
        if any(entry["ReceiptHandle"] == "r1" for entry in parameters["Entries"]):
            raise service_error("ReceiptHandleIsInvalid")
        return {"Successful": [{"Id": entry["Id"]} for entry in parameters["Entries"]]}

    queue, _ = opened(receive_message=[received(1, 2)], change_message_visibility_batch=[refuse_r1] * 3)
    leases = take(queue)
    assert queue.extend(leases) == leases[:1]


def test_an_answer_that_is_silent_about_an_entry_is_not_taken_for_success(opened: Open) -> None:
    queue, client = opened(
        receive_message=[received(1, 2)], change_message_visibility_batch=[{"Successful": [{"Id": "0"}]}]
    )
    assert queue.extend(take(queue)) == []
    assert client.entries(EXTEND) == [["r1", "r2"], ["r2"]]


def test_five_thousand_leases_are_extended_by_many_calls_at_once(opened: Open) -> None:
    """With half a second a call, 500 calls have to overlap to be done within a beat of twenty seconds."""
    together = threading.Barrier(BATCHING.workers, timeout=30)

    def meets(parameters: dict[str, Any]) -> dict[str, Any]:
        together.wait()
        return {"Successful": [{"Id": entry["Id"]} for entry in parameters["Entries"]]}

    receives: list[Answer] = [received(*range(n, n + 10)) for n in range(0, BATCHING.workers * 10, 10)]
    queue, client = opened(receive_message=receives, change_message_visibility_batch=[meets] * len(receives))
    leases = [lease for _ in receives for lease in take(queue)]
    assert queue.extend(leases) == []
    assert len(client.of(EXTEND)) == len(receives)
    assert 500 / BATCHING.workers * 0.5 < 10


SECRET_URL = "https://svc:s3cr3t@sqs.proxy.example:8443/1/q?token=s3cr3t"
SHOWN_URL = "https://sqs.proxy.example:8443/1/q"


@pytest.mark.parametrize(
    ("answer", "seconds", "words"),
    [
        (failing("Odd", "r1", sender_fault=True), 1.0, "sqs:DeleteMessage: Odd: why"),
        ({}, 1.0, "the answer omits an entry"),
        ({}, 0.0, "no time left for the call"),
    ],
)
def test_no_text_about_an_entry_shows_what_a_queues_url_keeps_secret(
    answer: Answer, seconds: float, words: str
) -> None:
    caller = SqsCaller(FakeClient(delete_message_batch=[answer]), SECRET_URL)
    batches = BatchCaller(ManualClock())
    batches.close()  # so that nothing is tried twice, nor waited for
    (fault,) = batches.run(caller, "delete_message_batch", [{"ReceiptHandle": "r1"}], seconds)
    assert str(fault) == f"{SHOWN_URL}: {words}"


def test_a_call_that_nobody_waits_for_is_told_without_what_a_queues_url_keeps_secret() -> None:
    release = Event()

    def answer_late(parameters: dict[str, Any]) -> dict[str, Any]:
        release.wait(PATIENCE)
        return all_done(parameters)

    caller = SqsCaller(FakeClient(delete_message_batch=[answer_late]), SECRET_URL)
    try:
        entries = [{"ReceiptHandle": "r1"}]
        (fault,) = BatchCaller(ManualClock()).run(caller, "delete_message_batch", entries, 0.01, is_bound=True)
    finally:
        release.set()
    assert str(fault).startswith(f"{SHOWN_URL}: no answer within")
