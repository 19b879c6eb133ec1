"""`watcher check`: the doctor."""

import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from watcher.cli.echo import echo_json, echo_labelled
from watcher.cli.options import SettingsSource, settings_options
from watcher.util.text import bounded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watcher.cli.check.examine import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}


@click.command()
@click.option("--offline", is_flag=True, help="Check only what needs no network.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line: level, subject, what, fix.")
@settings_options
def command(source: SettingsSource, *, offline: bool, as_json: bool) -> None:
    """Check everything that `watcher run` needs: a line each with ok, warning or failed, and the fix.

    Settings, time-out rules, credentials, the endpoint, the permission to call it, the clock, queue, dead letters,
    ledger and sinks. Nothing is created, sent or changed. Exit 1 if anything failed.
    """
    from watcher.cli.check.examine import bad_config, examine
    from watcher.domain.errors import ConfigError
    from watcher.util.clock import SystemClock

    try:
        loaded = source.load()
    except ConfigError as error:
        _show(bad_config(error), as_json=as_json)
    else:
        _show(examine(loaded, SystemClock(), os.environ, offline=offline), as_json=as_json)


def _show(findings: "Iterable[Finding]", *, as_json: bool) -> None:
    """Print each as soon as it is found, and exit with 1 if one failed."""
    has_failed = False
    for finding in findings:
        has_failed |= finding.level == "failed"
        if as_json:
            echo_json(json.dumps(asdict(finding)))
        else:
            _show_line(finding)
    sys.exit(1 if has_failed else 0)


def _show_line(finding: "Finding") -> None:
    from watcher.cli.check.finding import TEXT_COLUMN

    line = bounded(finding.line)
    level, rest = line[: len(finding.level)], line[len(finding.level) :]
    echo_labelled(level, _COLOURS[finding.level], rest, indent=TEXT_COLUMN)
