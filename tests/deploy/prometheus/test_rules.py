"""The rule files, their tests and the runbooks hang together, and promtool is content with them."""

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.prometheus.documents import PROMETHEUS, alerts, groups, records
from watcher.config import Settings

RUNBOOKS = PROMETHEUS / "runbooks"
BASE = "{{ with $externalLabels.runbooks }}{{ . }}{{ else }}deploy/prometheus/runbooks{{ end }}/"
SECTIONS = ["What it means", "What it costs", "Where to look", "What to do"]
CASES = sorted(PROMETHEUS.glob("*.test.yml"))
IDLE = PROMETHEUS / "idle.test.yml"

with_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="needs Debian's prometheus package")


def expectations(path: Path) -> list[dict[str, Any]]:
    """What the cases of a file expect of alerts."""
    tests = yaml.safe_load(path.read_text())["tests"]
    return [expected for test in tests for expected in test["alert_rule_test"]]


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], cwd=PROMETHEUS, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@with_promtool
def test_promtool_finds_no_fault_in_the_rules() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", "rules.yml", "alerts.yml")


@with_promtool
def test_promtool_finds_no_fault_in_the_example_config() -> None:
    promtool("check", "config", "prometheus.example.yml")


def test_the_example_scrapes_where_the_watcher_listens_under_a_name_that_its_alert_knows() -> None:
    [scraped] = yaml.safe_load((PROMETHEUS / "prometheus.example.yml").read_text())["scrape_configs"]
    assert scraped["static_configs"] == [{"targets": [f"localhost:{Settings().http.port}"]}]
    [known] = re.findall(r'job=~"(.+?)"', alerts()["WatcherDown"]["expr"])
    assert re.fullmatch(known, scraped["job_name"])


@with_promtool
@pytest.mark.parametrize("path", CASES, ids=[path.name for path in CASES])
def test_the_cases_of_the_rules_pass(path: Path) -> None:
    promtool("test", "rules", path.name)


def test_each_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    seen: dict[str, set[bool]] = defaultdict(set)
    for path in CASES:
        for expected in expectations(path) if path != IDLE else ():
            seen[expected["alertname"]].add(bool(expected["exp_alerts"]))
    assert seen == {name: {True, False} for name in alerts()}


def test_each_alert_is_silent_about_a_fresh_idle_watcher() -> None:
    silent = {expected["alertname"] for expected in expectations(IDLE) if not expected["exp_alerts"]}
    assert silent == alerts().keys()


@pytest.mark.parametrize("path", CASES, ids=[path.name for path in CASES])
def test_the_cases_evaluate_what_is_recorded_before_what_rests_on_it(path: Path) -> None:
    names = [group["name"] for name in ("rules.yml", "alerts.yml") for group in groups(name)]
    assert yaml.safe_load(path.read_text())["group_eval_order"] == names


def test_no_two_groups_share_a_name() -> None:
    names = [group["name"] for name in ("rules.yml", "alerts.yml") for group in groups(name)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", alerts())
def test_each_alert_says_what_it_is_how_bad_and_what_to_do(name: str) -> None:
    alert = alerts()[name]
    assert re.fullmatch(r"Watcher([A-Z][a-z]+)+", name)
    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert len(alert["annotations"]["summary"]) <= 80
    assert alert["annotations"]["runbook_url"].startswith(BASE)


@pytest.mark.parametrize("name", alerts())
def test_each_alert_has_a_runbook_that_names_it(name: str) -> None:
    page = RUNBOOKS / alerts()[name]["annotations"]["runbook_url"].removeprefix(BASE)
    text = page.read_text()
    assert f"`{name}`" in text
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS


def test_each_runbook_belongs_to_an_alert() -> None:
    led_to = {alert["annotations"]["runbook_url"].removeprefix(BASE) for alert in alerts().values()}
    assert {page.name for page in RUNBOOKS.iterdir()} == led_to


def test_runbooks_name_no_alert_that_there_is_not() -> None:
    named = {word for page in RUNBOOKS.glob("*.md") for word in re.findall(r"`(Watcher\w+)`", page.read_text())}
    assert named == alerts().keys()


def test_what_is_recorded_keeps_to_the_convention_of_names() -> None:
    for record in records():
        assert re.fullmatch(r"(job|job_policy|job_code):watcher_[a-z_]+:[a-z0-9_]+", record)


def test_the_readme_lists_each_alert_with_its_severity_and_no_other() -> None:
    rows = re.findall(r"^\| `(Watcher\w+)` \| (\w+) \|", (PROMETHEUS / "README.md").read_text(), re.MULTILINE)
    assert rows == [(name, alert["labels"]["severity"]) for name, alert in alerts().items()]
