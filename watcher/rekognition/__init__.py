"""Rekognition's GetFaceLivenessSessionResults as the watcher's port `SessionResults`."""

from typing import Any

from watcher.aws import client
from watcher.aws import invocation_id as invocation
from watcher.aws.settings import AwsSettings
from watcher.rekognition import image_digests as images
from watcher.rekognition.results import RekognitionResults

__all__ = ["RekognitionResults", "build_client"]

MAX_BODY = 8 * 1024 * 1024
"""Bytes of an answer that are read. The largest that the API can send is 1.4 MB: five images of 204,800 bytes in
base64."""


def build_client(aws: AwsSettings, *, concurrency: int) -> Any:
    """A client for Rekognition that `concurrency` threads can share (see `watcher.aws.client`).

    Ids of calls are made here, and images become digests before the answer is parsed: it changes what a poll costs
    and nothing else.

    Raises:
        ConfigError: a setting that can't be used.
    """
    built = client.build_client("rekognition", aws, aws.endpoint_url, concurrency=concurrency, max_body=MAX_BODY)
    built.meta.events.register(invocation.EVENT.format("rekognition"), invocation.name_invocation)
    built.meta.events.register(images.EVENT, images.digest_images)
    return built
