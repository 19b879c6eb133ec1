import errno
import socket
import time
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.integration.support.receivers import PATIENCE, Receiver, Script, answer
from tests.integration.support.webhooks import KEY, Failure, Receive, Sinks, failure
from tests.support import ManualClock, decision
from watcher.domain.event_result import EventStatus

DELIVERED, FAILED, REJECTED, NOT_ATTEMPTED = EventStatus


def test_each_event_is_a_post_of_its_own_that_the_official_package_verifies(
    receive: Receive, webhook_for: Sinks, secret_file: Path
) -> None:
    receiver = receive()
    events = [decision(number) for number in range(3)]
    webhook_for(receiver.url, secret_file=str(secret_file)).emit(events)
    assert [(got.method, got.path, got.body.decode()) for got in receiver.got] == [
        ("POST", "/hook", event.body) for event in events
    ]
    assert receiver.ids == [event.key.event_id for event in events]
    for got in receiver.got:
        Webhook(KEY).verify(got.body, dict(got.headers))
        assert got.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
        assert got.headers["host"] == f"localhost:{receiver.port}"


@pytest.mark.parametrize("head", [b"Content-Length: 6\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n6\r\n"])
def test_connections_are_kept(receive: Receive, webhook_for: Sinks, head: bytes) -> None:
    body = head + b"thanks" + (b"\r\n0\r\n\r\n" if b"chunked" in head else b"")
    receiver = receive(lambda _, handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + body))
    sink = webhook_for(receiver.url)
    sink.emit([decision(1), decision(2)])
    sink.emit([decision(3)])
    assert len({got.connection for got in receiver.got}) == 1


def test_a_retry_has_the_same_id_and_body_and_a_fresh_timestamp(
    receive: Receive, webhook_for: Sinks, secret_file: Path
) -> None:
    receiver, clock = receive(500, 204), ManualClock()
    sink = webhook_for(receiver.url, clock, secret_file=str(secret_file))
    failure(sink)
    clock.advance(61)
    sink.emit([decision(1)])
    first, second = receiver.got
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert int(second.headers["webhook-timestamp"]) == int(first.headers["webhook-timestamp"]) + 61
    assert second.headers["webhook-signature"] != first.headers["webhook-signature"]


def test_what_was_not_taken_is_told_and_what_comes_after_a_failure_is_not_begun(
    receive: Receive, webhook_for: Sinks
) -> None:
    receiver = receive(204, 500, 204)
    assert failure(webhook_for(receiver.url), 1, 2, 3).statuses == [DELIVERED, FAILED, NOT_ATTEMPTED]
    assert receiver.ids == [decision(number).key.event_id for number in (1, 2)]


@pytest.mark.parametrize(("status", "is_final"), [(400, False), (413, True), (422, False)])
def test_an_event_that_is_rejected_keeps_no_other_from_its_turn(
    receive: Receive, webhook_for: Sinks, status: int, is_final: bool
) -> None:
    receiver = receive(204, status, 204)
    found = failure(webhook_for(receiver.url), 1, 2, 3)
    assert (found.statuses, len(receiver.got)) == ([DELIVERED, REJECTED, DELIVERED], 3)
    size = len(decision(2).body)
    words = f"http://localhost:{receiver.port}: answered {status} to a body of {size} bytes; "
    assert found.results[1].reason.startswith(words)
    assert found.results[1].is_final is is_final


@pytest.mark.parametrize("status", [301, 401, 403, 404, 500, 502])
def test_any_other_answer_is_a_failure_that_may_be_due_to_the_event(
    receive: Receive, webhook_for: Sinks, status: int
) -> None:
    """Whether it is, shows in what becomes of others."""
    assert failure(webhook_for(receive(status).url), 1).statuses == [FAILED]


@pytest.mark.parametrize(
    ("status", "words"), [(401, "secret_file"), (403, "firewall"), (404, "check the sink's url"), (301, "redirects")]
)
def test_a_status_that_speaks_of_the_setup_names_cause_and_fix(
    receive: Receive, webhook_for: Sinks, status: int, words: str
) -> None:
    (result,) = failure(webhook_for(receive(status).url), 1).results
    assert f"answered {status}; " in result.reason
    assert words in result.reason


@pytest.mark.parametrize("status", [410, 429])
def test_what_a_receiver_says_of_itself_is_held_against_no_event(
    receive: Receive, webhook_for: Sinks, status: int
) -> None:
    assert failure(webhook_for(receive(status).url), 1).error is not None
    found = failure(webhook_for(receive(204, status).url), 1, 2, 3)
    assert found.statuses == [DELIVERED, NOT_ATTEMPTED, NOT_ATTEMPTED]


@pytest.mark.parametrize("status", [400, 413, 422, 500, 503])
def test_a_receiver_that_asks_for_time_blames_no_event(receive: Receive, webhook_for: Sinks, status: int) -> None:
    receiver = receive(answer(status, retry_after="30"), 204)
    found = failure(webhook_for(receiver.url), 1, 2)
    assert (found.error is not None, found.retry_after, len(receiver.got)) == (True, 30, 1)


def test_what_was_rejected_is_told_although_the_receiver_failed_at_another(
    receive: Receive, webhook_for: Sinks
) -> None:
    receiver = receive(422, 503, 204)
    found = failure(webhook_for(receiver.url), 1, 2, 3)
    assert found.statuses == [REJECTED, FAILED, NOT_ATTEMPTED]
    assert len(receiver.got) == 2
    assert "answered 503" in found.results[1].reason


def test_what_never_reached_the_receiver_is_held_against_no_event(
    receive: Receive, webhook_for: Sinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = webhook_for(receive().url)

    def no_descriptor(*_: object, **__: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(socket, "socket", no_descriptor)
        found = failure(sink, 1, 2)
    assert found.error is not None
    assert "Too many open files" in str(found)
    sink.emit([decision(1)])


def test_what_got_no_answer_may_be_due_to_the_event(receive: Receive, webhook_for: Sinks) -> None:
    def hang_up(_: Receiver, handler: Any) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)

    assert failure(webhook_for(receive(hang_up).url), 1, 2).statuses == [FAILED, NOT_ATTEMPTED]


def test_an_event_handed_over_anew_is_posted_anew(receive: Receive, webhook_for: Sinks) -> None:
    receiver = receive()
    sink = webhook_for(receiver.url)
    for _ in range(2):
        sink.emit([decision(1)])
    assert len(receiver.got) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_not_followed(receive: Receive, webhook_for: Sinks, status: int) -> None:
    target = receive()
    receiver = receive(answer(status, location=target.url))
    assert "redirects are not followed" in str(failure(webhook_for(receiver.url)))
    assert (len(receiver.got), target.got) == (1, [])


@pytest.mark.parametrize("status", [304, 400, 401, 404, 500, 503])
def test_what_is_not_2xx_is_a_failure(receive: Receive, webhook_for: Sinks, status: int) -> None:
    receiver = receive(answer(status))
    error = failure(webhook_for(receiver.url))
    assert str(error).startswith(f"http://localhost:{receiver.port}: answered {status}")
    assert error.retry_after is None


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_taken(receive: Receive, webhook_for: Sinks, status: int) -> None:
    receiver = receive(status)
    webhook_for(receiver.url).emit([decision(1)])
    assert len(receiver.got) == 1


def test_retry_after_is_told_and_kept_to(receive: Receive, webhook_for: Sinks) -> None:
    receiver, clock = receive(answer(429, retry_after="30"), 204), ManualClock()
    sink = webhook_for(receiver.url, clock)
    assert failure(sink).retry_after == 30
    clock.advance(29)
    assert failure(sink, 1, 2).retry_after == pytest.approx(1)
    assert len(receiver.got) == 1
    clock.advance(1)
    sink.emit([decision(1)])
    assert len(receiver.got) == 2


def test_a_receiver_that_is_gone_gets_nothing_more_and_no_decision_is_lost(
    receive: Receive, webhook_for: Sinks, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver, clock = receive(410, 204), ManualClock()
    sink = webhook_for(receiver.url, clock)
    for _ in range(3):
        error = failure(sink)
        assert "410 Gone, and gets no more requests from this process: until a restart its decisions wait" in str(
            error
        )
        assert error.retry_after == 300
        clock.advance(1_000_000)
    assert len(receiver.got) == 1
    assert capsys.readouterr().out.count("webhook_gone") == 1


def test_a_status_line_that_only_drips_is_ended_in_time(receive: Receive, webhook_for: Sinks) -> None:
    def drip(receiver: Receiver, handler: Any) -> None:
        while not receiver.stopped.wait(0.02):
            handler.wfile.write(b"HTTP/1.1 200 OK"[:1])

    receiver = receive(drip)
    begun = time.monotonic()
    assert "no answer within 0.6 s" in str(failure(webhook_for(receiver.url, timeout=0.3)))
    assert time.monotonic() - begun < PATIENCE


STATUS = b"HTTP/1.1 200 OK\r\n"
UNENDING = {
    "no body": (STATUS + b"Content-Length: 10\r\n\r\n", b""),
    "a dripping body": (STATUS + b"Content-Length: 9999\r\n\r\n", b"x"),
    "dripping chunks": (STATUS + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a body until the connection closes": (STATUS + b"\r\n", b"x"),
    "no headers": (STATUS, b""),
    "dripping headers": (STATUS + b"x-a: ", b"x"),
    "after a hint": (b"HTTP/1.1 103 Early Hints\r\n\r\n" + STATUS + b"x-a: ", b"x"),
}


@pytest.mark.parametrize(("head", "part"), UNENDING.values(), ids=UNENDING)
def test_the_status_line_is_the_answer(receive: Receive, webhook_for: Sinks, head: bytes, part: bytes) -> None:
    def run(receiver: Receiver, handler: Any) -> None:
        handler.wfile.write(head)
        while not receiver.stopped.wait(0.05):
            handler.wfile.write(part)

    receiver = receive(run)
    sink = webhook_for(receiver.url, timeout=60)
    begun = time.monotonic()
    for number in (1, 2):
        sink.emit([decision(number)])
    assert time.monotonic() - begun < PATIENCE  # both time-outs are two minutes
    assert len({got.connection for got in receiver.got}) == 2


def test_a_refusal_counts_though_its_body_never_ends(receive: Receive, webhook_for: Sinks) -> None:
    def run(receiver: Receiver, handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 10\r\n\r\n")
        receiver.stopped.wait(PATIENCE)

    error = failure(webhook_for(receive(run).url, timeout=60))
    assert "answered 503" in str(error)
    assert error.retry_after == 7


def test_a_silent_receiver_is_given_up(receive: Receive, webhook_for: Sinks) -> None:
    receiver = receive(lambda receiver, _: receiver.stopped.wait(PATIENCE))
    assert "no answer within 0.4 s" in str(failure(webhook_for(receiver.url, timeout=0.2)))


def test_a_body_that_never_ends_does_not_undo_a_2xx(receive: Receive, webhook_for: Sinks) -> None:
    def flood(receiver: Receiver, handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        while not receiver.stopped.is_set():
            handler.wfile.write(b"x" * 65536)

    receiver = receive(flood)
    webhook_for(receiver.url).emit([decision(1), decision(2)])
    assert len({got.connection for got in receiver.got}) == 2


def test_nobody_who_listens_is_a_failure_to_try_again(webhook_for: Sinks) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "refused" in str(failure(webhook_for(f"http://localhost:{port}/"))).lower()


def test_as_many_posts_as_allowed_are_under_way_at_once(receive: Receive, webhook_for: Sinks) -> None:
    together = Barrier(3)

    def wait_for_the_others(receiver: Receiver, handler: Any) -> None:
        together.wait(PATIENCE)
        answer(204)(receiver, handler)

    receiver = receive(wait_for_the_others)
    webhook_for(receiver.url, concurrency=3).emit([decision(number) for number in range(6)])
    assert sorted(receiver.ids) == sorted(decision(number).key.event_id for number in range(6))


def test_a_stop_begins_no_further_post(receive: Receive, webhook_for: Sinks) -> None:
    arrived, go = Event(), Event()

    def hold(receiver: Receiver, handler: Any) -> None:
        arrived.set()
        assert go.wait(PATIENCE)
        answer(204)(receiver, handler)

    receiver = receive(hold)
    sink, errors = webhook_for(receiver.url), list[Failure]()
    thread = Thread(target=lambda: errors.append(failure(sink, 1, 2)))
    thread.start()
    assert arrived.wait(PATIENCE)
    sink.close()
    go.set()
    thread.join(PATIENCE)
    assert len(receiver.got) == 1
    assert "stopping" in str(errors[0])


def test_an_interim_answer_is_nobodys_answer(receive: Receive, webhook_for: Sinks) -> None:
    """The final one after it would be taken for the next event's, which would count as delivered and be lost."""

    def hinted(status: int) -> Script:
        def run(_: Receiver, handler: Any) -> None:
            for line in (
                b"HTTP/1.1 103 Early Hints\r\n\r\n",
                b"HTTP/1.1 %d Some\r\ncontent-length: 0\r\n\r\n" % status,
            ):
                handler.wfile.write(line)

        return run

    receiver = receive(hinted(200), hinted(500))
    sink = webhook_for(receiver.url)
    sink.emit([decision(1)])
    assert "answered 500" in str(failure(sink, 2))
    assert len({got.connection for got in receiver.got}) == 1
