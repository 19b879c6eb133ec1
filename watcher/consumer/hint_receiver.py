"""Takes the hints that arrive on the queue: S3 notifications, and messages that say that the person has finished."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import structlog

from watcher.consumer.s3_notification import S3Notification
from watcher.domain.hints import HintResult, HintSource
from watcher.domain.model import SessionRequest
from watcher.sessions.session import Session

log = structlog.get_logger(__name__)


class Announcing(Protocol):
    """What the receiver knows of the polling stage."""

    def announce(self, session_id: str, source: HintSource) -> HintResult:
        """The person of this session is said to have finished."""

    def announce_one_of(self, session_ids: Sequence[str], source: HintSource) -> HintResult:
        """The person of the one of these sessions that is known here is said to have finished."""

    def admit(self, session: Session, source: HintSource | None) -> None:
        """Prepare a new session for its first poll; `source`: its message has announced its end."""

    def count(self, source: HintSource, result: HintResult, session_id: str = "", *, number: int = 1) -> None:
        """Count hints, of this session if it is known."""


class HintReceiver:
    """Passes hints to the polling stage, and to other replicas if the session is not watched here."""

    def __init__(self, *, hints: Announcing, share: Callable[[str], None]) -> None:
        """`share`: tells the other replicas that a session is complete."""
        self._hints = hints
        self._share = share

    def notified(self, notifications: Iterable[S3Notification]) -> None:
        """Use these notifications."""
        for notification in notifications:
            if notification.others:
                self._hints.count(HintSource.S3, HintResult.INVALID, number=notification.others)
            for session_ids in notification.objects:
                if self._hints.announce_one_of(session_ids, HintSource.S3) is HintResult.UNKNOWN:
                    for session_id in session_ids:
                        self._share(session_id)

    def merged(self, request: SessionRequest) -> None:
        """A second message for a session in flight."""
        self._check(request)
        if request.is_complete:
            self._hints.announce(request.key.session_id, HintSource.MESSAGE)

    def decided(self, request: SessionRequest) -> None:
        """A message for a session that the ledger has a decision for."""
        self._check(request)
        if request.is_complete:
            self._hints.count(HintSource.MESSAGE, HintResult.LATE, request.key.session_id)

    def started(self, request: SessionRequest, session: Session) -> None:
        """A message for a session that is new here. Another replica may be watching it already."""
        self._check(request)
        self._hints.admit(session, HintSource.MESSAGE if request.is_complete else None)
        if request.is_complete:
            self._hints.count(HintSource.MESSAGE, HintResult.USED, request.key.session_id)
            self._share(request.key.session_id)

    def _check(self, request: SessionRequest) -> None:
        if warning := request.ignored.get("complete"):
            self._hints.count(HintSource.MESSAGE, HintResult.INVALID, request.key.session_id)
            log.warning("hint_ignored", session_id=request.key.session_id, warning=warning)
