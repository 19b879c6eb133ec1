"""Whatever comes back over an AWS client's wire, only the error of that backend comes out of its call.

Real clients, parsers included; what they would get from a socket is written down.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import ManualClock, SteppingEvent, decision, session_id
from tests.unit.support.any_json import of_names
from watcher.aws.client import build_client
from watcher.config import AwsSettings, EventBridgeSinkSettings, SnsSinkSettings, SqsSinkSettings
from watcher.consumer.message import parse_message
from watcher.domain.errors import LedgerError, PollError, QueueError, SinkError
from watcher.domain.model import DeadReason, Lease, ReceivedMessage
from watcher.ledgers.dynamodb.ledger import DynamoDbLedger
from watcher.ledgers.dynamodb.state_store import DynamoDbStateStore
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.queue import SqsQueue
from watcher.rekognition import RekognitionResults
from watcher.sinks.aws.eventbridge import EventBridgeSink
from watcher.sinks.aws.sns import SnsSink
from watcher.sinks.aws.sqs import SqsSink

NOWHERE = "http://127.0.0.1:1"
AWS = AwsSettings(sign_request=False)
EVENT = decision(1)
KEYS = EVENT.key


class Wire:
    """Sends one answer to every call of the clients that it is put on."""

    def __init__(self) -> None:
        self.status, self.body, self.headers = 200, b"{}", {}  # type: int, bytes, dict[str, str]

    def on(self, client: Any) -> Any:
        client.meta.events.register("before-send", self._send)
        return client

    @contextmanager
    def meanwhile(self, body: bytes) -> Iterator[None]:
        """A success with this body."""
        before = self.status, self.body, self.headers
        self.status, self.body, self.headers = 200, body, {}
        yield
        self.status, self.body, self.headers = before

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        raw = Mock()
        raw.stream = lambda *_args, **_kwargs: iter([self.body])
        return AWSResponse(request.url, self.status, self.headers, raw)


@pytest.fixture(scope="module")
def wire() -> Wire:
    return Wire()


def client(service: str, wire: Wire) -> Any:
    return wire.on(build_client(service, AWS, NOWHERE, concurrency=1))


def sink(kind: Any, wire: Wire, made: Any) -> Any:
    from watcher.sinks.aws import client as aws_client

    with pytest.MonkeyPatch.context() as patched:
        original = build_client
        patched.setattr(aws_client, "build_client", lambda *args, **how: wire.on(original(*args, **how)))
        return kind(made, AWS)


@pytest.fixture(scope="module")
def calls(wire: Wire) -> Mapping[str, tuple[Callable[[], object], type[Exception]]]:
    """A call over each wire, and the errors that may come out of it."""
    results = RekognitionResults(client("rekognition", wire))
    clock = ManualClock()
    caller = SqsCaller(client("sqs", wire), f"{NOWHERE}/1/q")
    queue = SqsQueue(caller, 60, clock, SqsCaller(client("sqs", wire), f"{NOWHERE}/1/dead"))
    ledger = DynamoDbLedger(client("dynamodb", wire), "decided", clock)
    memory = DynamoDbStateStore(client("dynamodb", wire), "decided", clock)
    for each in (queue, ledger, memory):
        each.close()  # so that nothing is tried again, nor waited for
    topic, queue_url = "arn:aws:sns:eu-west-1:1:t", f"{NOWHERE}/1/out"
    sns = sink(SnsSink, wire, SnsSinkSettings(name="a", topic_arn=topic, endpoint_url=NOWHERE))
    sqs = sink(SqsSink, wire, SqsSinkSettings(name="b", queue_url=queue_url, endpoint_url=NOWHERE))
    bus = sink(EventBridgeSink, wire, EventBridgeSinkSettings(name="c", bus="b", endpoint_url=NOWHERE))

    def received() -> None:
        for delivery in queue.receive(10, 0, SteppingEvent(clock)):
            read(delivery)

    def lease() -> Lease:
        with wire.meanwhile(b'{"Messages": [{"MessageId": "id", "ReceiptHandle": "receipt", "Body": "x"}]}'):
            (delivery,) = queue.receive(1, 0, SteppingEvent(clock))
        return delivery.lease

    return {
        "poll": (lambda: results.get(session_id(1)), PollError),
        "receive": (received, QueueError),
        "depth": (queue.depth, QueueError),
        "extend": (lambda: queue.extend([lease()]), QueueError),
        "ack": (lambda: queue.ack([lease()]), QueueError),
        "release": (lambda: queue.release([lease()], 1.0), QueueError),
        "send": (lambda: queue.send(["a"]), QueueError),
        "url_of": (lambda: caller.url_of("arn"), QueueError),
        "dead_letter": (
            lambda: queue.dead_letter(ReceivedMessage(lease(), "x", 1.0), DeadReason.INVALID_MESSAGE, "no"),
            QueueError,
        ),
        "find": (lambda: ledger.find([KEYS]), LedgerError),
        "record": (lambda: ledger.record([(EVENT, "[]")]), LedgerError),
        "mark": (lambda: ledger.mark_delivered([KEYS], "s"), LedgerError),
        "recent": (lambda: [ledger.recent(5), ledger.recent(5, session_id(1)), ledger.after(0, 5)], LedgerError),
        "memory": (memory.load, LedgerError),
        "sns": (lambda: sns.emit([EVENT]), SinkError),
        "sqs": (lambda: sqs.emit([EVENT]), SinkError),
        "eventbridge": (lambda: bus.emit([EVENT]), SinkError),
        "check": (lambda: [sns.check(), sqs.check(), bus.check()], SinkError),
    }


def read(delivery: ReceivedMessage) -> None:
    """What the consumer does first."""
    from watcher.domain.errors import InvalidMessage

    assert isinstance(delivery.lease.receipt, str)
    with suppress(InvalidMessage):
        if not delivery.fault:
            parse_message(delivery.body, delivery.sent_at, (), delivery.attributes)


NAMES = (
    *("__type", "code", "Code", "message", "Message", "Error", "Errors", "Type", "RequestId", "SessionId", "Status"),
    *(
        "Confidence",
        "ReferenceImage",
        "AuditImages",
        "BoundingBox",
        "S3Object",
        "Bytes",
        "Name",
        "Bucket",
        "Challenge",
    ),
    *("Messages", "MessageId", "ReceiptHandle", "Body", "Attributes", "SentTimestamp", "MessageAttributes", "policy"),
    *("StringValue", "BinaryValue", "DataType", "ApproximateReceiveCount", "ApproximateNumberOfMessages"),
    *("Successful", "Failed", "Id", "SenderFault", "QueueUrl", "Entries", "EventId", "ErrorCode", "FailedEntryCount"),
    *("Items", "Item", "Responses", "decided", "UnprocessedKeys", "Keys", "LastEvaluatedKey", "S", "N", "B", "M"),
    *("sessionId", "sequence", "recordedAt", "body", "trail", "delivered", "settledAt"),
)
bodies = st.binary(max_size=40) | of_names(*NAMES).map(lambda value: json.dumps(value).encode())
headers = st.dictionaries(
    st.sampled_from(["x-amzn-RequestId", "x-amzn-query-error", "Date", "x-amz-crc32", "Content-Type", "Retry-After"]),
    st.text(st.characters(codec="latin-1"), max_size=20),
    max_size=3,
)


@pytest.mark.parametrize(
    "name",
    [
        *("poll", "receive", "depth", "extend", "ack", "release", "send", "url_of", "dead_letter"),
        *("find", "record", "mark", "recent", "memory", "sns", "sqs", "eventbridge", "check"),
    ],
)
@given(body=bodies, status=st.sampled_from([200, 200, 200, 302, 400, 403, 413, 429, 500, 503]), heads=headers)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_the_backends_own_error_comes_out(
    name: str, wire: Wire, calls: Mapping[str, Any], body: bytes, status: int, heads: dict[str, str]
) -> None:
    call, expected = calls[name]
    wire.status, wire.body, wire.headers = status, body, heads
    with suppress(expected):
        call()


CORPUS = [
    (400, b'{"__type": ["x"]}'),
    (400, b'{"__type": {"a": 1}, "message": []}'),
    (400, b'{"__type": "ThrottlingException", "message": {"a": ["b"]}}'),
    (400, b'{"Error": {"Code": ["x"]}}'),
    (400, b"<ErrorResponse><Error><Code><a/></Code></Error></ErrorResponse>"),
    (200, b'{"Messages": [{"Body": "x"}, null, 7, {"MessageId": ["a"], "ReceiptHandle": "r"}]}'),
    (200, b'{"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Attributes": null}]}'),
    (200, b'{"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Attributes": {"SentTimestamp": "soon"}}]}'),
    (
        200,
        b'{"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "MessageAttributes": {"a": {"StringValue": 7}}}]}',
    ),
    (200, b'{"Attributes": {"ApproximateNumberOfMessages": ["1"], "RedrivePolicy": 7}}'),
    (200, b'{"Successful": [7, null], "Failed": {"Id": []}}'),
    (200, b'{"Successful": [{"Id": ["0"]}], "Failed": [{"Id": {"a": 1}, "Code": ["x"]}]}'),
    (200, b'{"Responses": {"decided": [7, null, {"sessionId": 7}, {"sessionId": {"S": 7}}]}}'),
    (200, b'{"Items": {"a": 1}, "LastEvaluatedKey": "x"}'),
    (200, b'{"Entries": [7, {"EventId": [1]}, {"ErrorCode": {}}], "FailedEntryCount": "x"}'),
]


@pytest.mark.parametrize(("status", "body"), CORPUS, ids=[body.decode()[:40] for _, body in CORPUS])
def test_what_has_been_seen_to_break_a_call_breaks_none(
    wire: Wire, calls: Mapping[str, Any], status: int, body: bytes
) -> None:
    wire.status, wire.body, wire.headers = status, body, {}
    for call, expected in calls.values():
        with suppress(expected):
            call()


@pytest.fixture(scope="module", autouse=True)
def _no_aws_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        folder = tmp_path_factory.mktemp("aws")
        patched.setenv("AWS_CONFIG_FILE", str(folder / "config"))
        patched.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
        yield
