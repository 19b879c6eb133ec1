"""Where a sink's target at AWS lives: the region and the endpoint that an ARN or a queue's URL names."""

import re
from urllib.parse import urlsplit

from watcher.config.settings import AwsSettings

_REGION = r"(?P<region>[a-z]{2,}(-[a-z]+)+-[0-9]+)"
_SQS_HOSTS = (
    re.compile(rf"sqs(-fips)?\.{_REGION}\.amazonaws\.com(\.cn)?"),
    re.compile(rf"{_REGION}\.queue\.amazonaws\.com(\.cn)?"),
)
_REGION_LABEL = re.compile(rf"(^|\.)sqs(-fips)?\.{_REGION}\.")


def arn_region(target: str) -> str:
    """The region that an ARN names; empty for a plain name."""
    parts = target.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 3 else ""


def queue_region(url: str) -> str:
    """The region that an SQS queue's URL names, of AWS's own and of VPC endpoints; empty when it names none."""
    host = (urlsplit(url).hostname or "").lower()
    found = next(filter(None, (pattern.fullmatch(host) for pattern in _SQS_HOSTS)), None) or _REGION_LABEL.search(
        host
    )
    return found["region"] if found else ""


def queue_endpoint(url: str) -> str:
    """The endpoint that a queue's URL implies; empty for AWS's public ones, which the client knows best."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if host == "queue.amazonaws.com" or any(pattern.fullmatch(host) for pattern in _SQS_HOSTS):
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def in_region(aws: AwsSettings, region: str) -> AwsSettings:
    """The settings for a target in this region; empty: as they are."""
    return aws.model_copy(update={"region": region}) if region else aws
