"""The time limit of one call."""

from collections.abc import Callable
from time import monotonic


class Deadline:
    """The time left for one call, which begins when this is created.

    `connect_limit` and `read_limit` are seconds, 0 means no limit. Connecting (name, addresses, proxy and TLS) gets
    the connect limit, the whole call the sum of both. If one of them is 0, the whole call has no limit, and each
    operation has the limit of its own phase.
    """

    __slots__ = ("_clock", "_connect_limit", "_end", "_operation", "_read_limit", "_total")

    def __init__(self, connect_limit: float, read_limit: float, clock: Callable[[], float] = monotonic) -> None:
        self._connect_limit, self._read_limit, self._clock = connect_limit, read_limit, clock
        has_total = connect_limit and read_limit
        self._total = self._end = clock() + connect_limit + read_limit if has_total else None
        self._operation: float | None = connect_limit or None

    def start_connecting(self) -> None:
        """The connect limit applies from now on."""
        self._operation = None
        if self._connect_limit:
            end = self._clock() + self._connect_limit
            self._end = end if self._total is None else min(end, self._total)

    def start_sending(self) -> None:
        """From now on an operation gets the connect limit (as in urllib3), and all of them the whole call's."""
        self._end, self._operation = self._total, self._connect_limit or None

    def start_reading(self) -> None:
        """From now on an operation gets the read limit, and all of them the whole call's."""
        self._end, self._operation = self._total, self._read_limit or None

    def shorten(self, seconds: float) -> None:
        """Limit the time for the rest of the response."""
        end = self._clock() + seconds
        self._end = end if self._end is None else min(end, self._end)

    def left(self) -> float | None:
        """Seconds for the next operation; None: no limit.

        Raises:
            TimeoutError: none are left.
        """
        if self._end is None:
            return self._operation
        left = self._end - self._clock()
        if left <= 0:
            raise TimeoutError("the time of the call is used up")
        return left if self._operation is None else min(left, self._operation)
