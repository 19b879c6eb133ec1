"""The region and the profile that a watcher works with, by its settings and by AWS's own configuration."""

import os
from pathlib import Path

import pytest

from watcher.app.aws_settings import effective_aws
from watcher.config import AwsSettings, load
from watcher.domain.errors import ConfigError


@pytest.fixture(autouse=True)
def aws_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AWS's configuration file, with two profiles and nothing of this machine's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    file.write_text("[default]\nregion = eu-west-1\n[profile other]\nregion = ap-south-1\n[profile plain]\n")
    return file


def effective(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str] | None = None, /, **given: str) -> AwsSettings:
    """The settings of a watcher with these overrides in this environment; `__` stands for a dot."""
    for name, value in (environ or {}).items():
        monkeypatch.setenv(name, value)
    overrides = {key.replace("__", "."): value for key, value in given.items()}
    return effective_aws(load(None, overrides, environ or {}, Path("/nonexistent")))


def test_the_region_is_that_of_the_settings_then_the_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    assert effective(monkeypatch).region == "eu-west-1"
    assert effective(monkeypatch, aws__profile="other").region == "ap-south-1"
    assert effective(monkeypatch, aws__profile="other", aws__region="us-west-2").region == "us-west-2"


def test_without_any_region_it_is_us_east_1(monkeypatch: pytest.MonkeyPatch, aws_file: Path) -> None:
    assert effective(monkeypatch, aws__profile="plain").region == "us-east-1"
    aws_file.unlink()
    assert effective(monkeypatch).region == "us-east-1"


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_a_profile_of_awss_variables_is_left_to_botocore_but_its_region_counts(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A named one would take precedence over keys in the environment, which botocore's own does not."""
    found = effective(monkeypatch, {name: "other"})
    assert (found.profile, found.region) == ("", "ap-south-1")


@pytest.mark.parametrize("environ", [{}, {"AWS_PROFILE": "plain"}])
def test_a_profile_of_the_settings_stays(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> None:
    found = effective(monkeypatch, environ, aws__profile="other")
    assert (found.profile, found.region) == ("other", "ap-south-1")


def test_a_profile_that_does_not_exist_is_a_bad_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"aws\.profile = 'missing': .* no such profile"):
        effective(monkeypatch, aws__profile="missing")


@pytest.mark.parametrize(
    ("given", "source"), [({}, "the profile"), ({"aws__region": "eu-wst-1"}, "--set")], ids=["profile", "setting"]
)
def test_the_source_of_a_region_that_does_not_exist_is_told(
    monkeypatch: pytest.MonkeyPatch, aws_file: Path, given: dict[str, str], source: str
) -> None:
    aws_file.write_text("[default]\nregion = eu-wst-1\n")
    with pytest.raises(ConfigError, match=rf'aws\.region = "eu-wst-1" is an unknown region \(from {source}\): did'):
        effective(monkeypatch, **given)


def test_all_other_settings_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    found = effective(monkeypatch, aws__connect_timeout="7", aws__sign_request="false")
    assert (found.connect_timeout, found.sign_request) == (7.0, False)
