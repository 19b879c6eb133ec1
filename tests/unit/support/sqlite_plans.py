"""How SQLite carries out the statements of a queue or ledger."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest


def traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement, with its values, of connections that are opened from now on."""
    asked, connect = list[str](), sqlite3.connect

    def opened(*arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]
        connection.set_trace_callback(asked.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", opened)
    return asked


def plan(path: Path, statement: str) -> list[str]:
    """The steps of a statement."""
    with closing(sqlite3.connect(path)) as connection:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
