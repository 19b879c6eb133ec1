"""Rekognition's GetFaceLivenessSessionResults as the watcher's port `SessionResults`."""

from typing import Any

from watcher import aws as any_service
from watcher.aws import AwsSettings
from watcher.rekognition.results import RekognitionResults

__all__ = ["RekognitionResults", "build_client"]


def build_client(aws: AwsSettings, *, concurrency: int) -> Any:
    """A client for Rekognition that `concurrency` threads can share (see `watcher.aws.build_client`).

    Raises:
        ConfigError: a setting that can't be used.
    """
    return any_service.build_client("rekognition", aws, aws.endpoint_url, concurrency=concurrency)
