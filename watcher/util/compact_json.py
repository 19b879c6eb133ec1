"""JSON in the fewest bytes that every receiver accepts."""

import json
import re
from functools import cache

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")


def compact_json(value: object) -> str:
    """JSON in the fewest bytes of UTF-8: a context in a non-Latin script must not exceed the sinks' limits.

    Escapes only what UTF-8 can't encode (half of a surrogate pair), what SQS rejects (U+FFFE, U+FFFF), and what some
    readers treat as the end of a line. So such texts can be combined into a larger one.

    Raises:
        ValueError: a number that JSON can't represent.
    """
    text = _encode(value)
    if text.isascii() and "\x7f" not in text:  # the usual case, without checking each character
        return text
    return _UNSAFE.sub(lambda found: "".join(map(_escaped, found[0])), text)


@cache
def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}"
