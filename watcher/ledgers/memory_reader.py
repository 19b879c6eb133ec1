"""Reads the decisions in the memory of the running watcher, through `/decisions.json` on its HTTP port.

With `ledger.url = "none"` they are nowhere else. The watcher answers its own user on its own machine only.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice

from pydantic import TypeAdapter, ValidationError

from watcher.bounded_http.client import ConnectionSettings, HttpClient
from watcher.bounded_http.errors import HttpError
from watcher.config.settings import Settings
from watcher.domain.errors import LedgerError
from watcher.domain.model import LedgerEntry, SessionKey
from watcher.domain.ports import Clock, DecisionReader
from watcher.ledgers.memory import CAPACITY
from watcher.util.urls import own_url

PATH = "/decisions.json"

_NOT_SHOWN = (
    "it shows them to its own user and root only, on its own Linux machine (or in its container), without a proxy: "
    "run this as that user, there, with the watcher's http.host"
)

_SEQUENCE = re.compile("[0-9]{1,19}")
"""A number of 64 bits has 19 digits at most."""

_ENTRIES = TypeAdapter(list[LedgerEntry])


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read at once, and for how long."""

    page: int = 100
    """Entries in one answer: with the largest contexts they fill 200 MB, usually 200 KB."""

    body: int = 256 << 20
    """Maximum bytes of an answer."""

    connect_timeout: float = 5.0
    """Seconds; and as many until the answer is there."""


LIMITS = Limits()


def answer(reader: DecisionReader, query: str) -> bytes:
    """The entries that were recorded after the one that the query names (`after=` and its sequence), as JSON.

    Raises:
        ValueError: the query names none.
        LedgerError: they can't be read.
    """
    name, _, sequence = query.partition("=")
    if name != "after" or not _SEQUENCE.fullmatch(sequence):
        raise ValueError("give the sequence of the last decision that you have, or 0: ?after=0")
    return _ENTRIES.dump_json(list(reader.after(int(sequence), LIMITS.page)))


class MemoryReader:
    """The ledger of the watcher at this URL. It keeps what it has read, and asks for what is new.

    Raises:
        LedgerError: in every method, when no watcher answers, or it has another ledger.
    """

    def __init__(self, base: str) -> None:
        self._url = base + PATH
        seconds = LIMITS.connect_timeout
        # Without a proxy: the port is a local one.
        self._client = HttpClient(ConnectionSettings(seconds, seconds, LIMITS.body, connections=1, proxies={}))
        self._entries: dict[SessionKey, LedgerEntry] = {}
        self._sequence = 0

    def find(self, keys: Iterable[SessionKey]) -> Mapping[SessionKey, LedgerEntry]:
        """The entries that exist for these keys."""
        self._read()
        return {key: self._entries[key] for key in keys if key in self._entries}

    def recent(self, limit: int, session_id: str | None = None) -> Sequence[LedgerEntry]:
        """The newest `limit` entries, oldest first."""
        self._read()
        entries = [e for e in self._entries.values() if session_id in (None, e.event.key.session_id)]
        return entries[max(0, len(entries) - limit) :]

    def after(self, sequence: int, limit: int) -> Sequence[LedgerEntry]:
        """Entries recorded after the one with this `sequence`, in order."""
        self._read()
        return [e for e in self._entries.values() if e.sequence > sequence][:limit]

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _read(self) -> None:
        """Read what was recorded since the last time."""
        while page := self._page():
            self._entries.update((entry.event.key, entry) for entry in page)
            self._sequence = page[-1].sequence
            for key in list(islice(self._entries, max(0, len(self._entries) - CAPACITY))):
                del self._entries[key]  # the watcher has forgotten it, too

    def _page(self) -> Sequence[LedgerEntry]:
        try:
            response = self._client.call("GET", f"{self._url}?after={self._sequence}", ())
            body = b"".join(response.stream())
        except HttpError as error:
            why = getattr(error.__cause__, "strerror", None) or str(error)
            raise self._failed(f"no answer: {why}; is `watcher run` running on this machine?") from error
        if response.status != HTTPStatus.OK:
            is_refused = response.status == HTTPStatus.FORBIDDEN
            why = _NOT_SHOWN if is_refused else "no watcher with this ledger.url"
            raise self._failed(f"HTTP {response.status}: {why}")
        try:
            return _ENTRIES.validate_json(body)
        except ValidationError as error:
            raise self._failed("the answer is not a watcher's of this version") from error

    def _failed(self, why: str) -> LedgerError:
        return LedgerError(f'ledger.url is "none": the running watcher has the decisions, at {self._url}: {why}')


def open_reader(settings: Settings, _clock: Clock) -> MemoryReader:
    """What reads the memory of the watcher that has these settings.

    Raises:
        LedgerError: its port is not known.
    """
    if settings.http.port == 0:
        raise LedgerError(
            'ledger.url is "none": the running watcher has the decisions, but http.port = 0 is any free port: give '
            "the port of the log's `started` line (--set http.port=...), or set ledger.url"
        )
    return MemoryReader(own_url(settings.http.host, settings.http.port))
