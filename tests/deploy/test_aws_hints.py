"""The template lets one bucket announce images on the queue, and the README's configuration makes it do so."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from cfnlint.decode import decode_str  # type: ignore[import-untyped]

from tests.moto import MotoServer
from tests.stack import REGION, TEMPLATE, aws_client, create_stack
from tests.support import ROOT, session_id
from watcher.consumer.envelope import opened
from watcher.consumer.s3_notification import S3Notification, s3_notification

BUCKET = "my-liveness-images"
README = (ROOT / "deploy" / "aws" / "README.md").read_text()


@pytest.fixture
def stack(moto: MotoServer) -> dict[str, str]:
    return create_stack(moto.url, ImagesBucket=BUCKET)


def from_s3(statements: list[Any]) -> list[dict[str, Any]]:
    # Moto leaves null where AWS::NoValue leaves nothing out.
    return [one for one in statements if one is not None and one["Principal"] == {"Service": "s3.amazonaws.com"}]


def key_statements(moto: MotoServer) -> list[dict[str, Any]]:
    with closing(aws_client("kms", moto.url)) as kms:
        (key,) = kms.list_keys()["Keys"]
        policy = kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"]
    # Of CloudFormation moto makes an object instead of text.
    statements: list[dict[str, Any]] = (json.loads(policy) if isinstance(policy, str) else policy)["Statement"]
    return statements


def test_one_bucket_of_this_account_may_send_to_the_queue() -> None:
    # Moto's CloudFormation passes over a queue's policy.
    template, problems = decode_str(TEMPLATE.read_text())
    assert not problems
    policy = template["Resources"]["QueuePolicy"]
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert policy["Condition"] == "IsAnnounced"
    assert policy["Properties"]["Queues"] == [{"Ref": "Queue"}]
    assert from_s3([statement])
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sqs:SendMessage")
    assert statement["Resource"] == {"Fn::GetAtt": ["Queue", "Arn"]}
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": {"Fn::Sub": "arn:${AWS::Partition}:s3:::${ImagesBucket}"}},
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
    }


@pytest.mark.usefixtures("stack")
def test_and_it_may_use_the_queues_key(moto: MotoServer) -> None:
    (statement,) = from_s3(key_statements(moto))
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{BUCKET}"},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }


def test_without_a_bucket_nobody_may(moto: MotoServer) -> None:
    create_stack(moto.url)
    assert from_s3(key_statements(moto)) == []


def readme_configuration(arn: str) -> dict[str, Any]:
    """What the README's command sends, as the shell would put it together."""
    found = re.search(r"--notification-configuration \\\n *(.*)\n```", README)
    assert found
    configuration: dict[str, Any] = json.loads(found[1].replace("'\"$arn\"'", arn).strip("'"))
    return configuration


@pytest.fixture
def bucket(moto: MotoServer, stack: dict[str, str]) -> Iterator[Any]:
    """The client of S3, with a bucket that has the README's configuration."""
    assert REGION == "us-east-1"  # elsewhere a bucket needs a location
    with closing(aws_client("s3", moto.url)) as s3:
        s3.create_bucket(Bucket=BUCKET)
        configuration = readme_configuration(stack["QueueArn"])
        s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=configuration)
        yield s3


def test_a_session_s_image_arrives_as_a_hint(moto: MotoServer, stack: dict[str, str], bucket: Any) -> None:
    bucket.put_object(Bucket=BUCKET, Key=f"kyc+live/{session_id(7)}/reference.jpg", Body=b"jpeg")
    with closing(aws_client("sqs", moto.url)) as sqs:
        answer = sqs.receive_message(QueueUrl=stack["QueueUrl"], MaxNumberOfMessages=10, WaitTimeSeconds=5)
    found = [s3_notification(opened(message["Body"]).fields) for message in answer["Messages"]]
    assert S3Notification(((session_id(7),),), 0) in found
    assert None not in found
