"""What time it is by the clock of SQS, which stamps the messages."""

from collections.abc import Mapping
from typing import Any

from watcher.util.http_date import http_date

DATE_STEP = 2.0
"""Seconds after its date at which an answer can arrive: dates are whole seconds, and one is for the way."""


def service_time(answer: Mapping[str, Any], now: float) -> float:
    """Epoch seconds at which SQS answered, as exactly as our own clock (`now`) tells it, but never against its date.

    The age of a message is a difference to SQS's stamp: with our clock an hour ahead, each would be an hour old.
    """
    date = http_date(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date"))
    return now if date is None else min(max(now, date), date + DATE_STEP)
