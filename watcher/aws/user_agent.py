"""The User-Agent of every call."""

import platform
import re
from os import environ
from typing import Any

import boto3
import botocore

from watcher import __version__
from watcher.aws.session import configured_text

_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9!$%&'*+\-.^_`|~]")


def user_agent(session: Any) -> str:
    """Names the watcher, boto3, botocore, Python, where it runs, and the application id of AWS's configuration.

    It is passed to botocore as a constant: botocore would build its own twice per call, which is a tenth of the
    call's time.

    Raises:
        ConfigError: as `configured_text`.
    """
    parts = [
        f"Boto3/{boto3.__version__}",
        f"md/Botocore#{botocore.__version__}",
        f"os/{_word(platform.system().lower())}",
        f"lang/python#{platform.python_version()}",
    ]
    if environ.get("AWS_EXECUTION_ENV"):
        parts.append(f"exec-env/{_word(environ['AWS_EXECUTION_ENV'])}")
    application = configured_text(session, "user_agent_appid", "sdk_ua_app_id")
    if application:
        parts.append(f"app/{_word(application)}")
    return " ".join([*parts, f"liveness-watcher/{__version__}"])


def _word(text: str) -> str:
    """Replaces characters that a User-Agent may not contain, as botocore does."""
    return _NOT_ALLOWED.sub("-", text)
