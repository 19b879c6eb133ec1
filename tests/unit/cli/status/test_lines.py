"""A status as lines to read."""

import pytest

from watcher.cli.status.client import Status, StatusReply
from watcher.cli.status.lines import duration, lines


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (7260, "2 h 1 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_all_that_is_wrong_is_shown_and_no_settings_without_them() -> None:
    status = Status.model_validate(
        {
            "state": "degraded",
            "version": "1",
            "uptimeSeconds": 1.0,
            "stuck": ["consumer: silent for 30 s"],
            "problems": [{"part": "queue", "problem": "unavailable"}],
            "sessionsInFlight": 1,
            "callsPerSecond": None,
            "decisions": {"live": 2},
            "config": None,
        }
    )
    assert list(lines(StatusReply("http://x", status.state, status))) == [
        ": watcher 1 at http://x, up 1 s",
        "stuck      consumer: silent for 30 s",
        "problem    queue: unavailable",
        "in flight  1 session",
        "rate       unlimited",
        "decisions  live 2",
        "settings   only shown on the watcher's own machine",
    ]
