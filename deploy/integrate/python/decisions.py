"""What a back end does with a decision, however it came: once for each event, in one transaction of its database."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

KEPT = timedelta(days=14)
"""How long ids are kept: as long as an SQS queue can keep a message. Older decisions are refused."""


class Decisions:
    """The decisions of your back end; here in SQLite, with you in your own database."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path)
        self._database.execute("CREATE TABLE IF NOT EXISTS acted (id TEXT PRIMARY KEY, decided_at TEXT NOT NULL)")

    def act_on(self, event: Mapping[str, Any]) -> None:
        """Act on a decision, unless that was done before or it is too old. It may be acknowledged after that."""
        data = event["data"]
        oldest = datetime.now(UTC) - KEPT
        if datetime.fromisoformat(data["decidedAt"]) < oldest:
            print("too old", event["id"], flush=True)
            return
        with self._database:  # what you do belongs into the same transaction
            new = (event["id"], data["decidedAt"])
            if self._database.execute("INSERT OR IGNORE INTO acted VALUES (?, ?)", new).rowcount:
                print("let in" if data["outcome"] == "live" else "not let in", event["id"], flush=True)
            else:
                print("again", event["id"], flush=True)
            self._database.execute("DELETE FROM acted WHERE decided_at < ?", (oldest.isoformat(),))
