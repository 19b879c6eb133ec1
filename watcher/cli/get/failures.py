"""How a failure is reported: in the AWS CLI's words on stderr, with its exit codes."""

import re

from watcher.util.text import bounded

LONGEST = 64 * 1024
"""Maximum characters of an error: the AWS CLI has no limit, but a server may send megabytes."""

NO_REGION_HINT = 'You can also configure your region by running "aws configure".'
NO_CREDENTIALS_HINT = 'You can configure credentials by running "aws configure".'


# Longer than any word, id or signature: a session token (quoted in signature errors) or an image.
_LONG_RUN = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")


class CommandFailed(Exception):
    """A user's mistake; its text is shown unchanged, and the program exits with 255."""


def error_text(error: Exception) -> tuple[str, ...]:
    """The text for stderr, as AWS CLI v1 writes it for the same error, in as many writes (see `ResettingStream`)."""
    report = getattr(error, "report", None)
    if report is not None:
        return (str(report()),)
    name = type(error).__name__
    # By name, so that reporting a failure imports no further part of botocore.
    if name == "NoRegionError":
        return f"{error} {NO_REGION_HINT}", "\n"
    if name == "NoCredentialsError":
        return f"{error}. {NO_CREDENTIALS_HINT}", "\n"
    return "\n", _LONG_RUN.sub("<left out>", bounded(_without_quotes(error), LONGEST)), "\n"


def _without_quotes(error: Exception) -> str:
    """An error's text, unless it may quote the output or answer of a credential source."""
    name = type(error).__name__
    if name == "CredentialRetrievalError":
        told, separator, quoted = str(error).partition(": ")
        return f"{told}{separator}{'<left out>' if quoted.strip() else quoted}"
    is_quoting = not (isinstance(error, OSError) or type(error).__module__.startswith("botocore."))
    return f"Error when retrieving credentials: {name}" if is_quoting and _is_of_credentials(error) else str(error)


def _is_of_credentials(error: Exception) -> bool:
    """Whether an error was raised while botocore fetched credentials."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == "botocore.credentials":
            return True
        trace = trace.tb_next
    return False
