"""Settings of a watcher under test: quick polls; time-outs that end a stalled call soon, but none when busy."""

import json

from tests.chaos.circumstances import LEASE, PAYOUT, THRESHOLDS
from tests.moto import CREDENTIALS


def usual_settings(timeout: float) -> dict[str, str]:
    """What does not depend on where things listen; sessions live for `timeout` seconds."""
    return {
        **CREDENTIALS,
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        "WATCHER_HTTP__PORT": "0",
        "WATCHER_LOG__FORMAT": "json",
        "WATCHER_QUEUE__VISIBILITY_TIMEOUT": str(LEASE),
        "WATCHER_POLLING__SESSION_TIMEOUT": str(timeout),
        "WATCHER_POLLING__MIN_INTERVAL": "0.3",
        "WATCHER_POLLING__MAX_INTERVAL": "1.5",
        "WATCHER_POLLING__CONCURRENCY": "6",
        "WATCHER_AWS__CONNECT_TIMEOUT": "5",
        "WATCHER_AWS__READ_TIMEOUT": "8",
        "WATCHER_DECISION__POLICIES__PAYOUT__THRESHOLD": str(THRESHOLDS[PAYOUT]),
        "WATCHER_SHUTDOWN__DRAIN_TIMEOUT": "60",
    }


def sinks(webhook: str, *more: dict[str, str]) -> str:
    """`stdout`, the webhook `back-end` at this URL, and more."""
    back_end = {"type": "webhook", "name": "back-end", "url": webhook, "allow_private": True}
    return json.dumps([{"type": "stdout"}, back_end, *more])
