"""A circuit breaker: when a backend counts as down, and when it is next tried."""

from tenacity import RetryCallState, wait_random, wait_random_exponential

from watcher.domain.errors import SinkError

FAILURES = 5
"""Failures in a row that open the circuit."""

MAX_FAILING_TIME = 20.0
"""Seconds of failures in a row that open it too: where each meets its time-out, five of them take minutes."""

NO_ANSWER = 10.0
"""Seconds of one failed attempt that open it at once. Less than a webhook's time-out (15 s): readiness has to name a
sink that never answers within 30 s, and a second attempt would end after that."""

LONGEST_WAIT = 15.0
"""Seconds at most between two tries. Somebody waits for the decision: what is up again has to be seen soon."""

SHORTEST_REST = 5.0
"""Seconds at least between two trials of what is down."""

LONGEST_ASKED_WAIT = 240.0
"""Seconds at most that a backend can ask for (Retry-After): nobody waits for a decision longer than that."""

_while_closed = wait_random_exponential(multiplier=0.2, max=LONGEST_WAIT)
_while_open = wait_random(min=SHORTEST_REST, max=LONGEST_WAIT)


class CircuitBreaker:
    """Opens on failures in a row; the first success closes it.

    While it is closed, failures are tried again soon, with jittered exponential backoff. While it is open, each try
    is a trial that should cost the backend little: one event and not a batch. The states are those of M. Nygard's
    "Release It!"; a trial is what is called half-open there.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._failing_since = 0.0
        self.is_open = False

    def record_failure(self, now: float, asked: float | None = None, begun: float | None = None) -> bool:
        """Count a failure at `now` (monotonic seconds); returns whether it opened the circuit.

        `begun`: when the try began that failed, if that took a while: a backend that never answers fails since then.
        `asked`: seconds that the backend wants to be left alone. One that asks for more than `LONGEST_WAIT` is as
        good as down.
        """
        if not self._failures:
            self._failing_since = now if begun is None else begun
        self._failures += 1
        is_down = (
            self._failures >= FAILURES
            or now - self._failing_since >= MAX_FAILING_TIME
            or now - (now if begun is None else begun) >= NO_ANSWER
            or (asked or 0.0) > LONGEST_WAIT
        )
        opened = is_down and not self.is_open
        self.is_open = self.is_open or is_down
        return opened

    def record_success(self, now: float) -> float | None:
        """Note a success at `now`; returns for how many seconds all had failed if it closed the circuit."""
        was_open, self.is_open, self._failures = self.is_open, False, 0
        return now - self._failing_since if was_open else None

    def pause(self, state: RetryCallState) -> float:
        """Seconds until the next try, never less than what the backend asked for; a tenacity wait."""
        wait = _while_open if self.is_open else _while_closed
        return max(float(wait(state)), asked_wait(state))


def asked_wait(state: RetryCallState) -> float:
    """Seconds that the last failure asked to be waited for, within `LONGEST_ASKED_WAIT`."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, SinkError) else None
    return min(asked or 0.0, LONGEST_ASKED_WAIT)
