"""What the tests of the webhook sink share."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.integration.support.receivers import Receiver
from tests.support import decision
from watcher.domain.errors import SinkError
from watcher.domain.event_result import EventResult, EventStatus
from watcher.sinks.webhook.sink import WebhookSink

KEY = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLD_KEY = "whsec_" + base64.b64encode(bytes(range(100, 132))).decode()

Receive = Callable[..., Receiver]
Sinks = Callable[..., WebhookSink]


@dataclass(frozen=True)
class Failure:
    """What a sink said of a batch that it did not deliver in full: results, or an error of the whole sink."""

    results: Sequence[EventResult] = ()
    error: SinkError | None = None

    def __str__(self) -> str:
        return str(self.error) if self.error else next(result.reason for result in self.results if result.reason)

    @property
    def retry_after(self) -> float | None:
        return self.error.retry_after if self.error else None

    @property
    def statuses(self) -> list[EventStatus]:
        return [result.status for result in self.results]


def failure(sink: WebhookSink, *numbers: int) -> Failure:
    try:
        results = sink.emit([decision(number) for number in numbers or (1,)])
    except SinkError as error:
        return Failure(error=error)
    assert {result.status for result in results} != {EventStatus.DELIVERED}
    return Failure(results)
