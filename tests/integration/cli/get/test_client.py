"""How the AWS session and client of a run are set up."""

import socket
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.integration.support.servers import without_botocores_sender
from watcher.aws.call_deadline import send_unsigned
from watcher.cli.get.client import open_client, open_session


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def options(**given: Any) -> Namespace:
    absent = {
        "profile": None,
        "region": "eu-west-1",
        "endpoint_url": None,
        "ca_bundle": None,
        "verify_ssl": True,
        "sign_request": True,
        "read_timeout": None,
        "connect_timeout": None,
    }
    return Namespace(**(absent | given))


def session_and_client(**given: Any) -> tuple[Any, Any]:
    session = open_session(options(**given))
    return session, open_client(session, options(**given))


def opened(**given: Any) -> Any:
    return session_and_client(**given)[1]


@pytest.mark.parametrize(("given", "seconds"), [(None, 60), ("0", None), ("7", 7), (2.5, 2.5), (0, None)])
def test_time_outs_are_the_references(given: Any, seconds: float | None) -> None:
    config = opened(read_timeout=given, connect_timeout=given).meta.config
    assert (config.read_timeout, config.connect_timeout) == (seconds, seconds)


def test_retries_are_legacy_unless_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert opened().meta.config.retries["mode"] == "legacy"
    monkeypatch.setenv("AWS_RETRY_MODE", "standard")
    assert opened().meta.config.retries["mode"] == "standard"


@pytest.mark.parametrize(
    ("value", "mode"),
    [("true", "standard"), ("TRUE", "standard"), ("1", "legacy"), ("", "legacy"), ("false", "legacy")],
)
def test_the_new_retries_change_the_default_mode(monkeypatch: pytest.MonkeyPatch, value: str, mode: str) -> None:
    monkeypatch.setenv("AWS_NEW_RETRIES_2026", value)
    assert opened().meta.config.retries["mode"] == mode


@pytest.mark.parametrize("source", ["environment", "profile"])
def test_a_configured_retry_mode_comes_before_the_new_retries(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str
) -> None:
    monkeypatch.setenv("AWS_NEW_RETRIES_2026", "true")
    if source == "environment":
        monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
    else:
        (tmp_path / "config").write_text("[default]\nretry_mode = legacy\n")
    assert opened().meta.config.retries["mode"] == "legacy"


def test_every_attempt_is_bounded_like_the_daemons() -> None:
    client = opened(connect_timeout=0.3, read_timeout=0.3, sign_request=False)
    with socket.create_server(("127.0.0.1", 0)) as silent, without_botocores_sender():
        endpoint = "http://{}:{}".format(*silent.getsockname())
        with pytest.raises(ReadTimeoutError):
            send_unsigned(client, "GET", endpoint)


@pytest.mark.parametrize(
    ("name", "environment", "region"),
    [
        ("the usual", {}, "eu-west-1"),
        ("FIPS", {"AWS_USE_FIPS_ENDPOINT": "true"}, "us-east-1"),
        ("dual stack", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "us-east-1"),
        ("a pseudo region", {}, "us-gov-west-1-fips"),
        ("an unknown region", {}, "nowhere-1"),
    ],
)
def test_the_short_cut_is_for_the_usual_case_only(
    name: str, environment: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    session, _ = session_and_client(region=region)
    assert session.get_component("data_loader").brief_endpoints is (name == "the usual")


def test_assumed_roles_are_cached_where_the_aws_cli_caches_them(tmp_path: Path) -> None:
    session, _ = session_and_client()
    provider = session.get_component("credential_provider").get_provider("assume-role")
    provider.cache["role"] = {}
    assert (tmp_path / ".aws" / "cli" / "cache" / "role.json").exists()


@pytest.mark.parametrize("value", ["abc", "1.5", ""])
def test_a_time_out_is_a_whole_number(value: str) -> None:
    with pytest.raises(ValueError, match="invalid literal for int"):
        opened(read_timeout=value)
