"""The README says what is true now."""

import json
import re
from pathlib import Path

import pytest

from watcher.config import Settings
from watcher.domain.decision_table import DECISIONS
from watcher.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SECURITY = ROOT / ".github" / "SECURITY.md"

SETTINGS = [
    (f"{section}.{name}", field.get_default(call_default_factory=True), field.description)
    for section, group in Settings.model_fields.items()
    if section != "sinks" and group.annotation is not None
    for name, field in group.annotation.model_fields.items()
    if name != "policies"
]


@pytest.mark.parametrize(("key", "default", "meaning"), SETTINGS, ids=[key for key, _, _ in SETTINGS])
def test_each_setting_is_listed_with_its_default_and_meaning(key: str, default: object, meaning: str) -> None:
    assert f"| `{key}` | `{json.dumps(default)}` | {meaning} |" in README


def test_no_setting_is_listed_that_there_is_not() -> None:
    listed = set(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", README, re.MULTILINE))
    assert listed == {key for key, _, _ in SETTINGS}


def test_each_row_of_the_decision_table_is_there() -> None:
    rows = set(re.findall(r"^\| `(live|not_live|inconclusive)` \| `([a-z_]+)` \|", README, re.MULTILINE))
    assert rows == {(outcome.value, reason.value) for outcome, reason in DECISIONS}


def test_each_metric_is_listed_and_no_other() -> None:
    metrics = Metrics([], ["stdout"])
    metrics.show(rate=lambda: 0.0, in_flight=lambda: 0.0, progress=lambda: {"consumer": 1.0}, dropped_lines=lambda: 0)
    there = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in metrics.registry.collect()
        if family.name.startswith("watcher_")
    }
    assert set(re.findall(r"^\| `(watcher_[a-z_]+)` \|", README, re.MULTILINE)) == there


def test_both_commands_for_a_fresh_machine_are_one_line_each() -> None:
    assert len(re.findall(r"^python3 -m venv .*watcher demo$", README, re.MULTILINE)) == 1
    assert len(re.findall(r"^python3 -m venv .*pytest -n auto$", README, re.MULTILINE)) == 1


def test_what_the_security_page_names_is_there() -> None:
    text = SECURITY.read_text()
    sections = "|".join(Settings.model_fields)
    named = set(re.findall(rf"`((?:{sections})\.[a-z_]+)", text))
    assert named
    assert named <= {key for key, _, _ in SETTINGS}
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    assert all((SECURITY.parent / link).exists() for link in links)
