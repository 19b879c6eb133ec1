import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support import run_watcher
from watcher.cli import cli
from watcher.config import sources


@pytest.fixture(autouse=True)
def a_clean_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "WATCHER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sources, "SYSTEM_FILE", tmp_path / "none.toml")
    monkeypatch.chdir(tmp_path)


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, args, catch_exceptions=False)


def test_show_prints_toml_on_stdout() -> None:
    result = run("config", "show", "--set", "polling.jitter=0.5")

    assert (result.exit_code, result.stderr) == (0, "")
    assert tomllib.loads(result.stdout)["polling"]["jitter"] == 0.5
    assert "jitter = 0.5  # --set\n" in result.stdout


def test_show_prints_json() -> None:
    told = json.loads(run("config", "show", "--json").stdout)
    assert told["settings"]["aws"]["region"] == "us-east-1"


def test_the_aws_clis_options_are_shortcuts() -> None:
    options = ["--region", "eu-west-1", "--profile", "p", "--endpoint-url", "http://localhost:1", "--no-sign-request"]
    options += ["--no-verify-ssl", "--cli-connect-timeout", "0", "--cli-read-timeout", "7"]

    told = json.loads(run("config", "show", "--json", *options).stdout)

    assert told["settings"]["aws"] == {
        "region": "eu-west-1",
        "profile": "p",
        "endpoint_url": "http://localhost:1",
        "ca_bundle": "",
        "verify_ssl": False,
        "sign_request": False,
        "connect_timeout": 0.0,
        "read_timeout": 7.0,
    }
    assert told["origins"]["aws.region"] == "--region"
    assert told["origins"]["aws.verify_ssl"] == "--no-verify-ssl"


def test_a_named_file_is_read_and_the_command_line_beats_it() -> None:
    Path("own.toml").write_text('[aws]\nregion = "eu-west-1"\nca_bundle = "a"\n')
    told = json.loads(run("config", "show", "--json", "--config", "own.toml", "--ca-bundle", "b").stdout)

    assert (told["file"], told["settings"]["aws"]["region"], told["settings"]["aws"]["ca_bundle"]) == (
        "own.toml",
        "eu-west-1",
        "b",
    )


def test_each_problem_is_a_line_on_stderr_and_the_code_is_78() -> None:
    result = run("config", "show", "--set", "http.port=x", "--set", "log.level=loud", "--cli-read-timeout", "-1")

    assert (result.exit_code, result.stdout) == (78, "")
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("watcher: ") for line in lines)
    assert "watcher: aws.read_timeout = -1.0 is below 0 (from --cli-read-timeout): give at least 0" in lines


@pytest.mark.parametrize("text", ["https://h/hunter2", "me:hunter2@h", "hunter2", "aws.https://h/hunter2"])
def test_a_secret_without_a_key_is_not_repeated(text: str) -> None:
    result = run("config", "show", "--set", text)
    assert result.exit_code == 78
    assert "hunter2" not in result.output
    assert "has no value: write SECTION.KEY=VALUE" in result.output


@pytest.mark.parametrize(
    "args", [["--config", "nope.toml"], ["--config", "."], ["--set", "http.port"], ["--set", "=1"]]
)
def test_a_mistake_on_the_command_line_is_no_traceback(args: list[str]) -> None:
    result = run("config", "show", *args)

    assert result.exit_code == 78
    assert result.stderr.startswith("watcher: ")


def test_set_may_have_equals_signs_in_its_value() -> None:
    told = json.loads(run("config", "show", "--json", "--set", "aws.profile=a=b").stdout)
    assert told["settings"]["aws"]["profile"] == "a=b"


def test_set_may_have_blanks_around_the_equals_sign_as_in_a_file() -> None:
    told = json.loads(run("config", "show", "--json", "--set", "aws.region = eu-west-1 ").stdout)
    assert told["settings"]["aws"]["region"] == "eu-west-1"


def test_set_beats_the_shortcut_and_is_named() -> None:
    told = json.loads(
        run("config", "show", "--json", "--region", "eu-west-1", "--set", "aws.region=eu-west-2").stdout
    )
    assert (told["settings"]["aws"]["region"], told["origins"]["aws.region"]) == ("eu-west-2", "--set")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ('queue.url = "sqlite:///ü.db"', "queue.url"),
        ('ledger.url = "sqlite:///ü.db"', "ledger.url"),
        ('aws.ca_bundle = "ü.pem"', "aws.ca_bundle"),
        ('[[sinks]]\ntype = "file"\npath = "ü"', "sinks[0].path"),
        ('[[sinks]]\ntype = "webhook"\nurl = "https://a.example"\nsecret_file = "ü"', "sinks[0].secret_file"),
    ],
)
def test_a_file_whose_name_this_system_can_not_write_is_named(tmp_path: Path, settings: str, key: str) -> None:
    (tmp_path / "watcher.toml").write_text(settings, "utf-8")
    result = run_watcher(tmp_path, "config", "show", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (result.returncode, len(result.stderr.splitlines())) == (78, 1)
    assert key in result.stderr
    assert "LC_ALL" in result.stderr


def test_schema_prints_the_json_schema() -> None:
    schema = json.loads(run("config", "schema").stdout)
    assert schema["properties"]["polling"]


def test_the_options_import_no_heavy_library() -> None:
    code = "import sys, watcher.cli.config; print([m for m in ('pydantic', 'boto3', 'rich') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
