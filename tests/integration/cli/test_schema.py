"""`watcher schema` and `watcher secret new`, as processes."""

import base64
import json
import sys
from pathlib import Path
from subprocess import run as spawn

import pytest
from jsonschema import Draft202012Validator
from standardwebhooks import Webhook

from tests.support import ROOT, environment_of, run_watcher
from watcher.config import json_schema
from watcher.consumer.message_schema import message_schema
from watcher.decisions.event_schema import event_schema
from watcher.sinks.webhook.signing import KeyFile

HEAVY = {"boto3", "botocore", "pydantic", "prometheus_client", "rich", "structlog", "tenacity"}


@pytest.mark.parametrize(
    ("name", "schema"), [("event", event_schema()), ("message", message_schema()), ("config", json_schema())]
)
def test_the_schema_is_printed(tmp_path: Path, name: str, schema: object) -> None:
    done = run_watcher(tmp_path, "schema", name)
    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    assert printed == schema
    Draft202012Validator.check_schema(printed)


def test_the_schema_of_the_settings_has_two_names(tmp_path: Path) -> None:
    assert run_watcher(tmp_path, "schema", "config").stdout == run_watcher(tmp_path, "config", "schema").stdout


@pytest.mark.parametrize("arguments", [["schema", "event"], ["schema", "message"], ["secret", "new"]], ids=" ".join)
def test_it_starts_without_what_it_does_not_need(arguments: list[str]) -> None:
    code = (
        "import sys; from watcher.cli import cli; cli.main(sys.argv[1:], standalone_mode=False); "
        f"print(sorted({HEAVY!r} & sys.modules.keys()), file=sys.stderr)"
    )
    done = spawn(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, env=environment_of(), capture_output=True, check=True
    )
    assert done.stderr.decode().strip() == "[]"


@pytest.mark.parametrize("size", [None, 24, 64])
def test_a_new_secret_signs_and_verifies(tmp_path: Path, size: int | None) -> None:
    options = ["--bytes", str(size)] if size else []
    secrets = [run_watcher(tmp_path, "secret", "new", *options).stdout for _ in range(2)]
    assert secrets[0] != secrets[1]
    for secret in secrets:
        key = base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
        assert len(key) == (size or 32)
        path = tmp_path / "secret"
        path.write_text(secret)
        path.chmod(0o600)
        assert KeyFile("webhook", str(path)).keys() == [key]
        assert Webhook(secret.strip())


@pytest.mark.parametrize("size", ["23", "65", "x"])
def test_a_key_that_no_receiver_takes_is_refused(tmp_path: Path, size: str) -> None:
    done = run_watcher(tmp_path, "secret", "new", "--bytes", size)
    assert (done.returncode, done.stdout) == (2, "")
    assert size in done.stderr


@pytest.mark.parametrize("arguments", [["schema"], ["secret"], ["schema", "event"], ["secret", "new"]], ids=" ".join)
def test_help_says_what_it_is_for(tmp_path: Path, arguments: list[str]) -> None:
    done = run_watcher(tmp_path, *arguments, "--help")
    assert done.returncode == 0
    assert "schema" in done.stdout or "secret" in done.stdout
