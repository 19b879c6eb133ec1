"""Botocore's own sources of credentials, each failing in its ways: all of it is one error, in our words."""

import json
import os
import stat
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from watcher.aws.client import find, live_credentials
from watcher.aws.credentials import LiveCredentials
from watcher.aws.errors import CredentialsUnavailable
from watcher.config import AwsSettings

CANARY = "c4n4ry"
AWS = AwsSettings(connect_timeout=1, read_timeout=1)
ROLE = "arn:aws:iam::123456789012:role/r"
NOWHERE = "http://127.0.0.1:9"

Prepare = Callable[[Path], dict[str, str]]


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def profile(lines: str) -> Prepare:
    def prepare(folder: Path) -> dict[str, str]:
        (folder / "config").write_text(f"[default]\nregion = us-east-1\n{lines}\n")
        return {}

    return prepare


def prints(script: str, mode: int = 0o700) -> Prepare:
    """A credential_process that runs this."""

    def prepare(folder: Path) -> dict[str, str]:
        helper = folder / "helper.py"
        helper.write_text(f"#!{sys.executable}\nimport os, sys\n{script}\n")
        helper.chmod(mode)
        return profile(f"credential_process = {helper}")(folder)

    return prepare


def environment(**variables: str) -> Prepare:
    return lambda _folder: variables


def web_identity(token: bytes | None) -> Prepare:
    def prepare(folder: Path) -> dict[str, str]:
        if token is not None:
            (folder / "token").write_bytes(token)
        own = {"AWS_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL_STS": NOWHERE, "NO_PROXY": "*"}
        return {**own, "AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token")}

    return prepare


def keys_file(content: bytes) -> Prepare:
    def prepare(folder: Path) -> dict[str, str]:
        (folder / "credentials").write_bytes(content)
        return {}

    return prepare


def broken_file(name: str, *, is_folder: bool = False) -> Prepare:
    def prepare(folder: Path) -> dict[str, str]:
        if is_folder:
            (folder / name).mkdir()
        else:
            (folder / name).write_text(f"[default\n{CANARY}")
        return {}

    return prepare


def printed(**members: object) -> Prepare:
    return prints(f"print({json.dumps(json.dumps(members))})")


VALID = {"Version": 1, "AccessKeyId": "K", "SecretAccessKey": CANARY}
FAILURES: dict[str, Prepare] = {
    "nothing": environment(),
    "process prints no JSON": prints(f"print('{CANARY}')"),
    "process prints nothing": prints(""),
    "process prints a list": prints(f"print('[\"{CANARY}\"]')"),
    "process prints null": prints("print('null')"),
    "process prints no UTF-8": prints("os.write(1, b'\\xff\\xfe')"),
    "process fails": prints(f"sys.exit('{CANARY}')"),
    "process fails without UTF-8": prints("os.write(2, b'\\xff'); sys.exit(1)"),
    "process is killed": prints("os.kill(os.getpid(), 9)"),
    "process of another version": printed(Version=CANARY),
    "process without keys": printed(Version=1, Other=CANARY),
    "process with a key of an odd type": printed(Version=1, AccessKeyId=[CANARY], SecretAccessKey=CANARY),
    "process with an odd expiry": printed(**VALID, Expiration=CANARY),
    "process with an expiry of an odd type": printed(**VALID, Expiration=5),
    "process with expired keys": printed(**VALID, Expiration="2001-01-01T00:00:00Z"),
    "process with a line break": printed(**VALID, SessionToken=f"{CANARY}\n"),
    "process does not exist": profile(f"credential_process = /nowhere/{CANARY} --token {CANARY}"),
    "process is quoted badly": profile(f"credential_process = 'x {CANARY}"),
    "process is a folder": profile("credential_process = /tmp"),
    "process is no program": prints("", mode=stat.S_IRUSR | stat.S_IWUSR),
    "no web identity token file": web_identity(None),
    "web identity token without UTF-8": web_identity(b"\xff"),
    "web identity and no STS": web_identity(CANARY.encode()),
    "no source profile": profile(f"role_arn = {ROLE}\nsource_profile = nobody"),
    "its own source profile": profile(f"role_arn = {ROLE}\nsource_profile = default"),
    "an unknown source": profile(f"role_arn = {ROLE}\ncredential_source = {CANARY}"),
    "a source without keys": profile(f"role_arn = {ROLE}\ncredential_source = Environment"),
    "a role by a role that isn't there": profile(f"role_arn = {ROLE}"),
    "half of the keys in the environment": environment(AWS_ACCESS_KEY_ID=CANARY),
    "an odd expiry in the environment": environment(
        AWS_ACCESS_KEY_ID="K", AWS_SECRET_ACCESS_KEY=CANARY, AWS_CREDENTIAL_EXPIRATION=CANARY
    ),
    "expired keys in the environment": environment(
        AWS_ACCESS_KEY_ID="K", AWS_SECRET_ACCESS_KEY=CANARY, AWS_CREDENTIAL_EXPIRATION="2001-01-01T00:00:00Z"
    ),
    "a token with a line break": environment(
        AWS_ACCESS_KEY_ID="K", AWS_SECRET_ACCESS_KEY="s", AWS_SESSION_TOKEN=f"{CANARY}\n"
    ),
    "half of the keys in the file": keys_file(f"[default]\naws_access_key_id = {CANARY}\n".encode()),
    "keys file without UTF-8": keys_file(b"[default]\naws_access_key_id = \xff\n"),
    "keys file that is no INI": broken_file("credentials"),
    "config file that is no INI": broken_file("config"),
    "keys file is a folder": broken_file("credentials", is_folder=True),
    "config file is a folder": broken_file("config", is_folder=True),
    "agent that is not up": environment(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{NOWHERE}/{CANARY}"),
    "agent on a forbidden host": environment(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"http://{CANARY}.example/"),
    "agent without a URL": environment(AWS_CONTAINER_CREDENTIALS_FULL_URI=CANARY),
    "agent whose token has a line break": environment(
        AWS_CONTAINER_CREDENTIALS_FULL_URI=NOWHERE, AWS_CONTAINER_AUTHORIZATION_TOKEN=f"{CANARY}\n"
    ),
    "agent without its token file": environment(
        AWS_CONTAINER_CREDENTIALS_FULL_URI=NOWHERE, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=f"/nowhere/{CANARY}"
    ),
    "SSO without a session": profile("sso_session = nobody\nsso_account_id = 1\nsso_role_name = r"),
    "half of SSO": profile("sso_start_url = https://x.example\nsso_account_id = 1"),
    "SSO that nobody has signed in to": profile(
        "sso_start_url = https://x.example\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r"
    ),
    "attempts that are no number": environment(AWS_METADATA_SERVICE_NUM_ATTEMPTS=CANARY),
    "a time-out that is no number": environment(AWS_METADATA_SERVICE_TIMEOUT=CANARY),
    "a profile that isn't there": environment(AWS_PROFILE="nobody"),
}


def patient(live: LiveCredentials) -> str:
    with pytest.raises(CredentialsUnavailable) as caught:
        live.get_frozen_credentials()
    return str(caught.value)


@pytest.mark.parametrize("name", FAILURES)
def test_every_failure_is_one_error_that_quotes_nothing(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # botocore's, between its tries of an agent
    for variable, value in FAILURES[name](folder).items():
        monkeypatch.setenv(variable, value)
    text = patient(live_credentials(AWS))
    assert text.startswith("no AWS credentials: ")
    assert len(text) < 300
    assert CANARY not in text
    assert CANARY not in caplog.text


def test_a_process_that_hangs_is_not_waited_for(folder: Path) -> None:
    prints(f"open({str(folder / 'pipe')!r}).read()")(folder)
    os.mkfifo(folder / "pipe")
    live = LiveCredentials(partial(find, AWS), [], wait=0.0)
    assert "their source has not answered for 0 s" in patient(live)
    with (folder / "pipe").open("w"):
        pass  # lets the helper end


def test_what_a_process_prints_is_used(folder: Path) -> None:
    printed(Version=1, AccessKeyId="K", SecretAccessKey="s", SessionToken="t", Expiration="2099-01-01T00:00:00Z")(
        folder
    )
    found = live_credentials(AWS).get_frozen_credentials()
    assert (found.access_key, found.secret_key, found.token) == ("K", "s", "t")


def test_keys_of_the_environment_go_before_the_default_profile_and_a_named_one_before_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "credentials").write_text("[named]\naws_access_key_id = FILE\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_PROFILE", "named")
    assert find(AWS).access_key == "ENVIRONMENT"
    assert find(AWS.model_copy(update={"profile": "named"})).access_key == "FILE"


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_a_profile_that_aws_s_files_lack_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "nope")
    with pytest.raises(CredentialsUnavailable, match="no profile 'nope'"):
        find(AwsSettings())
