"""Whether Face Liveness can work here: the region has it, and botocore knows all of its answer."""

from typing import Any
from urllib.parse import urlsplit

from botocore import __version__ as botocore_version

from watcher.cli.check.finding import Findings, warning

REGIONS = (
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-5",
    "ap-southeast-7",
    "sa-east-1",
)
"""Where AWS has Face Liveness, as of September 2026: the streaming endpoints in the AWS General Reference, which are
also those that the announcement of the feedback codes names."""

FIRST_BOTOCORE = "1.43.103"
"""The first release whose service model has `Feedback`; an older one drops the member without a word."""

_OPERATION = "GetFaceLivenessSessionResults"
_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws")
"""Ends of the host names of AWS's public partitions. Any other host is somebody's own endpoint."""


def check_face_liveness(client: Any) -> Findings:
    """A warning for a region of AWS without Face Liveness, and for a service model without feedback."""
    region = client.meta.region_name
    if region not in REGIONS and (urlsplit(client.meta.endpoint_url).hostname or "").endswith(_OF_AWS):
        what = f"AWS had no Face Liveness in {region} in September 2026, and a session exists in one region only"
        fix = f"set aws.region to where the sessions are created, one of {', '.join(REGIONS)}"
        yield warning("face liveness", what, fix)
    if "Feedback" not in client.meta.service_model.operation_model(_OPERATION).output_shape.members:
        what = f"the service model of botocore {botocore_version} has no Feedback: decisions lack why a score is low"
        fix = (
            f"pip install --upgrade 'botocore>={FIRST_BOTOCORE}', and remove an older model of rekognition from "
            "~/.aws/models and the folders in AWS_DATA_PATH"
        )
        yield warning("botocore", what, fix)
