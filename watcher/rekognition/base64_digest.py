"""SHA-256 of what a piece of base64 text stands for, off the interpreter's lock.

The standard library decodes base64 a byte at a time and holds the lock meanwhile: of an answer with images that is
the greater half of the work, and the other workers wait for it. OpenSSL, which Python has loaded anyway for SHA-256
and TLS, needs a third of the time and lets them go on. It is called through ctypes if it can be found, else the
standard library does it. Either way the text has to be strict base64.
"""

import binascii
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any

_Decode = Callable[[bytes, int, int], Any]


def digest(text: bytes, begin: int, end: int) -> bytes | None:
    """SHA-256 of the decoded `text[begin:end]`; None if that is not base64, with its padding and without blanks."""
    try:
        return sha256(_decoder()(text, begin, end)).digest()
    except binascii.Error:
        return None


@cache
def _decoder() -> _Decode:
    """The faster way, if it is there and does what is expected of it."""
    try:
        decode = _by_openssl()
        proven = bytes(decode(b'"aGk+/w=="', 1, 9)) == b"hi>\xff"
    except (AttributeError, ImportError, MemoryError, OSError, binascii.Error):
        proven = False  # MemoryError is what ctypes can say where memory may not be made executable
    return decode if proven else _by_library


def _by_library(text: bytes, begin: int, end: int) -> bytes:
    return binascii.a2b_base64(memoryview(text)[begin:end], strict_mode=True)


def _by_openssl() -> _Decode:
    # Here and not above: most sessions' images are in S3, and then nobody needs it.
    import _hashlib  # noqa: PLC0415
    import ctypes  # noqa: PLC0415

    # The library that _hashlib is linked with, or what is built into the interpreter; EVP_DecodeBlock is in OpenSSL,
    # LibreSSL and AWS-LC alike: (out, text, length), returns the length with the padding's zeros, or -1.
    function = ctypes.CDLL(getattr(_hashlib, "__file__", None)).EVP_DecodeBlock
    function.argtypes, function.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int], ctypes.c_int

    def decode(text: bytes, begin: int, end: int) -> memoryview:
        """What `text[begin:end]` stands for; raises binascii.Error."""
        length = end - begin
        padding = _padding(text, begin, end)
        room = length // 4 * 3
        out = ctypes.create_string_buffer(room)
        address = ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p).value or 0
        # It skips blanks at both ends, and then comes out shorter.
        if length % 4 or function(out, address + begin, length) != room:
            raise binascii.Error("not base64")
        return memoryview(out)[: room - padding]

    return decode


def _padding(text: bytes, begin: int, end: int) -> int:
    """How many `=` there are at the end; OpenSSL would take them anywhere for zeros."""
    at = text.find(b"=", begin, end)
    if at < 0:
        return 0
    if end - at > 2 or text[end - 1 : end] != b"=":
        raise binascii.Error("padding in the middle")
    return end - at
