"""The client for the ledger's DynamoDB table."""

from typing import Any

from watcher.aws.client import build_client
from watcher.aws.timeouts import hurried
from watcher.config.settings import Settings


def open_client(settings: Settings, connections: int) -> Any:
    """botocore's, with so many connections kept open; the caller closes it.

    Raises:
        ConfigError: a setting of `[aws]`, or an endpoint in the environment, that can't be used.
    """
    return build_client("dynamodb", hurried(settings.aws), "", concurrency=connections)
