"""The id that goes with each call, made without leaving the interpreter."""

import random
from typing import Any
from uuid import UUID

EVENT = "before-parameter-build.{}"
"""botocore's, by the service's name in its events: the first that sees the context of a call."""


def name_invocation(context: dict[str, Any], **_: object) -> None:
    """Handler for `EVENT`: give the call its `amz-sdk-invocation-id` before botocore does.

    botocore asks the kernel for random bytes, and lets go of the interpreter's lock for it: with many threads a tenth
    of a call's CPU goes into getting that back. The id only has to differ from others; nothing is kept safe by it.
    """
    context.setdefault("retries", {})["invocation-id"] = str(UUID(int=random.getrandbits(128), version=4))
