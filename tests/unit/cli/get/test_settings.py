"""What the settings file gives to options that the command line does not set."""

import os
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from watcher.cli.get.settings import fill_in, read_settings
from watcher.domain.errors import ConfigError

NOT_GIVEN: dict[str, Any] = {
    "profile": None,
    "endpoint_url": None,
    "ca_bundle": None,
    "verify_ssl": True,
    "sign_request": True,
    "connect_timeout": None,
    "read_timeout": None,
    "region": None,
}


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of the test's own, and no variable of this machine's."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("WATCHER_")]:
        monkeypatch.delenv(name)


def filled(content: str, **given: Any) -> dict[str, Any]:
    """The options after a file with this content; changed ones only."""
    Path("own.toml").write_text(content)
    options = Namespace(**NOT_GIVEN | given)
    fill_in(options, read_settings("own.toml"))
    return {name: value for name, value in vars(options).items() if value != NOT_GIVEN[name]}


def test_a_file_without_a_word_about_aws_only_gives_the_default_region() -> None:
    assert filled("[decision]\nthreshold = 90\n") == {"region": "us-east-1"}


def test_every_key_of_the_file_is_an_options_default() -> None:
    found = filled("""
        [aws]
        region = "eu-west-1"
        endpoint_url = "http://localhost:1"
        ca_bundle = "ca.pem"
        sign_request = false
        connect_timeout = 3
        read_timeout = 4
    """)
    assert found == {
        "region": "eu-west-1",
        "endpoint_url": "http://localhost:1",
        "ca_bundle": "ca.pem",
        "sign_request": False,
        "connect_timeout": 3,
        "read_timeout": 4,
    }


def test_no_verification_may_come_from_the_file() -> None:
    assert filled('[aws]\nregion = "eu-west-1"\nverify_ssl = false\n') == {"region": "eu-west-1", "verify_ssl": False}


def test_the_command_line_goes_first() -> None:
    text = '[aws]\nregion = "eu-west-1"\nendpoint_url = "http://localhost:1"\nread_timeout = 4\n'
    given = {"region": "eu-west-2", "endpoint_url": "http://localhost:2", "read_timeout": 0}
    assert filled(text, **given) == given


def test_zero_and_empty_in_the_file_mean_no_limit_and_not_given() -> None:
    found = filled('[aws]\nregion = "eu-west-1"\nendpoint_url = ""\nread_timeout = 0\n')
    assert found == {"region": "eu-west-1", "read_timeout": 0}


def test_a_variable_of_aws_s_is_not_the_file_s_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore reads it itself, with the precedence that the AWS CLI gives it."""
    monkeypatch.setenv("AWS_CA_BUNDLE", "variable.pem")
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    assert filled("") == {"region": "eu-west-2"}
    monkeypatch.setenv("WATCHER_AWS__CA_BUNDLE", "own.pem")
    assert filled("") == {"region": "eu-west-2", "ca_bundle": "own.pem"}


def test_without_a_file_none_is_searched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("watcher.toml").write_text("[decision]\nthreshold = 90\n")
    monkeypatch.setenv("WATCHER_POLLING__SESSION_TIMEOUT", "100")
    settings = read_settings(None).settings
    assert (settings.decision.threshold, settings.polling.session_timeout) == (80.0, 100.0)


def test_the_profile_has_the_region_that_nothing_else_names(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("aws").write_text("[profile staff]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", "aws")
    assert filled('[aws]\nprofile = "staff"\n') == {"profile": "staff", "region": "eu-north-1"}
    assert filled("", profile="staff") == {"profile": "staff", "region": "eu-north-1"}
    with pytest.raises(ConfigError, match=r"aws\.profile = 'nobody'"):
        filled("", profile="nobody")


def test_a_file_that_is_not_there_is_a_fault_in_the_settings() -> None:
    with pytest.raises(ConfigError, match=r"none\.toml"):
        read_settings("none.toml")
