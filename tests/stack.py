"""What `deploy/aws/template.yaml` makes, made on moto's server."""

from contextlib import closing
from typing import Any

import boto3
from botocore.config import Config

from tests.moto import CREDENTIALS
from tests.support import ROOT

TEMPLATE = ROOT / "deploy" / "aws" / "template.yaml"
REGION = "us-east-1"


def aws_client(service: str, url: str, total_max_attempts: int = 3) -> Any:
    """A plain client for the server at `url`; the caller closes it."""
    # Not boto3.client: it has one session for all threads, which sessions can't stand.
    return boto3.session.Session().client(
        service,
        region_name=REGION,
        endpoint_url=url,
        config=Config(retries={"total_max_attempts": total_max_attempts}),
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def create_stack(url: str, name: str = "liveness", **parameters: str) -> dict[str, str]:
    """Create the stack; returns its outputs."""
    with closing(aws_client("cloudformation", url)) as cloudformation:
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=TEMPLATE.read_text(),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name)
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
