"""What SQS, SNS and EventBridge take in one call."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Of one call, without being asked for more; quotas of SendMessageBatch, PublishBatch and PutEvents."""

    entries: int = 10
    size: int = 256 * 1024
    """Bytes of all entries together."""


BATCH_LIMITS = BatchLimits()
