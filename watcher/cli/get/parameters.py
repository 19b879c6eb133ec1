"""The request's parameters: from the command line, from files and URLs that it names, and from `--cli-input-json`.

A value may name a file with text (`file://`), a file with bytes (`fileb://`) or, unless the profile says
`cli_follow_urlparam = false`, a URL, as in the AWS CLI.
"""

import io
import json
import locale
import os
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from watcher.cli.get.failures import CommandFailed

TIMESTAMP_FORMATS = (None, "wire", "none", "iso8601")
TEXT_FILE = "file://"
BINARY_FILE = "fileb://"
URL_PREFIXES = ("http://", "https://")


def request_parameters(options: Namespace, profile: Mapping[str, Any]) -> dict[str, Any]:
    """What to send, unchecked. `profile` is the active AWS profile's section.

    Raises:
        CommandFailed: a file or URL that can't be read, or a profile that the AWS CLI would reject.
    """
    timestamps = profile.get("cli_timestamp_format")
    if timestamps not in TIMESTAMP_FORMATS:
        raise CommandFailed(
            f'Unknown cli_timestamp_format value: {timestamps}, valid values are "none", "wire" or "iso8601"'
        )
    follow_urls = profile.get("cli_follow_urlparam", "true") == "true"
    parameters: dict[str, Any] = {}
    if options.session_id is not None:
        parameters["SessionId"] = _resolve("--session-id", options.session_id, follow_urls=follow_urls)
    if options.cli_input_json is not None:
        # The AWS CLI first reads every argument this way: it ignores the results, but reports the errors.
        _resolve("--cli-input-json", options.cli_input_json, follow_urls=follow_urls)
    return parameters


def add_json(parameters: dict[str, Any], source: str | None) -> None:
    """Fill in what the command line does not set from `--cli-input-json`: JSON text, or a file with it.

    Raises:
        CommandFailed: not JSON, or not a JSON object.
    """
    if source is None:
        return
    text = _from_file(source)
    if text is None:
        text = source
    try:
        given = json.loads(text)
    except ValueError as error:
        raise CommandFailed(
            f"Error parsing parameter 'cli-input-json': Invalid JSON: {error}\nJSON received: {text!s}"
        ) from error
    if not isinstance(given, dict):
        raise CommandFailed(f"'{type(given).__name__}' object has no attribute 'keys'")
    for name, value in given.items():
        parameters.setdefault(name, value)


def _resolve(option: str, value: str, *, follow_urls: bool) -> str | bytes:
    """The value, or the contents that it names."""
    try:
        found = _from_file(value)
        if found is None and follow_urls and value.startswith(URL_PREFIXES):
            found = _from_url(value)
    except CommandFailed as error:
        raise CommandFailed(f"Error parsing parameter '{option}': {error}") from error
    return value if found is None else found


def _from_file(value: str) -> str | bytes | None:
    """A file's contents if the value names one, else None. `~` and environment variables in the path are expanded."""
    binary = value.startswith(BINARY_FILE)
    if not binary and not value.startswith(TEXT_FILE):
        return None
    prefix = BINARY_FILE if binary else TEXT_FILE
    # No pathlib, which would normalise the path that an error message quotes.
    path = os.path.expandvars(os.path.expanduser(value.removeprefix(prefix)))  # noqa: PTH111
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            contents = file.read()
        return contents if binary else _as_text(contents)
    except UnicodeDecodeError as error:
        raise CommandFailed(
            f"Unable to load paramfile ({path}), text contents could not be decoded.  If this is a binary file, "
            "please use the fileb:// prefix instead of the file:// prefix."
        ) from error
    except OSError as error:
        raise CommandFailed(f"Unable to load paramfile {value}: {error}") from error


def _as_text(contents: bytes) -> str:
    """A text file's contents: in the locale's encoding, with line endings as newlines."""
    return io.TextIOWrapper(io.BytesIO(contents), encoding=locale.getpreferredencoding()).read()


def _from_url(url: str) -> str:
    """The answer to a GET of the URL."""
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    try:
        answer = URLLib3Session().send(AWSRequest("GET", url).prepare())
    except Exception as error:
        raise CommandFailed(f"Unable to retrieve {url}: {error}") from error
    if answer.status_code != 200:
        raise CommandFailed(f"Unable to retrieve {url}: received non 200 status code of {answer.status_code}")
    return str(answer.text)
