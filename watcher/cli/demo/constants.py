"""How fast the demo goes, and what it waits for at most."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constants:
    """How fast the demo goes, and what it waits for at most."""

    time_scale: float = 12.0
    """How much faster than in life sessions live: their 3 minutes are 15 seconds here."""

    quota: float = 25.0
    """Polls a second of life: the default of us-east-1."""

    session_timeout: float = 160.0
    """Seconds of life until the daemon gives up. Less than 180, because on a machine that is busy a last poll right
    at the end of a session's life could come too late, and find it EXPIRED."""

    call_timeout: float = 1.0
    """Real seconds of a connect or read, short enough that a silent service is seen to be one."""

    threshold: float = 80.0
    """Of the usual policy."""

    strict_threshold: float = 95.0
    """Of the strict one."""

    feed_rate: float = 25.0
    """Sessions begun a second."""

    copy_every: int = 10
    """One of so many sessions is announced twice,"""

    copy_after: float = 0.3
    """so many seconds later, while it is watched."""

    echo_every: int = 20
    """One of so many is announced again late,"""

    echo_after: float = 6.0
    """so many seconds later: most are decided by then, and the ledger answers."""

    least_for_junk: int = 10
    """Sessions from which on messages that are none come along."""

    audit_images: int = 2
    """Of a session whose images are inline."""

    start_limit: float = 45.0
    """Seconds until a daemon has to have started; a cold start on a slow disk takes a few."""

    drain_limit: float = 35.0
    """Seconds that an orderly stop may take: the drain's 25, and some."""

    kill_after: float = 3.0
    """Seconds that it gets when the demo is broken off."""

    process_interval: float = 0.05
    """Seconds between two checks at whether the daemon has started or ended."""

    last_lines: int = 10
    """Lines of the daemon's log that are shown if it fails."""

    interval: float = 0.5
    """Seconds between two checks at how far it is."""

    overtime: float = 120.0
    """Seconds that a demo may take beyond twice its feeding; it usually takes 20."""

    scrape_limit: float = 2.0
    """Seconds for one scrape; a late one is left out."""

    line_interval: float = 2.0
    """Seconds between two plain lines."""

    width: int = 78
    """Characters of the live display at most,"""

    bar_width: int = 34
    """and of a bar in it."""


DEMO = Constants()
