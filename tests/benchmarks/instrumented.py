"""`watcher run` with a stopwatch on its parts: `instrumented.py FILE run ...` leaves CPU seconds by part in FILE.

SIGUSR1 sets the stopwatch back, so that start and first calls don't count.

The parts are measured at work, between the calls: alone and repeated, with all caches warm, each of them takes a
fraction of that.
"""

import json
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import watcher.rekognition.results as results_module
from watcher.cli import main
from watcher.consumer.lease_extender import LeaseExtender
from watcher.daemon.prober import Prober
from watcher.polling.policy import PollPolicy
from watcher.polling.poller import Poller
from watcher.polling.scheduler import Scheduler
from watcher.rekognition import RekognitionResults
from watcher.sessions.session import Session

CALL = "the call: botocore"
POLLS = "polls"

PARTS: list[tuple[str, Any, str]] = [
    (CALL, RekognitionResults, "get"),
    ("checking the answer", results_module, "parse_answer"),
    ("waking for, and taking, the next session", Scheduler, "take"),
    ("putting the session back", Scheduler, "add"),
    ("poll policy", PollPolicy, "next_step"),
    ("poll policy", Session, "record"),
    ("metrics", Poller, "_count"),
    ("readiness", Poller, "_report_service"),
    ("trail and debug log", Poller, "_note"),
    ("what holds these together", Poller, "poll_once"),
    ("keeping leases alive", LeaseExtender, "extend_due"),
    ("looking at the queue", Prober, "probe"),
]


class Stopwatch:
    """CPU seconds of each part without the parts inside it, counted by each thread for itself."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._all: list[Counter[str]] = []

    def timed(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same work, timed."""

        @wraps(work)
        def measured(*args: Any, **kwargs: Any) -> Any:
            local = self._own()
            outside, local.inside = local.inside, 0.0
            begun = time.thread_time()
            try:
                return work(*args, **kwargs)
            finally:
                whole = time.thread_time() - begun
                local.spent[part] += whole - local.inside
                local.inside = outside + whole
                if part == CALL:
                    local.spent[POLLS] += 1

        return measured

    def reset(self, *_: object) -> None:
        """Begin anew; a signal handler."""
        for own in self._all:
            own.clear()

    def totals(self) -> dict[str, float]:
        """The sum over all threads."""
        return {part: sum(own[part] for own in self._all) for part in {part for own in self._all for part in own}}

    def _own(self) -> Any:
        if not hasattr(self._local, "spent"):
            self._local.spent, self._local.inside = Counter(), 0.0
            self._all.append(self._local.spent)
        return self._local


def run(parts: Sequence[tuple[str, Any, str]]) -> None:
    """The command, with a stopwatch on these parts: name, owner and attribute of each."""
    place = Path(sys.argv.pop(1))
    stopwatch = Stopwatch()
    for name, owner, attribute in parts:
        setattr(owner, attribute, stopwatch.timed(name, getattr(owner, attribute)))
    signal.signal(signal.SIGUSR1, stopwatch.reset)
    try:
        main()
    finally:
        place.write_text(json.dumps(stopwatch.totals()))


if __name__ == "__main__":
    run(PARTS)
