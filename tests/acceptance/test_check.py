"""The real `watcher check`."""

import json
import os
import subprocess
from pathlib import Path

from tests.support import run_watcher
from watcher.simulator import Fault, Scenario, Simulator

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE00009876",
    "AWS_SECRET_ACCESS_KEY": "hidden-secret",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",
    "NO_PROXY": "*",
}


def watcher(cwd: Path, *arguments: str, url: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a command in `cwd` with made-up credentials and the endpoint `url`."""
    return run_watcher(cwd, *arguments, stdin=b"", **ENVIRONMENT, AWS_ENDPOINT_URL_REKOGNITION=url)


def test_a_watcher_that_can_work_has_a_line_for_each_part_and_exit_code_0(tmp_path: Path) -> None:
    with Simulator() as simulator:
        ended = watcher(tmp_path, "check", url=simulator.url)
    lines = ended.stdout.splitlines()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {line[:8].strip() for line in lines} <= {"ok", "warning"}
    subjects = {line[9:24].strip() for line in lines}
    assert subjects >= {"config", "time-outs", "credentials", "endpoint", "permission", "clock", "queue", "ledger"}
    assert "sink stdout" in subjects
    assert "hidden-secret" not in ended.stdout
    assert "\x1b" not in ended.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_missing_permission_is_named_and_exit_code_1(tmp_path: Path) -> None:
    with Simulator(Scenario.default().with_faults(Fault("access_denied"))) as simulator:
        ended = watcher(tmp_path, "check", url=simulator.url)
    bad = [line for line in ended.stdout.splitlines() if line.startswith("failed")]
    assert ended.returncode == 1
    assert len(bad) == 1
    assert "rekognition:GetFaceLivenessSessionResults" in bad[0]


def test_every_bad_setting_is_told_as_run_tells_it(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[polling]\njitter = 7\nmin_interval = -1\n")
    checked = watcher(tmp_path, "check", "--config", "bad.toml")
    run = watcher(tmp_path, "run", "--config", "bad.toml")
    problems = [line.removeprefix("watcher: ") for line in run.stderr.splitlines()]
    assert (checked.returncode, run.returncode, len(problems)) == (1, 78, 2)
    assert checked.stdout.splitlines() == [f"failed   config         {problem}" for problem in problems]


def test_offline_nothing_is_called(tmp_path: Path) -> None:
    with Simulator() as simulator:
        ended = watcher(tmp_path, "check", "--offline", url=simulator.url)
        assert simulator.calls == []
    assert ended.returncode == 0
    assert "endpoint" not in ended.stdout


def test_json_is_one_object_a_line_with_the_same_exit_code(tmp_path: Path) -> None:
    ended = watcher(tmp_path, "check", "--offline", "--json")
    findings = [json.loads(line) for line in ended.stdout.splitlines()]
    assert findings[0] == {
        "level": "ok",
        "subject": "config",
        "what": "no file; defaults, environment and options",
        "fix": "",
    }
    assert ended.returncode == ("failed" in {finding["level"] for finding in findings})
    bad = watcher(tmp_path, "check", "--json", "--set", "http.port=x", "--set", "polling.jitter=2")
    assert [(line["level"], line["subject"]) for line in map(json.loads, bad.stdout.splitlines())] == [
        ("failed", "config")
    ] * 2
    assert bad.returncode == 1


def test_an_unknown_region_fails_check_and_ends_run_with_78(tmp_path: Path) -> None:
    words = 'aws.region = "eu-wst-1" is an unknown region (from --region): did you mean eu-west-1?'
    checked = watcher(tmp_path, "check", "--offline", "--region", "eu-wst-1")
    assert (checked.returncode, checked.stdout.splitlines()[-1]) == (1, f"failed   config         {words}")
    ran = watcher(tmp_path, "run", "--region", "eu-wst-1")
    assert (ran.returncode, ran.stdout) == (78, "")
    assert f"watcher: {words}" in ran.stderr.splitlines()
