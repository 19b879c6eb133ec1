"""Rekognition's GetFaceLivenessSessionResults as the watcher's port `SessionResults`."""

import random
from typing import Any
from uuid import UUID

from watcher.aws import client
from watcher.aws.settings import ClientSettings
from watcher.rekognition import image_digests as images
from watcher.rekognition.results import RekognitionResults

__all__ = ["RekognitionResults", "build_client"]

_BEFORE_ALL = "before-parameter-build.rekognition"
"""botocore's event: the first that sees the context of a call."""

MAX_BODY = 8 * 1024 * 1024
"""Bytes of an answer that are read. The largest that the API can send is 1.4 MB: five images of 204,800 bytes in
base64."""


def build_client(aws: ClientSettings, *, concurrency: int) -> Any:
    """A client for Rekognition that `concurrency` threads can share (see `watcher.aws.client`).

    Ids of calls are made here, and images become digests before the answer is parsed: it changes what a poll costs
    and nothing else.

    Raises:
        ConfigError: a setting that can't be used.
    """
    built = client.build_client("rekognition", aws, aws.endpoint_url, concurrency=concurrency, max_body=MAX_BODY)
    built.meta.events.register(_BEFORE_ALL, _set_invocation_id)
    built.meta.events.register(images.EVENT, images.digest_images)
    return built


def _set_invocation_id(context: dict[str, Any], **_: object) -> None:
    """Give the call its `amz-sdk-invocation-id` before botocore does.

    botocore asks the kernel for random bytes, and lets go of the interpreter's lock for it: with many threads a tenth
    of a call's CPU goes into getting that back. The id only has to differ from others; nothing is kept safe by it.
    """
    context.setdefault("retries", {})["invocation-id"] = str(UUID(int=random.getrandbits(128), version=4))
