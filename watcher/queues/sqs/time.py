"""The time on SQS's clock, which stamps the messages."""

from collections.abc import Mapping
from typing import Any

from watcher.util.http_date import http_date

DATE_STEP = 2.0
"""Maximum seconds between an answer's date and its arrival: dates are whole seconds, and one is for the network."""


def service_time(answer: Mapping[str, Any], now: float) -> float:
    """Epoch seconds at which SQS answered: by our own clock (`now`), as far as the answer's date allows.

    A message's age is measured from SQS's time stamp: with our clock an hour ahead, each would be an hour old.
    """
    date = http_date(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date"))
    return now if date is None else min(max(now, date), date + DATE_STEP)
