from pathlib import Path

import pytest

from watcher.aws.session import named_endpoints
from watcher.config import AwsSettings

AWS_FILE = """
[default]
region = eu-west-1
endpoint_url = http://profile.example
[profile other]
services = local
[services local]
sqs =
  endpoint_url = http://sqs.example:9324
  max_attempts = 2
"""


def test_the_endpoints_of_variables_and_of_every_part_of_the_file_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(AWS_FILE)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    environ = {"AWS_ENDPOINT_URL_STS": "http://sts.example", "AWS_ENDPOINT_URL": "", "OTHER": "http://other.example"}
    found = named_endpoints(AwsSettings(), environ)
    assert sorted(found) == ["http://profile.example", "http://sqs.example:9324", "http://sts.example"]


def test_without_any_there_are_none() -> None:
    assert list(named_endpoints(AwsSettings(), {"AWS_REGION": "us-east-1"})) == []
