"""What a peer needs: said in its row where it is missing, made where it can be."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.peers import environment
from tests.benchmarks.peers.environment import SKIP, VARIABLE, aiobotocore_python, missing
from tests.benchmarks.peers.workers import Peer, direct, peers


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(environment, "has_package", lambda _name: False)
    monkeypatch.setattr(shutil, "which", lambda _name: None)


def peer(*needs: str) -> Peer:
    return Peer("some peer", needs, direct("none"), "fixed")


def test_each_missing_need_is_named_with_its_remedy() -> None:
    assert "package huey is not installed (the extra `dev`" in missing(peer("huey"), "")
    assert "apt-get install redis-server" in missing(peer("redis-server"), "")
    assert missing(peer("aiobotocore"), "no network") == "no network"
    assert missing(peer("aiobotocore"), "") == ""
    assert missing(peer(), "no network") == ""


def test_a_python_that_is_named_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/opt/aio/bin/python")
    assert aiobotocore_python("") == ("/opt/aio/bin/python", "")


def test_no_environment_is_made_where_none_is_wanted() -> None:
    python, reason = aiobotocore_python(SKIP)
    assert python == ""
    assert VARIABLE in reason


def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_how: object) -> None:
        commands.append(command)
        Path(command[-1]).mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.chdir(tmp_path)
    first, again = aiobotocore_python(str(tmp_path / "cache")), aiobotocore_python(str(tmp_path / "cache"))
    assert first == again
    assert first[0].startswith(str(tmp_path))
    assert commands[0][:3] == [sys.executable, "-m", "venv"]
    assert commands[1][-2:] == ["aiobotocore", "tenacity"]
    assert len(commands) == 2


def test_a_failed_installation_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_how: object) -> None:
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", run)
    python, reason = aiobotocore_python(str(tmp_path))
    assert python == ""
    assert reason.startswith("aiobotocore cannot be installed here")


def test_every_peer_has_a_name_of_its_own() -> None:
    names = [one.name for one in peers()]
    assert len(set(names)) == len(names) == 7
