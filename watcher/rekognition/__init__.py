"""Rekognition's GetFaceLivenessSessionResults as the watcher's port `SessionResults`."""

from typing import Any

from watcher.aws import client, invocation
from watcher.aws.lean import send_leanly
from watcher.aws.settings import AwsSettings
from watcher.rekognition import images
from watcher.rekognition.results import RekognitionResults

__all__ = ["RekognitionResults", "build_client"]


def build_client(aws: AwsSettings, *, concurrency: int, is_lean: bool = True) -> Any:
    """A client for Rekognition that `concurrency` threads can share (see `watcher.aws.client`).

    `is_lean`: calls go the lean way where it leads (see `watcher.aws.lean`) with ids made here, and images become
    digests before the answer is parsed. It changes what a poll costs and nothing else.

    Raises:
        ConfigError: a setting that can't be used.
    """
    built = client.build_client("rekognition", aws, aws.endpoint_url, concurrency=concurrency)
    if is_lean:
        send_leanly(built, "rekognition")
        built.meta.events.register(invocation.EVENT.format("rekognition"), invocation.name_invocation)
        built.meta.events.register(images.EVENT, images.digest_images)
    return built
