"""README.md is short, and what the pages say of settings, metrics, decisions and faults is true now."""

import json
import re
from pathlib import Path

import pytest

from tests.docs.generate import generated
from tests.docs.pages import ROOT, read
from watcher.cli.commands import COMMANDS
from watcher.config import Settings
from watcher.config import sources as config_sources
from watcher.domain.decision_table import DECISIONS
from watcher.simulator.faults import KINDS
from watcher.simulator.scenario import FEEDBACK_NAMES

MOST_LINES = 200
MOST_WORDS = 1500

README = read("README.md")

DEFAULTS = {
    f"{section}.{name}": json.dumps(field.get_default(call_default_factory=True))
    for section, group in Settings.model_fields.items()
    if section != "sinks" and group.annotation is not None
    for name, field in group.annotation.model_fields.items()
    if name != "policies"
}


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= MOST_LINES
    assert len(README.split()) <= MOST_WORDS


@pytest.mark.parametrize(("file", "text"), list(generated()), ids=[file for file, _ in generated()])
def test_what_is_generated_is_up_to_date(file: str, text: str) -> None:
    assert read(file) == text, "run python -m tests.docs.generate"


def test_the_settings_that_matter_have_their_defaults() -> None:
    rows = dict(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| `([^`]*)` \|", README, re.MULTILINE))
    assert rows
    assert rows.items() <= DEFAULTS.items()


def test_each_variable_of_aws_is_listed() -> None:
    listed = set(re.findall(r"`(AWS_[A-Z_]+)`", read("config/README.md")))
    assert listed == set(re.findall(r'"(AWS_[A-Z_]+)"', Path(config_sources.__file__).read_text()))


@pytest.mark.parametrize("page", ["README.md", "deploy/integrate/README.md"])
def test_each_row_of_the_decision_table_is_there(page: str) -> None:
    rows = re.findall(r"^\| `(live|not_live|inconclusive)` \| `([a-z_]+)` \| [^|]+ \|$", read(page), re.MULTILINE)
    assert rows == [(outcome.value, reason.value) for outcome, reason in DECISIONS]


def test_each_fault_of_the_simulator_is_listed() -> None:
    table = read("watcher/simulator/README.md").partition("| fault |")[2]
    first_cells = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", " ".join(first_cells))) == set(KINDS)


def test_each_feedback_token_of_the_simulator_is_listed() -> None:
    listed = re.findall(r"^\| `([a-z-]+)--1` \| `([A-Z_]+)` \|$", read("watcher/simulator/README.md"), re.MULTILINE)
    assert dict(listed) == FEEDBACK_NAMES


def test_each_command_is_listed() -> None:
    listed = re.findall(r"^\| `watcher ([a-z]+)` \|", read("watcher/cli/README.md"), re.MULTILINE)
    assert set(listed) | {"get-face-liveness-session-results"} == set(COMMANDS)


def test_both_commands_for_a_fresh_machine_are_one_line_each() -> None:
    assert len(re.findall(r"^python3 -m venv .*watcher demo$", README, re.MULTILINE)) == 1
    assert len(re.findall(r"^python3 -m venv .*pytest -n auto$", README, re.MULTILINE)) == 1


def test_each_page_names_only_settings_that_there_are() -> None:
    pages = ("README.md", ".github/SECURITY.md", "config/README.md", "deploy/README.md", "watcher/polling/README.md")
    sections = "|".join(Settings.model_fields)
    for page in pages:
        named = set(re.findall(rf"`((?:{sections})\.[a-z_]+)`", read(page)))
        assert named, page
        assert named - {"decision.policies"} <= DEFAULTS.keys(), page


def test_each_picture_is_used() -> None:
    pictures = {str(path.relative_to(ROOT)) for path in (ROOT / ".github").glob("*.svg")}
    assert pictures == set(re.findall(r"\]\((\.github/[a-z]+\.svg)\)", README))
