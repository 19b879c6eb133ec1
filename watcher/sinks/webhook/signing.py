"""Signatures by Standard Webhooks 1.0: HMAC-SHA256 over id, time and body, by every key of a file."""

import base64
import binascii
import hmac
import os
import stat
from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import Path

import structlog

from watcher.domain.errors import ConfigError
from watcher.util.file_trust import ExposedFile, refuse_exposed
from watcher.util.files import UnreadableFile, read_bytes
from watcher.util.secret_path import shown_path
from watcher.util.webhook_secret import KEY_BYTES, PREFIX

log = structlog.get_logger(__name__)

_LARGEST_FILE = 64 * 1024


def webhook_id(event_id: str) -> str:
    """The event's id without a policy name's full stops, because full stops separate the signed parts."""
    return event_id.replace("%", "%25").replace(".", "%2E")


def signature(keys: Sequence[bytes], message_id: str, timestamp: int, body: str) -> str:
    """The header `webhook-signature`: `v1,` and base64 for each key, separated by spaces."""
    signed = f"{message_id}.{timestamp}.{body}".encode()
    digests = (hmac.digest(key, signed, "sha256") for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


class KeyFile:
    """The keys of `secret_file`, one a line: the current one first, then those that receivers may still have.

    The file is read again when it changes, so that keys rotate without a restart. No log or error contains a key.
    """

    def __init__(self, sink: str, path: str) -> None:
        """Read the keys.

        Raises:
            ConfigError: there is no usable one.
        """
        self._sink = sink
        self._path = Path(path)
        self._seen = self._fingerprint()
        try:
            self._keys = self._read()
        except _UnusableError as error:
            raise ConfigError([self._line(str(error))]) from None

    def keys(self) -> Sequence[bytes]:
        """The keys to sign with now. If the file becomes unusable, that is logged and the last keys stay in use."""
        seen = self._fingerprint()
        if seen == self._seen:
            return self._keys
        self._seen = seen
        try:
            self._keys = self._read()
        except _UnusableError as error:
            log.error(
                "secret_file_reload_failed", problem=self._line(str(error)), consequence="the last keys stay in use"
            )
        else:
            log.info("secret_file_reloaded", sink=self._sink, keys=len(self._keys))
        return self._keys

    def _fingerprint(self) -> tuple[int, int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mode, found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> Sequence[bytes]:
        try:
            text = read_bytes(self._path, _LARGEST_FILE, self._judge).removeprefix(BOM_UTF8).decode("ascii")
        except (UnreadableFile, ExposedFile) as error:
            raise _UnusableError(str(error)) from None
        except UnicodeDecodeError:
            raise _UnusableError(f"is not text: give one {PREFIX}... a line") from None
        lines = enumerate(text.splitlines(), start=1)
        keys = [_key(line.strip(), number) for number, line in lines if line.strip()]
        if not keys:
            raise _UnusableError(f"is empty: give one {PREFIX}... a line, current one first")
        return keys

    def _judge(self, opened: os.stat_result) -> None:
        if opened.st_mode & stat.S_IWOTH:
            raise _UnusableError("everyone can write to it: chmod o-w")
        refuse_exposed(self._path, opened)

    def _line(self, problem: str) -> str:
        return f"sinks.{self._sink}: secret_file = {shown_path(str(self._path))!r}: {problem}"


class _UnusableError(Exception):
    """What is wrong with the file and how to fix it, without quoting it."""


def _key(text: str, number: int) -> bytes:
    encoded = text.removeprefix(PREFIX).rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _UnusableError(f"line {number} is not a secret: give {PREFIX} and base64") from None
    if len(key) not in KEY_BYTES:
        fix = f"give {KEY_BYTES[0]} to {KEY_BYTES[-1]}; `watcher secret new` prints such a secret"
        raise _UnusableError(f"line {number} has a key of {len(key)} bytes: {fix}")
    return key
