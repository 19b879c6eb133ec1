"""Dead letters of SQS, over the wire to moto's server. What all dead letters do is in the contract suite."""

import json
from collections.abc import Iterator
from contextlib import closing
from threading import Event
from typing import Any

import pytest

from tests.moto import CREDENTIALS
from tests.stack import aws_client
from tests.unit.queues.sqs.fakes import URL, FakeClient, message, service_error
from watcher.cli.dead import line_of, members_of
from watcher.config import AwsSettings, QueueSettings, Settings
from watcher.domain.errors import QueueError
from watcher.domain.model import DeadReason
from watcher.queues import open_dead_letters, open_queue
from watcher.queues.sqs.batches import BatchCaller
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.dead_letters import SqsDeadLetters
from watcher.queues.sqs.messages import received_message
from watcher.queues.sqs.redrive_policy import advise
from watcher.util.clock import SystemClock

CLOCK = SystemClock()


@pytest.fixture
def client(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with closing(aws_client("sqs", moto_server)) as client:
        yield client


def create(client: Any, name: str, **attributes: str) -> str:
    url: str = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def redrive(client: Any, dead_url: str, count: int) -> str:
    found = client.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])
    return json.dumps({"deadLetterTargetArn": found["Attributes"]["QueueArn"], "maxReceiveCount": count})


def settings(url: str, endpoint_url: str, dead_letter_url: str = "") -> Settings:
    queue = QueueSettings(url=url, type="sqs", endpoint_url=endpoint_url, dead_letter_url=dead_letter_url)
    return Settings(queue=queue, aws=AwsSettings(), sinks=[])


def test_what_the_redrive_policy_put_aside_is_listed_and_replayed(client: Any, moto_server: str) -> None:
    dead_url = create(client, "dead")
    url = create(client, "q", RedrivePolicy=redrive(client, dead_url, 1), VisibilityTimeout="0")
    client.send_message(QueueUrl=url, MessageBody="a")
    for _ in range(2):
        client.receive_message(QueueUrl=url)
    with open_dead_letters(settings(url, moto_server), CLOCK) as dead:
        (letter,) = dead.list(10)
        assert (letter.body, letter.reason) == ("a", "max_receive_count")
        assert dead.replay([letter.id]) == 1
        assert dead.list(10) == []
    with closing(open_queue(settings(url, moto_server), CLOCK)) as queue:
        assert queue.depth().visible == 1


def test_a_queue_without_dead_letters_says_what_to_set(client: Any, moto_server: str) -> None:
    url = create(client, "q")
    with (
        pytest.raises(QueueError, match=r"set queue\.dead_letter_url"),
        open_dead_letters(settings(url, moto_server), CLOCK),
    ):
        pass


@pytest.mark.parametrize(
    ("count", "dead_letter_url", "problem"),
    [
        (None, "", "no redrive policy"),
        (None, "http://127.0.0.1/1/dead", None),
        (9, "", "maxReceiveCount = 9"),
        (9, "http://127.0.0.1/1/dead", "maxReceiveCount = 9"),
        (10, "", None),
    ],
)
def test_a_redrive_policy_that_is_missing_or_too_strict_is_a_problem(
    client: Any, moto_server: str, count: int | None, dead_letter_url: str, problem: str | None
) -> None:
    policy = {} if count is None else {"RedrivePolicy": redrive(client, create(client, "dead"), count)}
    found = advise(settings(create(client, "q", **policy), moto_server, dead_letter_url))
    assert found is None if problem is None else problem in (found or "")


def test_a_queue_that_is_not_there_is_an_error_with_its_url(client: Any, moto_server: str) -> None:
    url = f"{create(client, 'q')}x"
    with closing(open_queue(settings(url, moto_server), CLOCK)) as queue:
        with pytest.raises(QueueError, match=f"{url}: the queue does not exist"):
            queue.depth()
        with pytest.raises(QueueError, match=r"the queue does not exist.* 0 of 1 messages were sent"):
            queue.send(["a"])


def letters(source: FakeClient, dead: FakeClient) -> Iterator[SqsDeadLetters]:
    with closing(BatchCaller(CLOCK)) as batches:
        yield SqsDeadLetters(SqsCaller(source, URL), SqsCaller(dead, f"{URL}-dead"), batches)


def test_a_letter_that_could_not_be_replayed_goes_back_and_is_not_deleted() -> None:
    source = FakeClient(send_message_batch=[service_error("AccessDenied")])
    dead = FakeClient(receive_message=[{"Messages": [message(1)]}, {}])
    for put_aside in letters(source, dead):
        with pytest.raises(QueueError, match="0 were replayed, 1 were not"):
            put_aside.replay(None)
    assert dead.of("delete_message_batch") == []
    assert dead.entries("change_message_visibility_batch") == [["r1"]]


def test_letters_looked_at_go_back_though_the_look_failed() -> None:
    dead = FakeClient(receive_message=[{"Messages": [message(1)]}, service_error("RequestThrottled")])
    for put_aside in letters(FakeClient(), dead):
        with pytest.raises(QueueError, match="RequestThrottled"):
            put_aside.list(10)
    assert dead.entries("change_message_visibility_batch") == [["r1"]]


def test_a_replayed_letter_keeps_its_first_time_and_loses_its_reason() -> None:
    def text(value: str) -> dict[str, str]:
        return {"DataType": "String", "StringValue": value}

    names = ("policy", "reason", "detail", "watcher.receiveCount", "watcher.messageId")
    attributes = {name: text(name) for name in names}
    own = message(1, MessageAttributes=attributes | {"watcher.sentAt": text("1740000000000")})
    source, dead = FakeClient(), FakeClient(receive_message=[{"Messages": [own, message(2)]}, {}])
    for put_aside in letters(source, dead):
        assert put_aside.replay(None) == 2
    first, second = source.entries("send_message_batch", "MessageAttributes")[0]
    assert {name: value["StringValue"] for name, value in first.items()} == {
        "policy": "policy",
        "watcher.sentAt": "1740000000000",
    }
    assert second["watcher.sentAt"]["StringValue"] == "1750000000000"
    assert dead.entries("delete_message_batch") == [["r1", "r2"]]
    assert dead.of("change_message_visibility_batch") == []


CROWDED = {
    "policy": "payout",
    **{f"a{n}": f"value {n}" for n in range(7)},
    "reason": "the producer's own",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}
"""Ten attributes, as many as SQS takes."""


def send(client: Any, url: str, attributes: dict[str, Any]) -> None:
    typed = {
        name: {"DataType": "Binary", "BinaryValue": value}
        if isinstance(value, bytes)
        else {"DataType": "String", "StringValue": value}
        for name, value in attributes.items()
    }
    client.send_message(QueueUrl=url, MessageBody="a", MessageAttributes=typed)


@pytest.mark.parametrize("attributes", [CROWDED, dict(list(CROWDED.items())[:5]), {**CROWDED, "a1": b"\x00\xff"}])
def test_dead_letters_and_replays_keep_every_attribute(
    client: Any, moto_server: str, attributes: dict[str, Any]
) -> None:
    url, dead_url = create(client, "q"), create(client, "dead")
    here = settings(url, moto_server, dead_url)
    send(client, url, attributes)
    with closing(open_queue(here, CLOCK)) as queue:
        for _ in range(3):
            (received,) = queue.receive(1, 0, Event())
            assert received.attributes == attributes
            assert received.fault == ""
            assert queue.dead_letter(received, DeadReason.UNKNOWN_POLICY, "why")
            with open_dead_letters(here, CLOCK) as dead:
                (letter,) = dead.list(10)
                assert (letter.reason, letter.detail) == ("unknown_policy", "why")
                assert dead.replay(None) == 1


def test_a_letter_that_was_moved_back_by_hand_keeps_every_attribute(client: Any, moto_server: str) -> None:
    url, dead_url = create(client, "q"), create(client, "dead")
    send(client, url, CROWDED)
    with closing(open_queue(settings(url, moto_server, dead_url), CLOCK)) as queue:
        (received,) = queue.receive(1, 0, Event())
        queue.dead_letter(received, DeadReason.UNKNOWN_POLICY, "why")
        (letter,) = client.receive_message(QueueUrl=dead_url, MessageAttributeNames=["All"])["Messages"]
        client.send_message(QueueUrl=url, MessageBody="a", MessageAttributes=letter["MessageAttributes"])
        (again,) = queue.receive(1, 0, Event())
    assert again.attributes == CROWDED
    assert again.first_sent_at == pytest.approx(received.sent_at, abs=0.001)


def cut_letter(number: int) -> dict[str, Any]:
    """As version 0.1.0 wrote it: the last ten of fifteen."""
    names = [f"a{n}" for n in range(5)]
    names += ["watcher.sentAt", "watcher.messageId", "watcher.receiveCount", "reason", "detail"]
    return message(number, MessageAttributes={name: {"DataType": "String", "StringValue": name} for name in names})


def test_a_letter_that_lost_attributes_says_so_and_is_not_replayed() -> None:
    source, dead = FakeClient(), FakeClient()
    for put_aside in letters(source, dead):
        dead.script("receive_message", {"Messages": [cut_letter(1), message(2)]}, {})
        found = {letter.id: letter.detail for letter in put_aside.list(10)}
        assert "lost attributes" in found["watcher.messageId"]
        assert "lost attributes" not in found["m2"]
        dead.script("receive_message", {"Messages": [cut_letter(1), message(2)]}, {})
        with pytest.raises(QueueError, match=r"has lost attributes.*; 1 were replayed, 1 were not"):
            put_aside.replay(None)
    assert dead.entries("delete_message_batch") == [["r2"]]


def test_a_letter_that_lost_attributes_and_was_moved_back_by_hand_is_not_served() -> None:
    assert "lost attributes" in received_message(cut_letter(1), 0.0, 0.0).fault
    assert received_message(message(1), 0.0, 0.0).fault == ""


def own_letter(number: int, message_id: str, **more: Any) -> dict[str, Any]:
    own = {"watcher.messageId": message_id, "watcher.sentAt": "1740000000000", "reason": "unknown_policy"}
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in own.items()}
    return message(number, MessageAttributes=attributes, **more)


def replayed(*found: dict[str, Any], ids: list[str]) -> list[str]:
    """The receipts of the letters that were replayed."""
    source, dead = FakeClient(), FakeClient(receive_message=[{"Messages": list(found)}, {}])
    for put_aside in letters(source, dead):
        put_aside.replay(ids)
    return [receipt for call in dead.entries("delete_message_batch") for receipt in call]


def test_a_letter_is_named_by_the_id_its_message_had_or_by_its_own() -> None:
    assert replayed(own_letter(1, "a"), own_letter(2, "b"), ids=["b"]) == ["r2"]
    assert replayed(own_letter(1, "a"), own_letter(2, "b"), ids=["m2"]) == ["r2"]


def test_an_id_means_the_message_that_has_it_not_one_that_says_it() -> None:
    assert replayed(own_letter(1, "m2"), message(2), ids=["m2"]) == ["r2"]


def test_a_sender_who_gives_another_letters_id_is_not_replayed_with_it() -> None:
    moved = own_letter(1, "a", Attributes={"SentTimestamp": "1750000000000", "DeadLetterQueueSourceArn": "arn:q"})
    assert replayed(moved, own_letter(2, "a"), ids=["a"]) == ["r2"]


def test_an_id_that_two_letters_have_is_refused_with_ids_that_only_one_has() -> None:
    with pytest.raises(QueueError, match="2 dead letters have the id a: name one by its id in SQS: m1, m2"):
        replayed(own_letter(1, "a"), own_letter(2, "a"), ids=["a"])


def test_a_message_that_a_redrive_policy_moved_keeps_its_sender_s_attributes() -> None:
    moved = own_letter(1, "forged", Attributes={"SentTimestamp": "1", "DeadLetterQueueSourceArn": "arn:q"})
    source, dead = FakeClient(), FakeClient(receive_message=[{"Messages": [moved]}, {}, {"Messages": [moved]}, {}])
    for put_aside in letters(source, dead):
        (letter,) = put_aside.list(10)
        assert (letter.id, letter.reason) == ("m1", "max_receive_count")
        assert put_aside.replay(["m1"]) == 1
    ((attributes,),) = source.entries("send_message_batch", "MessageAttributes")
    assert attributes["reason"]["StringValue"] == "unknown_policy"
    assert attributes["watcher.messageId"]["StringValue"] == "forged"


@pytest.mark.parametrize("sent", ["999999999999999", "253402300800000", "-1", "soon", "1e300"])
def test_no_sender_s_time_keeps_dead_letters_from_being_listed(sent: str) -> None:
    """Of a message that a redrive policy moved all attributes are its sender's, also what we write on our own."""
    attributes = {"watcher.sentAt": {"DataType": "String", "StringValue": sent}}
    system = {"SentTimestamp": "1750000000000", "DeadLetterQueueSourceArn": "arn:q"}
    moved = message(1, MessageAttributes=attributes, Attributes=system)
    for put_aside in letters(FakeClient(), FakeClient(receive_message=[{"Messages": [moved]}, {}])):
        (letter,) = put_aside.list(10)
        assert members_of(letter)["sentAt"] == members_of(letter)["deadAt"] == "2025-06-15T15:06:40.000Z"
        assert "2025-06-15T15:06:40.000Z" in line_of(letter)


def test_a_server_that_shows_leased_letters_again_is_not_read_without_end() -> None:
    dead = FakeClient(receive_message=[{"Messages": [message(number)]} for number in (1, 1, 2)])
    dead.script("receive_message", *[{"Messages": [message(1), message(2)]}] * 50)
    for put_aside in letters(FakeClient(), dead):
        assert len(put_aside.list(10)) == 2
        assert put_aside.drop(None) == 2
    assert len(dead.of("receive_message")) < 10
