"""One DynamoDB table: a few calls, each retried briefly after temporary failures."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import islice
from threading import Event
from typing import Any, TypeVar

from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_any,
    stop_when_event_set,
    wait_random_exponential,
)
from tenacity.nap import sleep_using_event

from watcher.aws.client import build_client
from watcher.aws.errors import UnreadableResponse, attempt
from watcher.aws.proof import require_proof
from watcher.aws.timeouts import capped
from watcher.config.settings import Settings
from watcher.domain.errors import LedgerError
from watcher.ledgers.dynamodb.errors import Refused, Unanswered, is_passing, refused, translate
from watcher.ledgers.dynamodb.items import Item
from watcher.ledgers.dynamodb.limits import LIMITS

R = TypeVar("R")

ANOTHER = "the answer has an item that was not asked for"

KEY = ("sessionId", "policy")
"""The attributes of the table's key."""

PROVEN = {"ReturnConsumedCapacity": "TOTAL"}
"""Makes DynamoDB's answer to a write non-empty: an empty object could come from any proxy."""


class DynamoDbTable:
    """The table `name`, reached by `client` (boto3's for DynamoDB, owned from here on). Thread-safe.

    Raises:
        LedgerError: in every method, when DynamoDB did not do what it was asked; the text names table and fix.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name
        self._is_closed = Event()
        require_proof(client)

    def put_new(self, item: Item) -> Item | None:
        """Write the item unless there is one with its key; returns the existing one."""
        try:
            self._call(
                self._client.put_item,
                Item=item,
                ConditionExpression="attribute_not_exists(#id)",
                ExpressionAttributeNames={"#id": "sessionId"},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **PROVEN,
            )
        except Refused as error:
            standing = error.standing or self._standing(_key_in(item))
            if _key_in(standing) != _key_in(item):  # or this session would get another one's decision
                raise translate(UnreadableResponse(ANOTHER), self._name) from error
            return standing
        return None

    def put(self, item: Item) -> None:
        """Write the item, replacing any with its key."""
        self._call(self._client.put_item, Item=item, **PROVEN)

    def update(self, key: Item, expression: str, names: Mapping[str, str], values: Item) -> None:
        """Change the item with this key, if there is one."""
        with suppress(Refused):
            self._call(
                self._client.update_item,
                Key=key,
                UpdateExpression=expression,
                ConditionExpression="attribute_exists(#id)",
                ExpressionAttributeNames={"#id": "sessionId", **names},
                ExpressionAttributeValues=values,
                **PROVEN,
            )

    def get(self, keys: Iterable[Item]) -> Iterator[Item]:
        """The current items with these keys (no duplicates), in no order."""
        remaining = iter(keys)
        while chunk := list(islice(remaining, LIMITS.keys)):
            while chunk:
                items, chunk = self._get(chunk)
                yield from items

    def query(self, **query: Any) -> Iterator[Item]:
        """The results of Query, page after page; in a condition, `:id` is the session id of them all."""
        start: dict[str, Any] = {}
        for _ in range(LIMITS.pages):
            items, last = self._repeat(partial(self._page, **query, **start))
            yield from items
            if not last:
                return
            start = {"ExclusiveStartKey": last}
        raise translate(UnreadableResponse(f"a query has more than {LIMITS.pages} pages"), self._name)

    def close(self) -> None:
        """Close the connections; calls that wait for a retry give up."""
        self._is_closed.set()
        self._client.close()

    def _standing(self, key: Item) -> Item:
        """The item that made a write fail, from a server that doesn't return it."""
        for item in self.get([key]):
            return item
        raise LedgerError(f"the ledger's DynamoDB table {self._name!r}: an entry vanished just now; try again")

    def _page(self, **query: Any) -> tuple[list[Item], Any]:
        """The items of a page, and where the next one begins; nothing if it is the last."""
        page = self._client.query(TableName=self._name, **query)
        items, wanted = _listed(page.get("Items") or []), query["ExpressionAttributeValues"].get(":id")
        if wanted and any(item.get("sessionId") != wanted for item in items):
            raise UnreadableResponse(ANOTHER)
        return items, page.get("LastEvaluatedKey")

    def _get(self, keys: list[Item]) -> tuple[list[Item], list[Item]]:
        def ask() -> tuple[list[Item], list[Item]]:
            """The items that were found, and the keys still to request."""
            answer = self._client.batch_get_item(RequestItems={self._name: {"Keys": keys, "ConsistentRead": True}})
            left = _listed((answer.get("UnprocessedKeys") or {}).get(self._name, {}).get("Keys", []))
            if len(left) >= len(keys):
                raise Unanswered
            if "Responses" not in answer:  # a server says "none of these" with an empty one
                raise UnreadableResponse("the answer has no responses")
            items = _listed(answer["Responses"].get(self._name, []))
            if not all(_key_in(item) in keys for item in items):
                raise UnreadableResponse(ANOTHER)
            return items, left

        return self._repeat(ask)

    def _call(self, operation: Callable[..., Any], **arguments: Any) -> Any:
        return self._repeat(lambda: operation(TableName=self._name, **arguments))

    def _repeat(self, call: Callable[[], R]) -> R:
        # Retrying is safe, because writes are idempotent: one that was done already finds its own item.
        retrying = Retrying(
            stop=stop_any(stop_after_attempt(LIMITS.attempts), stop_when_event_set(self._is_closed)),
            wait=wait_random_exponential(multiplier=0.05, max=0.5),
            retry=retry_if_exception(is_passing),
            sleep=sleep_using_event(self._is_closed),
            reraise=True,
        )
        return attempt(partial(retrying, call), self._translated)

    def _translated(self, error: Exception) -> Exception:
        return refused(error) or translate(error, self._name)


def open_client(settings: Settings, connections: int) -> Any:
    """The boto3 client, with this many connections kept open; the caller closes it.

    Raises:
        ConfigError: a setting of `[aws]`, or an endpoint in the environment, that can't be used.
    """
    return build_client("dynamodb", capped(settings.aws), "", concurrency=connections)


def _listed(items: Any) -> list[Item]:
    if not isinstance(items, list):
        raise UnreadableResponse("the answer has something else where a list should be")
    return items


def _key_in(item: Item) -> Item:
    return {name: item.get(name, {}) for name in KEY}
