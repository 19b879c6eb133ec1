"""How fast the demo goes, and what it waits for at most."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constants:
    """How fast the demo goes, and what it waits for at most."""

    time_scale: float = 12.0
    """How much faster than real time sessions run: their 3 minutes are 15 seconds here."""

    quota: float = 25.0
    """Polls per second of session time: the default of us-east-1."""

    session_timeout: float = 160.0
    """Seconds of session time until the daemon gives up. Less than 180, because on a busy machine a final poll right
    at the end of a session's life could be too late, and find it EXPIRED."""

    call_timeout: float = 1.0
    """Real seconds of a connect or read, short enough to notice a silent service."""

    threshold: float = 80.0
    """Threshold of the usual policy."""

    strict_threshold: float = 95.0
    """Threshold of the strict one."""

    feed_rate: float = 25.0
    """Sessions started per second."""

    copy_every: int = 10
    """One of this many sessions is announced twice,"""

    copy_after: float = 0.3
    """this many seconds later, while it is watched."""

    echo_every: int = 20
    """One of this many is announced again late,"""

    echo_after: float = 6.0
    """this many seconds later: most are decided by then, and answered from the ledger."""

    hint_share: float = 0.9
    """Share of the sessions that end whose end is announced. The others show what polling alone does."""

    early_hints: float = 0.05
    """Share of the sessions that are announced before their end as well,"""

    unknown_hints: float = 0.05
    """and of those whose hint comes with one for a session that does not exist: false hints must change nothing."""

    least_for_junk: int = 10
    """Number of sessions from which on invalid messages are sent as well."""

    audit_images: int = 2
    """Bytes of an inline image."""

    start_limit: float = 45.0
    """Seconds within which a daemon has to start; a cold start on a slow disk takes a few."""

    drain_limit: float = 35.0
    """Seconds that a clean stop may take: the drain's 25, and some."""

    kill_after: float = 3.0
    """Seconds that it gets when the demo is interrupted."""

    process_interval: float = 0.05
    """Seconds between two checks of whether the daemon has started or ended."""

    last_lines: int = 10
    """Lines of the daemon's log to show if it fails."""

    interval: float = 0.5
    """Seconds between two checks of the progress."""

    overtime: float = 120.0
    """Seconds that a demo may take beyond twice the time of producing; it usually takes 20."""

    scrape_limit: float = 2.0
    """Seconds for one scrape; a late one is skipped."""

    line_interval: float = 2.0
    """Seconds between two plain lines."""

    bar_width: int = 34
    """Characters of a bar in the live display."""


DEMO = Constants()
