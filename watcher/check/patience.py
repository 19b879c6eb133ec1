"""How long the doctor waits for AWS."""

from watcher.config import AwsSettings

PATIENCE = 10.0
"""Seconds at most for a connect or a read here: somebody is waiting."""


def hurried(aws: AwsSettings) -> AwsSettings:
    """The settings with time-outs for somebody who waits; 0, no limit at all, is none of them."""
    limits = {name: min(getattr(aws, name) or PATIENCE, PATIENCE) for name in ("connect_timeout", "read_timeout")}
    return aws.model_copy(update=limits)
