"""What the settings `[aws]` become in botocore's client, and what is said of those that can't be used."""

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.session import Session

from tests.integration.support.servers import ANSWER, SESSION_ID, Aws, Server, reply
from watcher.aws.session import resolve_region
from watcher.domain.errors import ConfigError, ConnectionFailed, WatcherError
from watcher.rekognition import RekognitionResults, build_client

Serve = Callable[..., Server]
Connect = Callable[..., Any]
ENDPOINT = "http://localhost:1"


def test_no_retry_setting_of_the_environment_or_profile_wins(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[default]\nmax_attempts = 9\nretry_mode = adaptive\n")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
    assert connect(ENDPOINT).meta.config.retries == {"total_max_attempts": 1, "mode": "standard"}


@pytest.mark.parametrize("mode", ["legacy", "standard", "auto"])
def test_a_time_out_of_0_is_no_limit_in_every_defaults_mode(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULTS_MODE", mode)
    config = connect(ENDPOINT, connect_timeout=0, read_timeout=0).meta.config
    assert (config.connect_timeout, config.read_timeout) == (None, None)


def test_time_outs_and_pool_follow_the_settings(connect: Connect) -> None:
    config = connect(ENDPOINT, concurrency=37, connect_timeout=3.5, read_timeout=7.25).meta.config
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (3.5, 7.25, 38)


def test_requests_are_signed_or_not_as_set(serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    server = serve(reply(ANSWER))
    signing, plain = connect(server.url, sign_request=True), connect(server.url, sign_request=False)
    assert plain.meta.config.signature_version is UNSIGNED
    for client in (signing, plain):
        RekognitionResults(client).get(SESSION_ID)
    assert [b"authorization: aws4-hmac-sha256" in request.lower() for request in server.requests] == [True, False]


def test_clients_that_fetch_credentials_have_the_same_limits(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions: list[Any] = []
    original = Session.create_client

    def spy(session: Session, *words: Any, **options: Any) -> Any:
        sessions.append(session)
        return original(session, *words, **options)

    monkeypatch.setattr(Session, "create_client", spy)
    connect(ENDPOINT, connect_timeout=2, read_timeout=3)
    config = sessions[0].create_client("sts", region_name="us-east-1").meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (2, 3, 1)


def test_the_profile_is_used(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile there]\nregion = eu-west-1\n")
    assert connect(ENDPOINT, region="", profile="there").meta.region_name == "eu-west-1"
    assert connect(ENDPOINT, region="ap-south-1", profile="there").meta.region_name == "ap-south-1"


def test_the_region_is_the_settings_then_the_profiles_then_us_east_1(tmp_path: Path) -> None:
    assert resolve_region(Aws(region="")) == "us-east-1"
    (tmp_path / "config").write_text("[default]\nregion = eu-west-1\n[profile there]\nregion = eu-north-1\n")
    assert resolve_region(Aws(region="")) == "eu-west-1"
    assert resolve_region(Aws(region="", profile="there")) == "eu-north-1"
    assert resolve_region(Aws(region="ap-south-1", profile="there")) == "ap-south-1"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"region": "us east"}, "aws.region = 'us east'"),
        ({"ca_bundle": "/nowhere/ca.pem"}, "aws.ca_bundle = '/nowhere/ca.pem'"),
        ({"ca_bundle": __file__}, "no readable certificates"),
        ({"endpoint_url": "localhost:5000"}, "aws.endpoint_url = 'localhost:5000'"),
        ({"endpoint_url": "rekognition.example"}, "aws.endpoint_url"),
        ({"endpoint_url": "ftp://rekognition.example"}, "aws.endpoint_url"),
        ({"endpoint_url": "https://"}, "aws.endpoint_url"),
        ({"endpoint_url": "https://host:99999"}, "aws.endpoint_url"),
        ({"endpoint_url": "http://[::1"}, "aws.endpoint_url"),
        ({"ca_bundle": "/" + "x" * 300}, "aws.ca_bundle"),
        ({"ca_bundle": "/\ud800"}, "aws.ca_bundle"),
    ],
)
def test_a_setting_that_can_not_be_used_is_named_with_its_fix(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_client(Aws(**settings), concurrency=1)
    assert words in caught.value.problems[0]
    assert [len(problem.splitlines()) for problem in caught.value.problems] == [1]


def test_all_settings_that_can_not_be_used_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        build_client(Aws(endpoint_url="x", ca_bundle="/nowhere"), concurrency=1)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("file", ["config", "credentials"])
def test_a_profile_that_no_file_has_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text("[default]\n")
    for use in (lambda: build_client(Aws(), concurrency=1), lambda: resolve_region(Aws(region=""))):
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        with pytest.raises(ConfigError, match=r"aws\.profile = 'nobody'"):
            use()
    monkeypatch.delenv("AWS_PROFILE")
    with pytest.raises(ConfigError, match=r"aws\.profile = 'nobody'"):
        build_client(Aws(profile="nobody"), concurrency=1)


@pytest.mark.parametrize("settings", [{"profile": "later"}, {}])
def test_a_profile_whose_files_are_not_there_yet_is_no_mistake(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "later")
    assert resolve_region(Aws(region="", **settings)) == "us-east-1"
    connect(ENDPOINT, **settings)


def test_a_configuration_file_that_can_not_be_read_may_be_readable_after_a_restart(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default\n")
    for use in (lambda: build_client(Aws(), concurrency=1), lambda: resolve_region(Aws(region=""))):
        with pytest.raises(WatcherError, match="configuration file") as caught:
            use()
        assert not isinstance(caught.value, ConfigError)  # exit 78 is never restarted


@pytest.mark.parametrize("key", ["region", "ca_bundle", "sdk_ua_app_id", "endpoint_url", "services"])
def test_a_table_in_the_configuration_file_in_place_of_a_text_is_named_with_its_file(
    tmp_path: Path, key: str
) -> None:
    (tmp_path / "config").write_text(f"[default]\n{key} =\n  a = b\n")
    with pytest.raises(ConfigError, match=r"config or .*: (fix it there|write its value)"):
        build_client(Aws(region="" if key == "region" else "us-east-1"), concurrency=1)


@pytest.mark.parametrize("line", ["s3 =", "api_versions = a"])
def test_a_text_in_the_configuration_file_in_place_of_a_table_is_named_with_its_file(
    tmp_path: Path, line: str
) -> None:
    (tmp_path / "config").write_text(f"[default]\n{line}\n")
    with pytest.raises(ConfigError, match=r"config or .*: fix it there"):
        build_client(Aws(), concurrency=1)


def test_an_endpoint_of_the_environment_without_a_scheme_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", "localhost")
    with pytest.raises(ConfigError, match="localhost"):
        build_client(Aws(), concurrency=1)


def test_a_ca_bundle_is_not_looked_at_when_nothing_is_verified(connect: Connect) -> None:
    connect(ENDPOINT, ca_bundle="/nowhere", verify_ssl=False)


@pytest.mark.parametrize("name", ["botocore", "botocore.parsers", "boto3", "urllib3", "urllib3.connectionpool"])
def test_libraries_never_log_at_debug(connect: Connect, caplog: pytest.LogCaptureFixture, name: str) -> None:
    for library in ("botocore", "boto3", "urllib3"):
        caplog.set_level(logging.DEBUG, library)
    caplog.set_level(logging.DEBUG)
    connect(ENDPOINT)
    assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)


def test_a_ca_bundle_makes_its_certificates_trusted(
    secure: Server, certificate: tuple[Path, Path], connect: Connect
) -> None:
    results = RekognitionResults(connect(secure.url, ca_bundle=str(certificate[0])))
    for _ in range(3):
        assert results.get(SESSION_ID).session_id == SESSION_ID
    assert secure.connections == 1


def test_a_ca_bundle_of_the_environment_counts(
    secure: Server, certificate: tuple[Path, Path], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate[0]))
    assert RekognitionResults(connect(secure.url)).get(SESSION_ID).session_id == SESSION_ID


def test_a_certificate_of_an_unknown_ca_is_refused_with_the_setting_to_change(
    secure: Server, connect: Connect
) -> None:
    with pytest.raises(ConnectionFailed, match=r"aws\.ca_bundle"):
        RekognitionResults(connect(secure.url)).get(SESSION_ID)
    assert secure.requests == []


def test_a_certificate_for_another_name_is_refused(
    secure: Server, certificate: tuple[Path, Path], connect: Connect
) -> None:
    url = secure.url.replace("localhost", "127.0.0.1")
    with pytest.raises(ConnectionFailed):
        RekognitionResults(connect(url, ca_bundle=str(certificate[0]))).get(SESSION_ID)


def test_without_verification_any_certificate_is_taken_and_nothing_warns(secure: Server, connect: Connect) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = RekognitionResults(connect(secure.url, verify_ssl=False, ca_bundle="/nowhere"))
        assert results.get(SESSION_ID).session_id == SESSION_ID
