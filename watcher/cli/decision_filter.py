"""Which decisions `watcher decisions` shows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from watcher.cli.rendering import data_of

if TYPE_CHECKING:
    from watcher.domain.model import LedgerEntry
    from watcher.domain.ports import DecisionReader

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN = re.compile(r"(\d{1,6})([smhd])")
_GROWTH = 4
"""Where too few of the newest decisions are wanted, this many times as many are looked at next."""


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """What is wanted; None: anything. `since` is in epoch seconds."""

    session_id: str | None = None
    policy: str | None = None
    outcome: str | None = None
    reason: str | None = None
    since: float | None = None

    def wants(self, entry: "LedgerEntry") -> bool:
        """Whether an entry is one of those."""
        data, key = data_of(entry), entry.event.key
        pairs = (
            (self.session_id, key.session_id),
            (self.policy, key.policy),
            (self.outcome, data.get("outcome")),
            (self.reason, data.get("reason")),
        )
        return all(wanted in (None, found) for wanted, found in pairs) and not self._is_older(entry)

    def newest(self, ledger: "DecisionReader", limit: int) -> Sequence["LedgerEntry"]:
        """The newest `limit` of them, the newest last."""
        count = limit
        while True:
            entries = ledger.recent(count, self.session_id)
            found = [entry for entry in entries if self.wants(entry)]
            if len(found) >= limit or len(entries) < count or self._is_older(entries[0]):
                return found[-limit:]
            count *= _GROWTH

    def _is_older(self, entry: "LedgerEntry") -> bool:
        from watcher.util.rfc3339 import creation_time

        if self.since is None:
            return False
        decided = creation_time(str(data_of(entry).get("decidedAt")))
        return decided is not None and decided < self.since


class Since(click.ParamType):  # type: ignore[type-arg] # generic in the newest click alone
    """A span that ends now (`90s`, `30m`, `1h`, `7d`), or a time by RFC 3339; becomes epoch seconds."""

    name = "since"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Epoch seconds."""
        import time

        from watcher.util.rfc3339 import creation_time

        span = _SPAN.fullmatch(str(value))
        found = time.time() - int(span[1]) * _SECONDS[span[2]] if span else creation_time(str(value))
        if found is None:
            self.fail(f"{value!r} is not a span or a time: give 30m, 1h, 7d, or 2026-09-25T10:00:00Z", param, ctx)
        return found
