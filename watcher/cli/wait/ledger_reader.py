"""Reads decisions from a ledger that may not exist yet, or fail for a while."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from watcher.cli.wait.constants import CONSTANTS
from watcher.domain.errors import LedgerError
from watcher.domain.model import LedgerEntry, SessionKey
from watcher.domain.ports import DecisionReader

R = TypeVar("R")


class LedgerReader:
    """The ledger that `open_it` opens, once there is one: a ledger that no watcher has created yet is empty.

    `problem` says why the last read failed; empty if it worked.

    Raises:
        LedgerError: in `find` and `policies`, when the ledger can't be opened, or the first read fails for good.
            Waiting does not help then: permission is denied, the file is not a database, the table is missing.
    """

    def __init__(self, open_it: Callable[[], DecisionReader]) -> None:
        self._open = open_it
        self._ledger: DecisionReader | None = None
        self._has_worked = False
        self.problem = ""

    def find(self, keys: Iterable[SessionKey]) -> Mapping[SessionKey, LedgerEntry]:
        """The decisions that exist for these keys; none if the ledger can't be read."""
        nothing: Mapping[SessionKey, LedgerEntry] = {}
        return self._read(lambda ledger: ledger.find(keys), nothing)

    def policies(self, session_id: str) -> Sequence[str]:
        """The policies that have decided this session; none if the ledger can't be read."""
        nothing: Sequence[LedgerEntry] = []
        entries = self._read(lambda ledger: ledger.recent(CONSTANTS.policies, session_id), nothing)
        return [entry.event.key.policy for entry in entries]

    def close(self) -> None:
        """Close the ledger, if it is open."""
        if self._ledger is not None:
            self._ledger.close()

    def _read(self, read: Callable[[DecisionReader], R], nothing: R) -> R:
        self.problem = ""
        ledger = self._opened()
        if ledger is None:
            return nothing
        try:
            found = read(ledger)
        except LedgerError as error:
            if error.is_lasting and not self._has_worked:
                raise
            self.problem = str(error)
            return nothing
        self._has_worked = True
        return found

    def _opened(self) -> DecisionReader | None:
        """The ledger; None if it is not there yet."""
        if self._ledger is None:
            try:
                self._ledger = self._open()
            except LedgerError as error:
                if not error.is_not_created:
                    raise
        return self._ledger
