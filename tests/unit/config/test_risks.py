import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from watcher.config import Loaded, risks

Load = Callable[..., Loaded]

QUIET = """
[[sinks]]
type = "stdout"
"""


def told(loaded: Loaded) -> list[str]:
    return [f"{risk.subject}: {risk.what} - {risk.fix}" for risk in risks(loaded)]


def webhook(url: str, more: str = "") -> str:
    return f'[[sinks]]\ntype = "webhook"\nurl = "{url}"\n{more}'


@pytest.fixture
def secret(tmp_path: Path) -> str:
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    return f'secret_file = "{file}"\n'


def test_the_defaults_weaken_nothing(settings_of: Load) -> None:
    assert told(settings_of(QUIET)) == []


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ("[decision]\nthreshold = 49.9", "decision.threshold = 49.9 is below 50"),
        ("[decision.policies.easy]\nthreshold = 2", "decision.policies.easy.threshold = 2 is below 50"),
    ],
)
def test_a_threshold_below_what_aws_recommends_is_a_risk(settings_of: Load, settings: str, key: str) -> None:
    (line,) = told(settings_of(settings))
    assert line.startswith(f"thresholds: {key}")


def test_certificates_that_nobody_checks_are_a_risk(settings_of: Load) -> None:
    (line,) = told(settings_of("[aws]\nverify_ssl = false\n"))
    assert line.startswith("tls: aws.verify_ssl = false: anyone on the network path can answer in AWS's name")


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ('[aws]\nendpoint_url = "http://proxy.example/x?t=abc"', 'aws.endpoint_url = "http://proxy.example/x?***"'),
        ('[aws]\nendpoint_url = " HTTP://Proxy.example"', 'aws.endpoint_url = "http://proxy.example"'),
        ('[queue]\nendpoint_url = "http://10.0.0.1"', 'queue.endpoint_url = "http://10.0.0.1"'),
        (
            '[queue]\nurl = "http://sqs.example/1/q"\n[ledger]\nurl = "none"',
            'queue.url = "http://sqs.example/1/q"',
        ),
        (
            '[[sinks]]\ntype = "sqs"\nqueue_url = "http://sqs.example/1/q"',
            'sinks[0].queue_url = "http://sqs.example/1/q"',
        ),
        (
            '[[sinks]]\ntype = "sns"\ntopic_arn = "arn:aws:sns:us-east-1:1:t"\nendpoint_url = "http://sns.example"',
            'sinks[0].endpoint_url = "http://sns.example"',
        ),
    ],
)
def test_an_endpoint_without_tls_is_a_risk_unless_it_is_this_machine(
    settings_of: Load, settings: str, key: str
) -> None:
    (line,) = told(settings_of(settings))
    assert line == f"tls: {key}: anyone on the network path can read and change what is sent - give an https URL"


@pytest.mark.parametrize(
    "host", ["localhost:4566", "127.0.0.1:1", "127.1.2.3", "[::1]:80", "LOCALHOST", "sqs.localhost", "localhost."]
)
def test_this_machine_is_no_risk(settings_of: Load, host: str) -> None:
    assert told(settings_of(f'[aws]\nendpoint_url = "http://{host}"\n')) == []


@pytest.mark.parametrize("host", ["localhost.example", "user:localhost@h", "128.0.0.1", "[::2]", "notlocalhost"])
def test_what_only_looks_like_this_machine_is(settings_of: Load, host: str) -> None:
    assert len(told(settings_of(f'[aws]\nendpoint_url = "http://{host}"\n'))) == 1


def test_a_webhook_is_signed_and_encrypted_or_a_risk(settings_of: Load, secret: str) -> None:
    assert told(settings_of(webhook("https://h.example/x", secret))) == []
    assert [line.partition(":")[0] for line in told(settings_of(webhook("https://h.example/x")))] == ["sink webhook"]
    plain = told(settings_of(webhook("http://h.example/abc", f"{secret}allow_private = true\n")))
    what = 'sinks[0].url = "http://h.example/***": anyone on the network path can read and change what is sent'
    assert plain == [f"tls: {what} - give an https URL"]


def test_a_secret_that_everybody_can_read_is_a_risk(settings_of: Load, secret: str, tmp_path: Path) -> None:
    (tmp_path / "secret").chmod(0o644)
    (line,) = told(settings_of(webhook("https://h.example/x", secret)))
    assert "can be read by everyone" in line


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_files_that_others_can_change_are_a_risk_for_a_user_and_an_error_for_root(
    settings_of: Load,
    problems_of: Callable[..., list[str]],
    secret: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, file = webhook("https://h.example/x", secret), tmp_path / "watcher.toml"
    file.touch()
    file.chmod(0o666)
    (problem,) = problems_of(text)
    assert problem.startswith(f"watcher.toml (found there) can't be trusted: {file} can be written by everybody")
    assert problem.endswith(f"(mode 0666), and root runs this: chmod go-w {file}, or name another file with --config")
    os.chown(tmp_path / "secret", 4242, 0)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.chdir(tmp_path)
    assert [line.partition(":")[0] for line in told(settings_of(text))] == ["config", "sink webhook"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("by", ["--config", "WATCHER_CONFIG", "found"])
def test_root_reads_no_settings_of_another_user(
    settings_of: Load, problems_of: Callable[..., list[str]], tmp_path: Path, by: str
) -> None:
    file = tmp_path / "watcher.toml"
    file.write_text("")
    os.chown(file, 4242, 4242)
    given: dict[str, dict[str, Any]] = {
        "--config": {"config": file},
        "WATCHER_CONFIG": {"environ": {"WATCHER_CONFIG": str(file)}},
        "found": {},
    }
    (problem,) = problems_of(None, **given[by])
    assert f"{file} is owned by 4242, and root runs this: chown root {file}" in problem
    assert settings_of(None, config=Path(os.devnull)).file == Path(os.devnull)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_certificates_that_others_can_change_are_a_risk_for_root_too(
    settings_of: Load, secret: str, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch(mode=0o644)
    text = f'[aws]\nca_bundle = "{bundle}"\n' + webhook("https://h.example/x", f'{secret}ca_bundle = "{bundle}"\n')
    assert told(settings_of(text)) == []
    os.chown(bundle, 4242, 0)
    assert [line.partition(":")[0] for line in told(settings_of(text))] == ["tls", "sink webhook"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_root_judges_the_file_that_it_reads(
    problems_of: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody moves a file of theirs in and out of a shared folder: it is there just while it is opened."""
    file, real = tmp_path / "watcher.toml", os.open

    def in_between(path: Path, flags: int) -> int:
        file.write_text("[decision]\nthreshold = 70\n")
        os.chown(file, 4242, 4242)
        descriptor = real(path, flags)
        file.unlink()
        return descriptor

    monkeypatch.setattr("watcher.util.files.os.open", in_between)
    (problem,) = problems_of(None, config=file)
    assert "can't be trusted" in problem
    assert "can't be checked (No such file or directory), and root runs this" in problem


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("is_there", [False, True])
def test_a_file_of_decisions_that_others_can_change_is_a_risk(
    settings_of: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    text = f'[[sinks]]\ntype = "file"\npath = "{folder}/decisions.jsonl"\n'
    if is_there:
        (folder / "decisions.jsonl").touch(mode=0o640)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.chdir(tmp_path)
    assert told(settings_of(text)) == []
    folder.chmod(0o1777)
    (line,) = told(settings_of(text))
    assert line.startswith(
        f"sink file: its folder {folder} can be written by everybody (mode 1777): others can change"
    )
