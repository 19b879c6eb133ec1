"""The client for the ledger's DynamoDB table."""

from typing import Any

from watcher.aws.client import build_client
from watcher.config.settings import Settings

CONNECT_LIMIT, READ_LIMIT = 3.0, 10.0
"""Seconds at most. `[aws]` has the reference's 60 for polls; DynamoDB answers in milliseconds or not at all."""


def open_client(settings: Settings, connections: int) -> Any:
    """boto3's, with so many connections kept open; the caller closes it.

    Raises:
        ConfigError: a setting of `[aws]`, or an endpoint in the environment, that can't be used.
    """
    aws = settings.aws
    limits = {
        "connect_timeout": min(aws.connect_timeout or CONNECT_LIMIT, CONNECT_LIMIT),
        "read_timeout": min(aws.read_timeout or READ_LIMIT, READ_LIMIT),
    }
    return build_client("dynamodb", aws.model_copy(update=limits), "", concurrency=connections)
