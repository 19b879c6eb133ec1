"""The queue and the ledger below a scenario: how to send, and how to look inside without the watcher's own code."""

import json
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import boto3

from tests.chaos.history import Letter, Recorded
from tests.chaos.process import watcher_environment
from tests.moto import CREDENTIALS

TABLE = "decisions"


def client(service: str, url: str) -> Any:
    """A plain client for the server at `url`."""
    return boto3.session.Session().client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


class Backend(Protocol):
    """What a scenario needs of it. `settings` name it to a watcher."""

    settings: dict[str, str]

    def send(self, bodies: Sequence[str]) -> None: ...
    def left(self) -> list[str]: ...
    def dead(self) -> list[Letter]: ...
    def ledger(self) -> list[Recorded]: ...
    def is_writable(self) -> bool: ...
    def close(self) -> None: ...


class Embedded:
    """One SQLite file for queue, ledger and dead letters; messages come by `watcher enqueue`, as a shell's do."""

    def __init__(self, folder: Path, environment: Callable[[], Mapping[str, str]]) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / "watcher.db"
        self.settings = {"WATCHER_QUEUE__URL": f"sqlite:///{self.path}"}
        self._environment = environment

    def producer(self) -> "subprocess.Popen[bytes]":
        """`watcher enqueue`, reading messages from its standard input."""
        return subprocess.Popen(
            [sys.executable, "-m", "watcher", "enqueue", "--file", "-"],
            cwd=self.path.parent,
            env=watcher_environment(self._environment()),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def send(self, bodies: Sequence[str]) -> None:
        with self.producer() as process:
            _, complaint = process.communicate("\n".join(bodies).encode(), timeout=120)
        assert process.returncode == 0, complaint.decode()

    def left(self) -> list[str]:
        return [str(body) for (body,) in self.rows("SELECT body FROM queue_messages")]

    def dead(self) -> list[Letter]:
        return [Letter(str(body), reason) for body, reason in self.rows("SELECT body, reason FROM dead_letters")]

    def ledger(self) -> list[Recorded]:
        return sqlite_ledger(self.path)

    def is_writable(self) -> bool:
        return is_writable(self.path)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return rows(self.path, query)

    def close(self) -> None:
        """Nothing is held open."""


class Sqs:
    """Queue and dead letters at moto's server, the ledger in an SQLite file or a DynamoDB table."""

    def __init__(self, folder: Path, moto_url: str, *, dynamodb: bool) -> None:
        self.client = client("sqs", moto_url)
        self._dynamodb = client("dynamodb", moto_url) if dynamodb else None
        self._path = folder / "ledger.db"
        self.queue_url: str = self.client.create_queue(QueueName="sessions")["QueueUrl"]
        self.dead_url: str = self.client.create_queue(QueueName="dead")["QueueUrl"]
        self.settings = {
            "WATCHER_QUEUE__URL": self.queue_url,
            "WATCHER_QUEUE__TYPE": "sqs",
            "WATCHER_QUEUE__DEAD_LETTER_URL": self.dead_url,
            "WATCHER_LEDGER__URL": f"dynamodb:///{TABLE}" if dynamodb else f"sqlite:///{self._path}",
        }
        if self._dynamodb:
            create_table(self._dynamodb)

    def send(self, bodies: Sequence[str]) -> None:
        for begin in range(0, len(bodies), 10):
            entries = [_entry(begin + place, body) for place, body in enumerate(bodies[begin : begin + 10])]
            answer = self.client.send_message_batch(QueueUrl=self.queue_url, Entries=entries)
            assert len(answer["Successful"]) == len(entries), answer

    def left(self) -> list[str]:
        """What is visible: once the watchers are gone, and their leases given back or run out, that is all."""
        return [message["Body"] for message in received(self.client, self.queue_url)]

    def dead(self) -> list[Letter]:
        return [
            Letter(message["Body"], _reason(message.get("MessageAttributes", {})))
            for message in received(self.client, self.dead_url)
        ]

    def counts(self, url: str = "") -> int:
        """Messages on the queue (or the other one at `url`), leased ones too, as moto's two counters say."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=url or self.queue_url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def ledger(self) -> list[Recorded]:
        if self._dynamodb is None:
            return sqlite_ledger(self._path)
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        # What the watcher has learned is an item, too; only entries are in the log.
        return [_recorded(item) for page in pages for item in page["Items"] if "log" in item]

    def is_writable(self) -> bool:
        return self._dynamodb is not None or is_writable(self._path)

    def close(self) -> None:
        self.client.close()
        if self._dynamodb:
            self._dynamodb.close()


def received(sqs: Any, url: str) -> list[dict[str, Any]]:
    """All messages of a queue that nobody has leased; they stay on it."""
    found: dict[str, dict[str, Any]] = {}
    while True:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=300, MessageAttributeNames=["All"]
        )
        messages = answer.get("Messages", [])
        if not messages:
            break
        found |= {message["MessageId"]: message for message in messages}
    for message in found.values():
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return list(found.values())


def create_table(dynamodb: Any) -> None:
    """The ledger's table, with the keys and the index that the watcher's documentation asks for."""
    kinds = {"sessionId": "S", "policy": "S", "log": "S", "sequence": "N"}
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()],
        KeySchema=_keys("sessionId", "policy"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-time",
                "KeySchema": _keys("log", "sequence"),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )


def _keys(partition: str, order: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": order, "KeyType": "RANGE"}]


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query of an SQLite file gives; nothing while the file or its table is not there yet."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=60)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise


def is_writable(path: Path) -> bool:
    """Whether an SQLite file's lock can be had; running watchers hold it for milliseconds."""
    with closing(sqlite3.connect(path, timeout=3, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.execute("ROLLBACK")
        return True


def sqlite_ledger(path: Path) -> list[Recorded]:
    """All entries."""
    found = rows(path, "SELECT session_id, policy, body, settled_at FROM ledger_entries")
    return [
        Recorded(f"{session}:{policy}", body, json.loads(body), settled_at is not None)
        for session, policy, body, settled_at in found
    ]


def _recorded(item: dict[str, Any]) -> Recorded:
    value = item["body"]
    raw = value["S"] if "S" in value else zlib.decompress(value["B"]).decode()
    return Recorded(f"{item['sessionId']['S']}:{item['policy']['S']}", raw, json.loads(raw), "settledAt" in item)


def _entry(number: int, body: str) -> dict[str, Any]:
    """Every other message names its policy in an attribute, next to nine more: SQS takes ten."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if number % 2 or not isinstance(content, dict) or "policy" not in content:
        return {"Id": str(number), "MessageBody": body}
    attributes = {"policy": str(content.pop("policy"))} | {f"a{place}": f"{place}" for place in range(9)}
    return {
        "Id": str(number),
        "MessageBody": json.dumps(content),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }


def _reason(attributes: dict[str, Any]) -> str:
    texts = [value.get("StringValue", "") for name, value in attributes.items() if "reason" in name.lower()]
    return " ".join(texts)
