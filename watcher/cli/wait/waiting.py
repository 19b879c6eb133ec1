"""Waits until sessions are decided, by reading the ledger again and again."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from watcher.cli.exit_codes import WaitExit
from watcher.cli.rendering import cell, data_of
from watcher.cli.wait.constants import CONSTANTS
from watcher.domain.model import DEFAULT_POLICY, Outcome, SessionKey

if TYPE_CHECKING:
    from watcher.cli.wait.ledger_reader import LedgerReader
    from watcher.cli.wait.location import Locate
    from watcher.domain.model import LedgerEntry
    from watcher.domain.ports import Clock

_CODES = {
    Outcome.LIVE.value: WaitExit.LIVE,
    Outcome.NOT_LIVE.value: WaitExit.NOT_LIVE,
    Outcome.INCONCLUSIVE.value: WaitExit.INCONCLUSIVE,
}


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two reads of the ledger: at first, and at most."""

    first: float
    longest: float


PACES = {"sqlite": Pace(0.2, 0.5), "dynamodb": Pace(1.0, 2.0), "none": Pace(0.2, 0.5)}
"""By `settings.ledger_kind`: a read of a file or of the watcher's memory costs nothing, one of a table is
paid for and has a limit."""


@dataclass(frozen=True, slots=True)
class WaitResult:
    """The decision of one session; or None, and why there is none."""

    code: WaitExit
    entry: "LedgerEntry | None" = None
    text: str = ""


class Observer(Protocol):
    """Who is told how it goes."""

    def waiting(self, decided: int, total: int, words: str) -> None:
        """So many are decided; `words` say where another one is."""

    def problem(self, text: str) -> None:
        """Why the ledger can't be read at the moment; empty if it can."""


class Waiting:
    """Waits for the decisions of some sessions."""

    def __init__(
        self,
        reader: "LedgerReader",
        locate: "Locate",
        pace: Pace,
        observer: Observer,
        clock: "Clock",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._reader = reader
        self._locate = locate
        self._pace = pace
        self._observer = observer
        self._clock = clock
        self._sleep = sleep
        self._pending: dict[SessionKey, str] = {}
        """The undecided ones, the next to search for first, with what is known of them."""

    def results(self, keys: Iterable[SessionKey], timeout: float) -> Iterator[WaitResult]:
        """The result of each session as soon as it is known; after `timeout` seconds, of those that are left."""
        self._pending = dict.fromkeys(keys, "")
        total, delay = len(self._pending), self._pace.first
        next_search = self._clock.monotonic()
        end = next_search + timeout
        while True:
            begun = self._clock.monotonic()
            is_last = begun >= end
            yield from self._decided()
            if self._pending and (is_last or begun >= next_search):
                yield from self._lost()
                next_search = begun + CONSTANTS.search_interval
            if is_last or not self._pending:
                break
            self._observer.waiting(total - len(self._pending), total, next(reversed(self._pending.values())))
            now = self._clock.monotonic()
            self._sleep(max(0.0, min(max(delay, CONSTANTS.rest * (now - begun)), end - now)))
            delay = min(delay * CONSTANTS.backoff, self._pace.longest)
        yield from self._undecided(timeout)

    def _decided(self) -> Iterator[WaitResult]:
        found = self._reader.find(self._pending)
        self._observer.problem(self._reader.problem)
        for entry in sorted(found.values(), key=lambda entry: entry.sequence):
            del self._pending[entry.event.key]
            yield _result_of(entry)

    def _lost(self) -> Iterator[WaitResult]:
        """Those that will not be decided: unknown ones and dead letters."""
        final = []
        for key in list(islice(self._pending, CONSTANTS.searched_at_once)):
            location = self._locate(key)
            del self._pending[key]
            self._pending[key] = location.words  # at the end: the others are next
            if location.is_final:
                final.append(key)
        if not final:
            return
        yield from self._decided()  # one may have left the queue because it was decided
        if self._reader.problem:
            return
        for key in final:
            if key in self._pending:
                yield WaitResult(WaitExit.FAILED, text=f"{_name(key)}: {self._pending.pop(key)}{self._others(key)}")

    def _undecided(self, timeout: float) -> Iterator[WaitResult]:
        problem = self._reader.problem
        for key, words in self._pending.items():
            if problem:
                text = f"{_name(key)}: not known whether it is decided, the ledger can't be read: {problem}"
                yield WaitResult(WaitExit.FAILED, text=text)
            else:
                limit = f"within {timeout:g} s" if timeout else "yet"
                known = f": {words}{self._others(key)}" if words else ""
                yield WaitResult(WaitExit.UNDECIDED, text=f"{_name(key)}: not decided {limit}{known}")

    def _others(self, key: SessionKey) -> str:
        """A hint, if another policy has decided the session."""
        policies = [policy for policy in self._reader.policies(key.session_id) if policy != key.policy]
        return f"; decided under policy {cell(policies[0])}: give that as --policy" if policies else ""


def _result_of(entry: "LedgerEntry") -> WaitResult:
    if entry.fault:
        return WaitResult(WaitExit.FAILED, text=f"{_name(entry.event.key)}: {entry.fault}")
    outcome = data_of(entry).get("outcome")
    code = _CODES.get(str(outcome))
    if code is None:
        text = f"{_name(entry.event.key)}: outcome {outcome!r} is unknown: upgrade this watcher"
        return WaitResult(WaitExit.FAILED, text=text)
    return WaitResult(code, entry)


def _name(key: SessionKey) -> str:
    return f"session {key.session_id}" + ("" if key.policy == DEFAULT_POLICY else f", policy {key.policy}")
