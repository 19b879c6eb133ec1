"""Settings that the doctor warns of, although they are allowed."""

from pathlib import Path

import pytest

from watcher.cli.check.finding import Finding
from watcher.cli.check.rules import check_rules
from watcher.config import Loaded, load

QUIET = {"aws.connect_timeout": "5", "aws.read_timeout": "10", "aws.region": "eu-west-1"}


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a settings file."""
    monkeypatch.chdir(tmp_path)


def loaded(**settings: str) -> Loaded:
    """Settings that bring no warning, but for these."""
    return load(None, QUIET | settings, {}, Path())


def warnings_of(given: Loaded) -> list[Finding]:
    return [finding for finding in check_rules(given) if finding.level == "warning"]


def test_settings_that_fit_together_bring_no_warning() -> None:
    findings = list(check_rules(loaded(**{"decision.policies": '{"payout": {"threshold": 95}, "other": {}}'})))
    assert [finding.level for finding in findings] == ["ok"] * 3
    assert findings[2].what == "default 80, payout 95, other 80"


def test_a_variable_that_changes_what_the_file_says_is_named(tmp_path: Path) -> None:
    (tmp_path / "watcher.toml").write_text("[decision]\nthreshold = 90\n")
    found = load(None, QUIET, {"WATCHER_DECISION__THRESHOLD": "85"}, tmp_path)
    (warned,) = warnings_of(found)
    assert (
        warned.what
        == "decision.threshold: the variable WATCHER_DECISION__THRESHOLD counts, and not what watcher.toml says"
    )


@pytest.mark.parametrize(
    ("given", "subject", "words"),
    [
        ({"aws.read_timeout": "0"}, "time-outs", "aws.read_timeout = 0"),
        ({"aws.connect_timeout": "0"}, "time-outs", "aws.connect_timeout = 0"),
        ({"polling.session_timeout": "29"}, "time-outs", "a call that hangs may take 15 s"),
        ({"shutdown.drain_timeout": "9"}, "time-outs", "may cut off a call under way"),
        ({"aws.sign_request": "false"}, "signing", "aws.sign_request = false"),
    ],
)
def test_each_doubtful_setting_brings_one_warning_with_a_fix(given: dict[str, str], subject: str, words: str) -> None:
    (found,) = warnings_of(loaded(**given))
    assert found.subject == subject
    assert words in found.what
    assert found.fix


def test_the_aws_clis_time_outs_bring_one_warning_that_says_why_and_what_to_set() -> None:
    (found,) = warnings_of(loaded(**{"aws.connect_timeout": "60", "aws.read_timeout": "60"}))
    assert "may take 120 s" in found.what
    assert "of the 180 s that a session has: if two hang" in found.what
    assert found.fix == "set aws.connect_timeout = 5 and aws.read_timeout = 10"
    settled = loaded(**{"aws.connect_timeout": "5", "aws.read_timeout": "10"})
    assert {finding.level for finding in check_rules(settled)} == {"ok"}


def test_a_region_that_nobody_gave_is_doubtful() -> None:
    assert "region" in [finding.subject for finding in warnings_of(load(None, {}, {}, Path()))]


@pytest.mark.parametrize(
    ("host", "warns"),
    [
        ("sqs.eu-west-1.amazonaws.com", False),
        ("sqs.us-east-1.amazonaws.com", True),
        ("vpce-1-2.sqs.us-east-1.vpce.amazonaws.com", True),
        ("queue.amazonaws.com", True),
    ],
)
def test_a_queue_in_another_region_is_doubtful_however_its_url_is_written(host: str, warns: bool) -> None:
    given = loaded(**{"queue.url": f"https://{host}/1/q", "ledger.url": "none"})
    doubts = [finding.what for finding in warnings_of(given)]
    assert [what.endswith("only in the region that it was created in") for what in doubts] == [True] * warns
