"""The URL of an SQS queue, and where it says that the queue is.

https://docs.aws.amazon.com/general/latest/gr/sqs-service.html has the forms: today's names, FIPS, dual-stack, VPC
endpoints, the legacy ones. AWS's imitations follow them, too, under domains of their own.
"""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

LEGACY_REGION = "us-east-1"
"""The region of queue.amazonaws.com, which names none."""

_REGION = r"(?P<region>[a-z]{2,}(?:-[a-z]+)+-[0-9]+)"
_PUBLIC = re.compile(rf"sqs\.{_REGION}\.amazonaws\.com(?:\.cn)?")
_LEGACY = re.compile(rf"(?:{_REGION}\.)?queue\.amazonaws\.com(?:\.cn)?")
_NAMED = re.compile(rf"(?:^|\.)sqs(?:-fips)?\.{_REGION}\.")
_LABEL = re.compile(r"(?:sqs(?:-fips)?|queue)", re.IGNORECASE)


class QueuePlace(NamedTuple):
    """Where a queue is. Empty: a `region` that the URL doesn't name; an `endpoint` that is AWS's public one there.

    Those a client knows best, by name and by AWS's own variables (AWS_ENDPOINT_URL_SQS, AWS_USE_FIPS_ENDPOINT).
    """

    region: str
    endpoint: str


def queue_place(url: str) -> QueuePlace:
    """Region and endpoint of the queue with this URL. A FIPS, dual-stack or VPC endpoint is called as it is named."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if legacy := _LEGACY.fullmatch(host):
        return QueuePlace(legacy["region"] or LEGACY_REGION, "")
    named = _NAMED.search(host)
    is_public = _PUBLIC.fullmatch(host) and parts.port is None
    return QueuePlace(named["region"] if named else "", "" if is_public else f"{parts.scheme}://{parts.netloc}")


def looks_like_sqs(url: str) -> bool:
    """Whether the host has a name that AWS, or one of its imitations, gives to SQS."""
    host = urlsplit(url).hostname or ""
    return any(_LABEL.fullmatch(label) for label in host.split("."))
