"""A queue's redrive policy: where SQS itself moves messages that are received too often."""

import json

from watcher.config.settings import Settings
from watcher.queues.sqs.client import SqsCaller, open_caller

LEAST_RECEIVES = 10
"""Below that, deployments and crashes alone can dead-letter live messages."""


def redrive_policy(caller: SqsCaller) -> tuple[str, int] | None:
    """The ARN of the dead-letter queue and `maxReceiveCount`; None if the queue has no such policy.

    Raises:
        QueueError: the queue can't be asked.
    """
    try:
        policy = json.loads(caller.attributes("RedrivePolicy").get("RedrivePolicy") or "null")
        return str(policy["deadLetterTargetArn"]), int(policy["maxReceiveCount"])
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return None


def advise(settings: Settings) -> str | None:
    """What is wrong with the redrive policy of the queue that the settings name, with the fix; None if nothing.

    Raises:
        ConfigError: a setting that can't be used.
        QueueError: the queue can't be asked.
    """
    queue = settings.queue
    caller = open_caller(queue.url, queue.endpoint_url, settings.aws)
    try:
        policy = redrive_policy(caller)
    finally:
        caller.close()
    if policy is None:
        if queue.dead_letter_url:
            return None
        return (
            "the queue has no redrive policy: a message that can never be served comes back until it expires; "
            "set queue.dead_letter_url, or give the queue a redrive policy with maxReceiveCount = 10 or more"
        )
    if policy[1] < LEAST_RECEIVES:
        return (
            f"the queue's redrive policy has maxReceiveCount = {policy[1]}: redeliveries after crashes and "
            f"deployments alone can dead-letter live messages; give it {LEAST_RECEIVES} or more"
        )
    return None
