"""What the URLs in the settings point to."""

import re
from pathlib import Path
from typing import Literal

from watcher.util.urls import is_http_url, looks_like_sqs

QueueKind = Literal["sqlite", "sqs"]
LedgerKind = Literal["sqlite", "dynamodb", "none"]

SQLITE = "sqlite:///"
DYNAMODB = "dynamodb:///"

_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")


def sqlite_path(url: str) -> Path:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db` (SQLAlchemy's form).

    Raises:
        ValueError: not such a URL, no file in it, options after a `?`, or `:memory:`, which is a separate database
            for each connection.
    """
    if not url.startswith(SQLITE):
        raise ValueError("is not a SQLite URL")
    name = url.removeprefix(SQLITE)
    if not name or name.endswith("/"):
        raise ValueError("names no file")
    if name == ":memory:":
        raise ValueError("is a separate database for each connection")
    if "?" in name:
        raise ValueError("has options, which are not supported")
    return Path(name)


def dynamodb_table(url: str) -> str:
    """The table of `dynamodb:///TABLE`.

    Raises:
        ValueError: not such a URL, or a name that DynamoDB would reject.
    """
    table = url.removeprefix(DYNAMODB)
    if not url.startswith(DYNAMODB) or not _TABLE.fullmatch(table):
        raise ValueError("names no DynamoDB table")
    return table


def queue_kind(url: str, declared: str = "") -> QueueKind | None:
    """The backend of a queue URL; `declared` is `queue.type`. None if it is unknown, or the two disagree."""
    if url.startswith("sqlite:"):
        return None if declared == "sqs" else "sqlite"
    if declared == "sqlite" or not is_http_url(url):
        return None
    return "sqs" if declared == "sqs" or looks_like_sqs(url) else None


def ledger_kind(url: str) -> LedgerKind | None:
    """The backend of a ledger URL that is not empty; None if the scheme is unknown."""
    if url == "none":
        return "none"
    if url.startswith("sqlite:"):
        return "sqlite"
    return "dynamodb" if url.startswith("dynamodb:") else None
