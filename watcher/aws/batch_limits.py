"""What SQS, SNS and EventBridge accept in one call."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Entries of one call: the default quotas of SendMessageBatch, PublishBatch and PutEvents."""

    entries: int = 10
    size: int = 256 * 1024
    """Bytes of all entries together."""


BATCH_LIMITS = BatchLimits()
