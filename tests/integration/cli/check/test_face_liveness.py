"""What the doctor says of a region without Face Liveness, and of a botocore that drops feedback."""

import gzip
import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.session import Session

from watcher.cli.check.face_liveness import FIRST_BOTOCORE, REGIONS, check_face_liveness
from watcher.cli.check.finding import Finding
from watcher.config import AwsSettings
from watcher.rekognition import build_client


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's AWS configuration."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "WATCHER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


def found(region: str, endpoint_url: str = "") -> dict[str, Finding]:
    with closing(build_client(AwsSettings(region=region, endpoint_url=endpoint_url), concurrency=1)) as client:
        return {finding.subject: finding for finding in check_face_liveness(client)}


def test_the_regions_are_eight_that_have_rekognition() -> None:
    assert len(set(REGIONS)) == 8
    assert set(REGIONS) <= set(Session().get_available_regions("rekognition"))


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_with_face_liveness_needs_no_word(region: str) -> None:
    assert found(region) == {}


@pytest.mark.parametrize(
    "region", ["us-east-2", "eu-central-1", "ap-southeast-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"]
)
def test_a_region_without_it_is_a_warning_that_names_those_with_it(region: str) -> None:
    finding = found(region)["face liveness"]
    assert finding.level == "warning"
    assert region in finding.what
    assert all(name in finding.fix for name in REGIONS)


def test_a_private_link_to_such_a_region_is_warned_about_too() -> None:
    url = "https://vpce-0abc-123.rekognition.eu-central-1.vpce.amazonaws.com"
    assert "eu-central-1" in found("eu-central-1", url)["face liveness"].what


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://[::1]:8080", "https://rekognition.example", "http://simulator:8080"]
)
@pytest.mark.parametrize("variable", ["", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REKOGNITION"])
def test_an_endpoint_of_ones_own_has_any_region(monkeypatch: pytest.MonkeyPatch, url: str, variable: str) -> None:
    if variable:
        monkeypatch.setenv(variable, url)
    assert found("eu-central-1", "" if variable else url) == {}


@pytest.fixture
def older_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The service model as it was before feedback, where the AWS CLI keeps a user's own models."""
    model: dict[str, Any] = Loader().load_service_model("rekognition", "service-2")
    members = model["shapes"]["GetFaceLivenessSessionResultsResponse"]["members"]
    del members["Feedback"], members["Metadata"]
    folder = tmp_path / "models" / "rekognition" / "2016-06-27"
    folder.mkdir(parents=True)
    (folder / "service-2.json.gz").write_bytes(gzip.compress(json.dumps(model).encode()))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "models"))


@pytest.mark.usefixtures("older_model")
@pytest.mark.parametrize("url", ["", "http://127.0.0.1:8080"])
def test_a_service_model_without_feedback_is_a_warning_with_the_release_that_has_it(url: str) -> None:
    finding = found("us-east-1", url)["botocore"]
    assert (finding.level, "Feedback" in finding.what) == ("warning", True)
    assert f"'botocore>={FIRST_BOTOCORE}'" in finding.fix


def test_the_required_botocore_is_the_first_with_feedback() -> None:
    pyproject = (Path(__file__).parents[4] / "pyproject.toml").read_text()
    assert f'"botocore>={FIRST_BOTOCORE}"' in pyproject


@pytest.mark.usefixtures("older_model")
def test_the_command_warns_and_does_not_fail() -> None:
    command = [sys.executable, "-m", "watcher", "check", "--offline"]
    environment = {**os.environ, "WATCHER_AWS__REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a"}
    environment["AWS_SECRET_ACCESS_KEY"] = "b"
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning  face liveness  AWS had no Face Liveness in eu-central-1" in done.stdout
    assert "warning  botocore       the service model of botocore" in done.stdout
