"""One SQS queue, called through botocore: its client, and its errors as QueueErrors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from watcher.aws.client import build_client
from watcher.aws.errors import UnreadableResponse, attempt
from watcher.aws.proof import require_proof
from watcher.aws.timeouts import capped
from watcher.config.settings import AwsSettings
from watcher.queues.sqs.constants import POLLING
from watcher.queues.sqs.errors import translate
from watcher.util.urls import is_http_url, queue_place, without_secrets

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SqsCaller:
    """Calls operations on the queue at `url`."""

    client: Any
    url: str

    @property
    def shown(self) -> str:
        """The queue's URL for texts: the other one may contain a proxy's user and password."""
        return without_secrets(self.url)

    @property
    def is_fifo(self) -> bool:
        """Whether this is a FIFO queue: SQS requires the suffix."""
        return self.url.endswith(".fifo")

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One attempt of a client's method on this queue.

        Raises:
            SqsFault: it failed.
        """
        return self.ask(operation, lambda answer: answer, **parameters)

    def ask(self, operation: str, read: Callable[[dict[str, Any]], T], **parameters: Any) -> T:
        """What `read` extracts from the answer to one attempt; an answer that it fails on is a failed call.

        Raises:
            SqsFault: it failed.
        """
        return self._attempt(operation, read, QueueUrl=self.url, **parameters)

    def url_of(self, arn: str) -> str:
        """The URL of the queue with this ARN.

        Raises:
            SqsFault: it failed.
        """
        *_, account, name = ["", "", *arn.split(":")]
        return self._attempt("get_queue_url", _queue_url, QueueName=name, QueueOwnerAWSAccountId=account)

    def _attempt(self, operation: str, read: Callable[[dict[str, Any]], T], **parameters: Any) -> T:
        def work() -> T:
            return read(getattr(self.client, operation)(**parameters))

        return attempt(work, lambda error: translate(error, operation, self.shown))

    def attributes(self, *names: str) -> dict[str, str]:
        """These attributes of the queue; missing ones are omitted.

        Raises:
            SqsFault: it failed.
        """
        # Requests the queue's ARN as well, because the answer for a queue with none of the others would be empty.
        return self.ask("get_queue_attributes", _attributes, AttributeNames=[*names, "QueueArn"])

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


def _attributes(answer: dict[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in (answer.get("Attributes") or {}).items()}


def _queue_url(answer: dict[str, Any]) -> str:
    url = answer["QueueUrl"]
    if not isinstance(url, str) or not is_http_url(url):
        raise UnreadableResponse("the answer's QueueUrl is not a URL")
    return url


def open_caller(queue_url: str, endpoint_url: str, aws: AwsSettings) -> SqsCaller:
    """The caller of the queue at `queue_url`, in the region that the URL names, else in `aws.region`.

    It calls `endpoint_url` if that isn't empty, else the URL's own host: the queue may be behind a VPC endpoint, or
    not in AWS at all.

    Raises:
        ConfigError: an invalid setting.
    """
    region, endpoint = queue_place(queue_url)
    settings = capped(aws.model_copy(update={"region": region or aws.region}), least_read=POLLING.least_read_limit)
    key = "queue.endpoint_url" if endpoint_url else "queue.url"
    client = build_client(
        "sqs", settings, endpoint_url or endpoint, concurrency=POLLING.connections, endpoint_key=key
    )
    require_proof(client)
    return SqsCaller(client, queue_url)
