"""Which regions there are, by the installed botocore."""

import os
from pathlib import Path

import pytest

from watcher.app.aws_settings import effective_aws
from watcher.config import load
from watcher.domain.errors import ConfigError


@pytest.fixture(autouse=True)
def aws_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AWS's configuration file, with nothing of this machine's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return tmp_path / "config"


def problem(region: str, **environ: str) -> str:
    """What is wrong with a region; empty if nothing is."""
    try:
        effective_aws(load(None, {"aws.region": region} if region else {}, environ, Path("/nonexistent")))
    except ConfigError as error:
        (line,) = error.problems
        return line
    return ""


@pytest.mark.parametrize(
    ("region", "near"),
    [
        ("eu-wst-1", "eu-west-1"),
        ("us-esat-1", "us-east-1"),
        ("us-east1", "us-east-1"),
        ("EU-WEST-1", "eu-west-1"),
        ("cn-nort-1", "cn-north-1"),
        ("us-gov-wst-1", "us-gov-west-1"),
    ],
)
def test_an_unknown_region_is_an_error_that_names_the_nearest(region: str, near: str) -> None:
    assert problem(region) == f'aws.region = "{region}" is an unknown region (from --set): did you mean {near}?'


def test_without_a_near_one_the_fix_says_how_to_use_a_newer_region() -> None:
    assert problem("atlantis").endswith(
        "give a region of AWS; for one that is newer than the installed botocore, set aws.endpoint_url, too"
    )
    assert "aws-global" not in problem("aws-globl")


@pytest.mark.parametrize(
    "region", ["", "us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1"]
)
def test_regions_of_every_partition_are_known(region: str) -> None:
    assert problem(region) == ""


def test_an_endpoint_of_ones_own_may_have_any_region(aws_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert problem("lab-1", AWS_ENDPOINT_URL="http://127.0.0.1:9") == ""
    aws_file.write_text("[default]\nendpoint_url = http://127.0.0.1:9\n")
    assert problem("lab-1") == ""


def test_the_region_of_a_profile_counts(aws_file: Path) -> None:
    aws_file.write_text("[default]\nregion = eu-wst-1\n")
    assert problem("") == 'aws.region = "eu-wst-1" is an unknown region (from the profile): did you mean eu-west-1?'
