"""Rekognition's GetFaceLivenessSessionResults as the watcher's port `SessionResults`."""

from typing import Any

from watcher.aws import client
from watcher.aws.settings import AwsSettings
from watcher.rekognition.results import RekognitionResults

__all__ = ["RekognitionResults", "build_client"]


def build_client(aws: AwsSettings, *, concurrency: int) -> Any:
    """A client for Rekognition that `concurrency` threads can share (see `watcher.aws.client`).

    Raises:
        ConfigError: a setting that can't be used.
    """
    return client.build_client("rekognition", aws, aws.endpoint_url, concurrency=concurrency)
