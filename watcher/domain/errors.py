"""Errors, grouped by what the caller does about them. Adapters translate foreign errors into these, once."""

from collections.abc import Sequence
from typing import ClassVar

from watcher.domain.model import DeadReason, Lease, PollResult


class WatcherError(Exception):
    """Base class of every error that the watcher raises on purpose; its text can be shown to a user.

    `origin` is the class of the original error, if `__cause__` may be dropped; see `watcher.util.error_class`.
    `is_not_created`: what was to be read does not exist before a watcher first runs. `is_lasting`: only the operator
    can remove its cause, such as a missing permission.
    """

    origin: str = ""
    is_not_created: bool = False
    is_lasting: bool = False


class ConfigError(WatcherError):
    """Invalid settings. `problems` has one line for each: key, value, fix."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class AddressInUse(WatcherError):
    """Another process has the address. It may be free in a second, so a restart can help."""


class PollError(WatcherError):
    """A poll without a credible answer. `result` is the metric's label."""

    result: ClassVar[PollResult]


class TransientPollError(PollError):
    """Poll again later: nothing is known about the session."""


class Throttled(TransientPollError):
    """The account's quota is used up. It says nothing about the session and never counts against it."""

    result = PollResult.THROTTLED


class CallTimedOut(TransientPollError):
    """No whole answer within the connect and read time-outs."""

    result = PollResult.TIMEOUT


class ConnectionFailed(TransientPollError):
    """No connection, a broken one, a TLS failure, or a name that doesn't resolve."""

    result = PollResult.CONNECTION_ERROR


class ServerFault(TransientPollError):
    """InternalServerError or another 5xx."""

    result = PollResult.SERVER_ERROR


class UnreadableAnswer(TransientPollError):
    """An answer that is not the API's: blank, not JSON, no status, another session's."""

    result = PollResult.MALFORMED


class UnknownStatus(UnreadableAnswer):
    """A status that is not in the service model; `status` is what came, None if it was not text."""

    def __init__(self, message: str, status: str | None) -> None:
        super().__init__(message)
        self.status = status


class EndpointFault(TransientPollError):
    """What answers is not the API, whichever session is requested: a proxy, a captive portal, a wrong URL."""

    result = PollResult.MALFORMED


class PermanentPollError(PollError):
    """No later poll can bring a better answer."""


class SessionNotFound(PermanentPollError):
    """SessionNotFoundException. In a session's first seconds it may just be too early: the policy decides."""

    result = PollResult.NOT_FOUND


class RejectedByService(PermanentPollError):
    """InvalidParameterException: the service rejects this id."""

    result = PollResult.MALFORMED


class MalformedResult(PermanentPollError):
    """SUCCEEDED, but without a usable confidence (missing, NaN, not a number, outside of 0..100)."""

    result = PollResult.MALFORMED


class OperatorError(PollError):
    """Only the operator can fix it (permissions, credentials, region). It never counts against a session."""

    result = PollResult.DENIED


class AccessDenied(OperatorError):
    """AccessDeniedException, or credentials that are missing, expired or wrong."""


class QueueError(WatcherError):
    """A queue operation failed; try again."""


class PartialExtendError(QueueError):
    """Some leases were not extended: `remaining` can be retried, `lost` can't; all others were extended."""

    def __init__(self, text: str, remaining: Sequence[Lease], lost: Sequence[Lease]) -> None:
        super().__init__(text)
        self.remaining = remaining
        self.lost = lost


class LedgerError(WatcherError):
    """A ledger operation failed; try again."""


class DatabaseLost(WatcherError):
    """A file of an open SQLite database was removed, replaced or truncated: no write is safe any more.

    Never retried: the process has to stop before it decides anything from what it has in memory.
    """


class SinkError(WatcherError):
    """The whole sink failed, through no fault of an event: no event of the batch counts as delivered or attempted.

    Try again, but not within `retry_after` seconds (None: as soon as you like).
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NoAnswer(SinkError):
    """A receiver got an event and did not answer. If it answers for others, this event may be the reason."""


class SinkGone(WatcherError):
    """A sink that can never deliver again in this process (a closed stdout): the watcher has to stop."""


class InvalidMessage(WatcherError):
    """A message that no retry can serve; it goes to the dead letters with `reason`."""

    def __init__(self, reason: DeadReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
