from pathlib import Path

import pytest

from watcher.app.endpoint_risks import endpoint_risks
from watcher.config import load

SNS = '[[sinks]]\ntype = "sns"\ntopic_arn = "arn:aws:sns:us-east-1:1:t"\n'
DYNAMODB = '[ledger]\nurl = "dynamodb:///decisions"\n'


@pytest.fixture(autouse=True)
def aws_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AWS's configuration file, with none of this machine's."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    return tmp_path / "config"


def told(tmp_path: Path, settings: str = "", **environ: str) -> list[str]:
    (tmp_path / "watcher.toml").write_text(settings)
    loaded = load(tmp_path / "watcher.toml", {}, environ, tmp_path)
    return [risk.what.partition(": anyone")[0] for risk in endpoint_risks(loaded.settings, environ)]


def test_without_any_endpoint_there_is_no_risk(tmp_path: Path, aws_file: Path) -> None:
    assert told(tmp_path) == []
    aws_file.write_text("[default]\nregion = eu-west-1\n")
    assert told(tmp_path) == []


def test_an_endpoint_of_a_profile_counts(tmp_path: Path, aws_file: Path) -> None:
    aws_file.write_text("[profile p]\nendpoint_url = http://me:hunter2@proxy.example/x?t=hunter2\n")
    assert told(tmp_path) == []
    shown = "http://***@proxy.example/x?***"
    assert told(tmp_path, f'[aws]\nprofile = "p"\n{SNS}{DYNAMODB}') == [
        f"AWS's variables or files name {shown} for rekognition, dynamodb, sns, sts"
    ]
    own = '[aws]\nprofile = "p"\nendpoint_url = "https://own.example"\nsign_request = false\n'
    assert told(tmp_path, own) == []


def test_each_service_of_a_services_section_counts_if_it_is_used(tmp_path: Path, aws_file: Path) -> None:
    sections = "\n".join(f"{name} =\n  endpoint_url = http://{name}.example" for name in ("dynamodb", "sts", "sns"))
    aws_file.write_text(f"[default]\nservices = own\n[services own]\n{sections}\n")
    assert told(tmp_path) == ["AWS's variables or files name http://sts.example for sts"]
    assert told(tmp_path, DYNAMODB) == [
        f"AWS's variables or files name http://{name}.example for {name}" for name in ("dynamodb", "sts")
    ]


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])
def test_a_variable_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://db.example")
    (line,) = told(tmp_path, DYNAMODB, **{name: "http://db.example"})
    assert line.startswith("AWS's variables or files name http://db.example for dynamodb")


@pytest.mark.parametrize("url", ["https://proxy.example", "http://127.0.0.1:4566", "http://localhost:4566"])
def test_tls_and_this_machine_are_no_risk(tmp_path: Path, aws_file: Path, url: str) -> None:
    aws_file.write_text(f"[default]\nendpoint_url = {url}\n")
    assert told(tmp_path) == []


def test_what_botocore_ignores_is_no_risk(tmp_path: Path, aws_file: Path) -> None:
    aws_file.write_text("[default]\nendpoint_url = http://proxy.example\nignore_configured_endpoint_urls = true\n")
    assert told(tmp_path) == []


def test_no_client_is_built_for_endpoints_that_are_no_risk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them would take a third of the start."""
    monkeypatch.setattr("watcher.app.endpoint_risks.build_client", lambda *_, **__: pytest.fail("a client is built"))
    assert told(tmp_path, AWS_ENDPOINT_URL="http://127.0.0.1:8080") == []
