"""A redrive policy, read from whatever an endpoint answers."""

import json

import pytest

from tests.unit.queues.sqs.fakes import URL, FakeClient
from watcher.queues.sqs.client import SqsCaller
from watcher.queues.sqs.redrive_policy import redrive_policy

ARN = "arn:aws:sqs:eu-west-1:123456789012:dead"


def policy_of(attributes: object) -> tuple[str, int] | None:
    client = FakeClient(get_queue_attributes=[{"Attributes": attributes}])
    return redrive_policy(SqsCaller(client, URL))


@pytest.mark.parametrize("most", [10, "10"])
def test_the_target_and_the_count_are_read(most: object) -> None:
    text = json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": most})
    assert policy_of({"RedrivePolicy": text}) == (ARN, 10)


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "nonsense", '{"deadLetterTargetArn": "a"}', "[" * 100_000])
def test_what_is_no_policy_is_none(text: str) -> None:
    assert policy_of({"RedrivePolicy": text}) is None
    assert policy_of({}) is None
