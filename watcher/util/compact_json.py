"""JSON in as few bytes as every receiver takes."""

import json
import re

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def compact_json(value: object) -> str:
    """JSON in as few bytes as UTF-8 allows: a context in another script must not outgrow what the sinks take.

    Escaped are only what UTF-8 can't say (half of a surrogate pair), what SQS doesn't take (U+FFFE, U+FFFF), and what
    some readers take for the end of a line. So texts can be put together to a larger one.

    Raises:
        ValueError: a number that JSON does not have.
    """
    text = _encode(value)
    if text.isascii() and "\x7f" not in text:  # the usual case, told without a look at each character
        return text
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
