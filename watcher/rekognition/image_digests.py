"""Inline images become their SHA-256 before the answer is parsed.

Nine tenths of the cost of an answer with images is turning a megabyte of JSON into a string, and that into bytes,
only to hash and drop them. So botocore's parser gets digests instead of the images. Anything that is not plain JSON
with base64 is left unchanged for botocore's parser.
"""

import binascii
import re
from hashlib import sha256
from threading import Lock
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

DIGESTED = "watcher:images-are-digests"
"""Member that marks such an answer; no service can send it, because it is not in the service model."""

EVENT = "before-parse.rekognition.GetFaceLivenessSessionResults"
"""botocore's event just before it parses."""

_KEY = b'"Bytes"'
_BACKSLASH, _ESCAPE = b"\\", b"\\u"
_REST = re.compile(rb'[ \t\r\n]*:[ \t\r\n]*"')

_image = TypeAdapter(bytes, config=ConfigDict(val_json_bytes="base64"))
"""Decodes base64 in a quarter of the time of binascii, which works byte by byte. A call with a megabyte of images
takes 0.35 of stock boto3's CPU with this, 0.6 with binascii (`tests/benchmarks/bench_calls.py`)."""

_turn = Lock()
"""One answer at a time: SHA-256 runs without the interpreter's lock, but threads that reacquire it after every image
would spend a sixth of the CPU on waking each other up."""


def digest_images(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
    """Handler for `EVENT`: replace each image by the base64 of its digest, or change nothing."""
    body = response_dict["body"]
    # With escapes, a key that the parser reads as `Bytes` may look different: all images become digests, or none.
    # Searching for one byte runs at memory speed, for two it takes longer than all the hashing: base64 has no
    # backslash.
    is_plain = _BACKSLASH not in body or _ESCAPE not in body
    if response_dict["status_code"] == 200 and is_plain and _KEY in body:
        with _turn:
            digested = _digested(body)
        if digested is not None:
            response_dict["body"] = digested
            customized_response_dict[DIGESTED] = True


def _digested(body: bytes) -> bytes | None:
    """The body with digests for images; None if something looks odd."""
    parts: list[bytes | memoryview] = []
    done, view = 0, memoryview(body)
    at = body.find(_KEY)
    while at >= 0:
        after = at + len(_KEY)
        value = _REST.match(body, after)
        if value is not None:  # else it ends a string, or no string follows
            begin, end = value.end(), body.find(b'"', value.end())
            if end < 0 or body[at - 1 : at] == b"\\":
                return None
            if begin < end:
                found = _digest(body, begin, end)
                if found is None:
                    return None
                parts += [view[done:begin], binascii.b2a_base64(found, newline=False)]
                done = end
            after = end
        at = body.find(_KEY, after)
    return b"".join([*parts, view[done:]])


def _digest(body: bytes, begin: int, end: int) -> bytes | None:
    """SHA-256 of the bytes that `body[begin:end]` encodes; None if that is not padded base64 without whitespace."""
    try:
        image = _image.validate_json(body[begin - 1 : end + 1])  # with its quotes it is JSON
    except ValidationError:
        return None
    padding = body.count(b"=", end - 2, end)
    # It also accepts the URL alphabet, escapes and missing padding.
    is_other = body.find(b"-", begin, end) >= 0 or body.find(b"_", begin, end) >= 0
    return None if is_other or len(image) != (end - begin) * 3 / 4 - padding else sha256(image).digest()
