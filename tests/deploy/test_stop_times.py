"""A stop's one bound, the drain and what comes after it, against the time that each service manager gives."""

import re
import tomllib

import pytest

from tests.support import ROOT
from watcher.config import Settings
from watcher.daemon.daemon import CLOSE_TIME
from watcher.daemon.systemd import STOP_SLACK

ENDING = 2.0
"""Seconds that the interpreter has to end in, on a busy machine."""

GIVEN = (
    ("deploy/systemd/watcher.service", r"^TimeoutStopSec=(\d+)$"),
    ("deploy/systemd/watcher@.service", r"^TimeoutStopSec=(\d+)$"),
    ("deploy/kubernetes/base/deployment.yaml", r"terminationGracePeriodSeconds: (\d+)$"),
    ("deploy/kubernetes/chart/values.yaml", r"^terminationGracePeriodSeconds: (\d+)$"),
    ("deploy/docker/README.md", r"stop_grace_period: (\d+)s$"),
    ("deploy/docker/README.md", r"--stop-timeout (\d+)"),
)
"""Where each says how many seconds there are from SIGTERM to SIGKILL."""


@pytest.mark.parametrize(("file", "pattern"), GIVEN)
def test_no_service_manager_kills_a_watcher_that_keeps_its_bound(file: str, pattern: str) -> None:
    shipped = tomllib.loads((ROOT / "config" / "watcher.toml").read_text())["shutdown"]["drain_timeout"]
    drain = max(shipped, Settings().shutdown.drain_timeout)
    [given] = re.findall(pattern, (ROOT / file).read_text(), re.MULTILINE)
    assert drain + CLOSE_TIME + ENDING <= drain + STOP_SLACK <= float(given)


def test_the_chart_refuses_a_grace_period_without_that_slack() -> None:
    checks = (ROOT / "deploy/kubernetes/chart/templates/checks.yaml").read_text()
    assert f"(addf $drain {STOP_SLACK:.1f})" in checks
