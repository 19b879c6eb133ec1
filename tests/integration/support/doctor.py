"""What the tests of `watcher check` share: settings that bring no warning, and findings by their subject."""

from collections.abc import Iterable
from pathlib import Path

from watcher.cli.check.finding import Finding
from watcher.config import Loaded, Settings, load

QUIET = {"aws.connect_timeout": "5", "aws.read_timeout": "10", "aws.region": "eu-west-1"}


def loaded(**settings: str) -> Loaded:
    """Settings from dotted keys, written with `__`."""
    return load(None, QUIET | {key.replace("__", "."): text for key, text in settings.items()}, {}, Path.cwd())


def settings(**given: str) -> Settings:
    return loaded(**given).settings


def by_subject(findings: Iterable[Finding]) -> dict[str, Finding]:
    found = list(findings)
    assert len({finding.subject for finding in found}) == len(found), found
    return {finding.subject: finding for finding in found}
