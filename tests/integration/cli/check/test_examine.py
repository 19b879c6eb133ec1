"""The doctor's examination as a whole: a part that breaks does not end it."""

import os
from pathlib import Path

import pytest

from tests.integration.support.doctor import loaded
from watcher.cli.check.examine import bad_config, examine
from watcher.config import load
from watcher.domain.errors import ConfigError
from watcher.util.clock import SystemClock


def test_bad_settings_have_the_lines_that_run_would_print() -> None:
    lines = [finding.line for finding in bad_config(ConfigError(["a = 1: is wrong", "b = 2: is worse"]))]
    assert lines == ["failed   config         a = 1: is wrong", "failed   config         b = 2: is worse"]


@pytest.mark.usefixtures("credentials")
def test_a_part_that_breaks_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("watcher.cli.check.examine.check_queue", broken)
    findings = list(examine(loaded(), SystemClock(), os.environ, offline=True))
    assert [finding.subject for finding in findings if finding.level == "failed"] == ["queue"]
    assert findings[-1].subject == "sink stdout"


def test_a_profile_that_is_not_there_ends_the_examination() -> None:
    findings = list(examine(load(None, {"aws.profile": "nix"}, {}, Path.cwd()), SystemClock(), {}, offline=True))
    assert [finding.level for finding in findings] == ["ok", "failed"]
    assert "aws.profile" in findings[1].what
