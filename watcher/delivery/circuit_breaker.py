"""A circuit breaker: when a backend counts as down, and when it is tried again."""

from tenacity import RetryCallState, wait_random, wait_random_exponential

from watcher.domain.errors import SinkError

FAILURES = 5
"""Consecutive failures that open the circuit."""

MAX_FAILING_TIME = 20.0
"""Seconds of consecutive failures that open it as well: five failures that all time out take minutes."""

NO_ANSWER = 10.0
"""Seconds of one failed attempt that open it at once. Less than a webhook's time-out (15 s), because readiness has to
name a sink that never answers within 30 s, and a second attempt would end after that."""

LONGEST_WAIT = 15.0
"""Maximum seconds between two tries. Someone is waiting for the decision, so a recovery has to be noticed soon."""

SHORTEST_REST = 5.0
"""Minimum seconds between two trials of a backend that is down."""

LONGEST_ASKED_WAIT = 240.0
"""Maximum seconds that a backend can ask for (Retry-After): no one waits for a decision longer than that."""

WHILE_CLOSED = wait_random_exponential(multiplier=0.2, max=LONGEST_WAIT)
"""Seconds between two tries while the circuit is closed: most failures are brief."""

WHILE_OPEN = wait_random(min=SHORTEST_REST, max=LONGEST_WAIT)
"""Seconds between two trials while it is open."""


class CircuitBreaker:
    """Opens on consecutive failures; the first success closes it.

    While it is closed, failures are retried soon, with jittered exponential backoff. While it is open, each try is a
    trial that should cost the backend little: one event instead of a batch. The states are those of M. Nygard's
    "Release It!", which calls a trial half-open.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._failing_since = 0.0
        self.is_open = False

    def record_failure(self, now: float, asked: float | None = None, begun: float | None = None) -> bool:
        """Count a failure at `now` (monotonic seconds); returns whether it opened the circuit.

        `begun`: when the failed try began, if it took a while: a backend that never answers has been failing since
        then. `asked`: seconds for which the backend asked for no calls. More than `LONGEST_WAIT` counts as down.
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
        """Note a success at `now`; if it closed the circuit, returns for how many seconds all tries had failed."""
        was_open, self.is_open, self._failures = self.is_open, False, 0
        return now - self._failing_since if was_open else None

    def pause(self, state: RetryCallState) -> float:
        """Seconds until the next try, at least what the backend asked for; a tenacity wait."""
        wait = WHILE_OPEN if self.is_open else WHILE_CLOSED
        return max(float(wait(state)), asked_wait(state))


def asked_wait(state: RetryCallState) -> float:
    """Seconds that the backend asked for with its last failure, up to `LONGEST_ASKED_WAIT`."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, SinkError) else None
    return min(asked or 0.0, LONGEST_ASKED_WAIT)
