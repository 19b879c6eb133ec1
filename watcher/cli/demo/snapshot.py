"""The demo's progress: what has started, and what the daemon's metrics say."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.process import DaemonProcess

_DECISIONS, _POLLS, _DEAD = "watcher_decisions_total", "watcher_polls_total", "watcher_dead_letters_total"
_IN_FLIGHT = "watcher_sessions_in_flight"


@dataclass(frozen=True, slots=True)
class Scrape:
    """The daemon's own numbers."""

    outcomes: Counter[str] = field(default_factory=Counter)
    polls: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment; `elapsed` is the seconds since producing began, `is_last` whether all is over."""

    elapsed: float
    planned: int
    begun: int
    scrape: Scrape
    is_last: bool = False

    @property
    def decided(self) -> int:
        """Sessions with a decision."""
        return sum(self.scrape.outcomes.values())

    @property
    def polls(self) -> int:
        """Calls made."""
        return sum(self.scrape.polls.values())


def scrape(daemon: DaemonProcess) -> Scrape | None:
    """Its current metrics; None if it didn't answer in time."""
    # http.client instead of urllib: a proxy in the user's environment must not be used for local ports.
    connection = HTTPConnection(daemon.host, daemon.port, timeout=DEMO.scrape_limit)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        return read_metrics(text_string_to_metric_families(text))
    except (OSError, HTTPException, ValueError):
        return None  # the next one follows in half a second; a dead daemon is noticed elsewhere
    finally:
        connection.close()


def read_metrics(families: Iterable[Metric]) -> Scrape:
    """The numbers that the display shows."""
    outcomes: Counter[str] = Counter()
    polls: Counter[str] = Counter()
    in_flight = dead = 0
    for sample in (sample for family in families for sample in family.samples):
        if sample.name == _DECISIONS:
            outcomes[sample.labels["outcome"]] += int(sample.value)
        elif sample.name == _POLLS:
            polls[sample.labels["result"]] += int(sample.value)
        elif sample.name == _IN_FLIGHT:
            in_flight = int(sample.value)
        elif sample.name == _DEAD:
            dead += int(sample.value)
    return Scrape(outcomes, polls, in_flight, dead)
