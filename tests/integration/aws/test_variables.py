"""Whatever AWS's own variables contain, botocore makes clients: with each one that its source names."""

import os
import re
from pathlib import Path

import botocore
import pytest

from watcher.aws.client import build_client
from watcher.config import AwsSettings
from watcher.util.environment import drop_foreign, drop_invalid

PATHS = [*Path(botocore.__file__).parent.glob("*.py"), *Path(botocore.__file__).parent.glob("retries/*.py")]
NAMES = {name for path in PATHS for name in re.findall(r"""["'](AWS_[A-Z0-9_]{3,})["']""", path.read_text())}
SERVICES = ("rekognition", "sqs", "sns", "events", "dynamodb", "sts")

NAMED = {"AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"}
"""What names a file, a URL or a profile: an error says so. Only an empty one is ignored."""


@pytest.mark.parametrize("value", ["", "junk", "-1", "\x01", "9" * 30, "LEGACY", "TRUE", "AUTO", "IPV6", "PREFERRED"])
def test_no_value_of_another_program_s_variables_keeps_the_watcher_from_starting(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in NAMES - NAMED if value else NAMES:
        monkeypatch.setenv(name, value)
    drop_invalid(os.environ)
    drop_foreign(os.environ)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for service in SERVICES:
        build_client(service, AwsSettings(), "", concurrency=1).close()


def test_variables_are_found_in_botocore() -> None:
    assert len(NAMES) > 40
