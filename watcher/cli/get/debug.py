"""`--debug`: botocore's and our own log on stderr, without images, signatures and secrets.

Botocore's debug log contains the whole answer, the signed headers, and the steps of the signature. Three passes, from
certain to suspicious, decide what may be shown: values that don't belong in a log (bodies, signing), values after a
name that suggests a secret, and long unbroken runs of base64.
"""

import logging
import re
import sys
import traceback
from typing import Any

from watcher.util.text import escaped_lines

LOGGERS = ("botocore", "urllib3", "watcher")
FORMAT = "%(asctime)s - %(threadName)s - %(name)s - %(levelname)s - %(message)s"
LEFT_OUT = "<left out>"
SIGNING_LOGGER = "botocore.auth"
LONGEST_RUN = 63
SHORTEST_SECRET = 8

_NAMED = re.compile(
    r"""(?ix)
    (                                     # a name that promises a secret ...
      ['"]?
      [\w.-]*
      (?: token | secret | password | authorization | credentials? | signature | access[-_]?key[-_]?id )
      [\w.-]*
      ['"]?
      \s* [:=] \s*
    )
    (?:                                   # ... and the value behind it
      b?'[^'\n]*' | b?"[^"\n]*" | (?: bearer | basic ) \s+ \S+ | [^\s,;}&'"<]+
    )
    """
)
_AUTHORIZATION = re.compile(r"""AWS4-[A-Z0-9-]+[ ]Credential=[^\n'"]*""")
_BYTES = re.compile(r"""\bb'(?:[^'\\]|\\.)*'|\bb"(?:[^"\\]|\\.)*\"""")
_RUN = re.compile(rf"[A-Za-z0-9+/]{{{LONGEST_RUN + 1},}}={{0,2}}")
_KEPT_BYTES = 48


class RedactingFormatter(logging.Formatter):
    """Formats a record, including its traceback, and removes what must not be seen. `secrets` are known values."""

    def __init__(self) -> None:
        super().__init__(FORMAT)
        self.secrets: set[str] = set()

    def learn_secrets(self, session: Any) -> None:
        """Remember the session's own secrets, so that they are recognised anywhere."""
        try:
            credentials = session.get_credentials()
        except Exception:
            # Using them will report what is wrong with them.
            logging.getLogger("watcher.get").debug("no credentials", exc_info=True)
            return
        if credentials is not None:
            frozen = credentials.get_frozen_credentials()
            # Shorter ones come from tests, and would match inside words.
            known = (frozen.secret_key, frozen.token)
            self.secrets |= {secret for secret in known if secret and len(secret) >= SHORTEST_SECRET}

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Where an exception was raised, and its class; its text may quote a credential process's output."""
        kind, _, trace = ei
        return "".join(["Traceback (most recent call last):\n", *traceback.format_tb(trace), kind.__name__])

    def format(self, record: logging.LogRecord) -> str:
        """The redacted line or lines."""
        shown = logging.makeLogRecord(record.__dict__)
        shown.exc_text = None  # another handler's, with the exception's text
        if isinstance(shown.args, tuple):
            shown.args = tuple(_without_bytes(value) for value in shown.args)
        if shown.name == SIGNING_LOGGER:
            shown.msg, shown.args = _first_line(str(shown.msg)), None
        return escaped_lines(redacted(super().format(shown), self.secrets))


def redacted(text: str, secrets: set[str]) -> str:
    """The text without secrets, known or suspected."""
    for secret in secrets:
        text = text.replace(secret, LEFT_OUT)
    text = _AUTHORIZATION.sub(LEFT_OUT, text)
    text = _NAMED.sub(lambda found: found[1] + LEFT_OUT, text)
    text = _BYTES.sub(lambda found: found[0] if len(found[0]) <= _KEPT_BYTES else LEFT_OUT, text)
    return _RUN.sub(lambda found: f"<{len(found[0])} characters left out>", text)


def start() -> RedactingFormatter:
    """Send the debug log to stderr; the returned formatter accepts secrets."""
    formatter = RedactingFormatter()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)
        logger.handlers[:] = [handler]
        logger.propagate = False
    return formatter


def stop() -> None:
    """Undo `start`: the loggers belong to the process, which may do more than run this command."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.NOTSET)
        logger.handlers.clear()
        logger.propagate = True


def _without_bytes(value: object) -> object:
    """A placeholder for bytes, which are always a body, and for exceptions, which may quote anything."""
    if isinstance(value, BaseException):
        return type(value).__name__
    return f"<{len(value)} bytes left out>" if isinstance(value, bytes | bytearray) else value


def _first_line(message: str) -> str:
    """The name of a signing step; its result is on the next line."""
    line = message.partition("\n")[0]
    return f"{line} {LEFT_OUT}" if line != message else line
