"""What the tests of the webhook sink share."""

import base64
from collections.abc import Callable

import pytest

from tests.support import decision
from tests.unit.sinks.receivers import Receiver
from watcher.errors import SinkError
from watcher.sinks.webhook import WebhookSink

KEY = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLD_KEY = "whsec_" + base64.b64encode(bytes(range(100, 132))).decode()

Receive = Callable[..., Receiver]
Sinks = Callable[..., WebhookSink]


def failure(sink: WebhookSink, *numbers: int) -> SinkError:
    with pytest.raises(SinkError) as caught:
        sink.emit([decision(number) for number in numbers or (1,)])
    return caught.value
