"""What the doctor says of credentials, endpoint, permission and clock."""

import os
from typing import Any

import pytest

from tests.integration.support.doctor import by_subject
from watcher.cli.check.finding import Finding
from watcher.cli.check.service import check_service
from watcher.config import AwsSettings
from watcher.domain.errors import ConfigError
from watcher.simulator import Fault, Scenario, Simulator
from watcher.util.clock import SystemClock


def service(url: str, clock: Any = None, *, offline: bool = False, **aws: Any) -> dict[str, Finding]:
    made = AwsSettings(endpoint_url=url, connect_timeout=2.0, read_timeout=2.0, **aws)
    return by_subject(check_service(made, clock or SystemClock(), os.environ, offline=offline))


@pytest.mark.usefixtures("credentials")
def test_a_service_that_knows_no_such_session_is_well() -> None:
    with Simulator() as simulator:
        found = service(simulator.url)
    assert {name: finding.level for name, finding in found.items()} == dict.fromkeys(
        ["credentials", "endpoint", "permission", "clock"], "ok"
    )
    assert found["credentials"].what == "from env, access key id ending in 9876"
    assert "hidden-secret" not in str(found)
    assert "AKIA" not in str(found)


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    ("fault", "level", "words"),
    [
        ("access_denied", "failed", "allow rekognition:GetFaceLivenessSessionResults"),
        ("throttle", "ok", "throttled"),
        ("internal_error", "failed", "the call failed"),
        ("garbage_body", "failed", "the call failed"),
    ],
)
def test_what_the_service_says_to_one_call_decides(fault: str, level: str, words: str) -> None:
    with Simulator(Scenario.default().with_faults(Fault(fault))) as simulator:
        permission = service(simulator.url)["permission"]
    assert (permission.level, words in permission.line) == (level, True)


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(
    ("ahead", "level"), [(2.0, "ok"), (-2.0, "ok"), (60.0, "warning"), (-60.0, "warning"), (310.0, "failed")]
)
def test_a_clock_is_compared_with_the_services(ahead: float, level: str) -> None:
    class Skewed(SystemClock):
        def time(self) -> float:
            return super().time() + ahead

    with Simulator() as simulator:
        clock = service(simulator.url, Skewed())["clock"]
    assert clock.level == level
    assert level == "ok" or ("ahead of" if ahead > 0 else "behind") in clock.what


@pytest.mark.usefixtures("credentials")
def test_an_endpoint_out_of_reach_is_told_once() -> None:
    with Simulator() as simulator:
        url = simulator.url
    found = service(url)
    assert (found["endpoint"].level, "permission" in found) == ("failed", False)


@pytest.mark.parametrize("given", [0.0, 60.0])
def test_nobody_waits_for_the_doctor_as_long_as_a_poll_may_take(
    monkeypatch: pytest.MonkeyPatch, given: float
) -> None:
    built: list[AwsSettings] = []

    def build(aws: AwsSettings, **_: object) -> None:
        built.append(aws)
        raise ConfigError(["enough was seen"])

    monkeypatch.setattr("watcher.cli.check.service.build_client", build)
    aws = AwsSettings(connect_timeout=given, read_timeout=given)
    assert by_subject(check_service(aws, SystemClock(), {}, offline=False))["config"].what == "enough was seen"
    assert (built[0].connect_timeout, built[0].read_timeout) == (10.0, 10.0)


@pytest.mark.usefixtures("credentials")
def test_an_endpoint_is_told_without_its_secrets() -> None:
    with Simulator() as simulator:
        url = simulator.url.replace("://", "://svc:s3cr3t@")
        found = [service(url)["endpoint"]]
        shown = simulator.url
    found.append(service(url)["endpoint"])
    assert [finding.level for finding in found] == ["ok", "failed"]
    assert all(finding.what.startswith(shown) and "s3cr3t" not in finding.line for finding in found)


def test_credentials_that_are_nowhere_have_failed() -> None:
    with Simulator() as simulator:
        found = service(simulator.url)
    assert (found["credentials"].level, found["permission"].level) == ("failed", "failed")


def test_without_signing_no_credentials_are_missed() -> None:
    with Simulator() as simulator:
        found = service(simulator.url, sign_request=False)
    assert {finding.level for finding in found.values()} == {"ok"}


def test_offline_nobody_is_asked_for_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator() as simulator:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{simulator.url}/role")
        before = dict(os.environ)
        found = service(simulator.url, offline=True)
        assert simulator.calls == []
    assert list(found) == ["credentials"]
    assert found["credentials"].level == "warning"
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI was not asked" in found["credentials"].what
    assert dict(os.environ) == before
