"""Rekognition's GetFaceLivenessSessionResults as the watcher's port `SessionResults`."""

import random
from typing import Any
from uuid import UUID

from watcher.aws import client
from watcher.aws.settings import ClientSettings
from watcher.rekognition import image_digests as images
from watcher.rekognition.one_meaning import require_one_meaning
from watcher.rekognition.results import RekognitionResults

__all__ = ["RekognitionResults", "build_client"]

_BEFORE_ALL = "before-parameter-build.rekognition"
"""botocore's event: the first with the context of a call."""

MAX_BODY = 8 * 1024 * 1024
"""Maximum bytes of an answer. The largest that the API can send is 1.4 MB: five images of 204,800 bytes in base64."""


def build_client(aws: ClientSettings, *, concurrency: int) -> Any:
    """A client for Rekognition that `concurrency` threads can share (see `watcher.aws.client`).

    Call ids are generated here, and images become digests before the answer is parsed: that only reduces the cost of
    a poll. An answer with two meanings is refused.

    Raises:
        ConfigError: a setting that can't be used.
    """
    built = client.build_client("rekognition", aws, aws.endpoint_url, concurrency=concurrency, max_body=MAX_BODY)
    built.meta.events.register(_BEFORE_ALL, _set_invocation_id)
    built.meta.events.register(images.EVENT, images.digest_images)
    built.meta.events.register_last(images.EVENT, require_one_meaning)
    return built


def _set_invocation_id(context: dict[str, Any], **_: object) -> None:
    """Give the call its `amz-sdk-invocation-id` before botocore does.

    botocore gets random bytes from the kernel, and releases the interpreter's lock for that: with many threads,
    reacquiring it takes a tenth of a call's CPU. The id only has to be unique; no security depends on it.
    """
    context.setdefault("retries", {})["invocation-id"] = str(UUID(int=random.getrandbits(128), version=4))
