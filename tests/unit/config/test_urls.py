from pathlib import Path

import pytest

from watcher.config import QueueSettings, dynamodb_table, sqlite_path
from watcher.config.urls import ledger_kind, queue_kind

SQS = "https://sqs.us-east-1.amazonaws.com/123456789012/sessions"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///watcher.db", "watcher.db"),
        ("sqlite:///data/watcher.db", "data/watcher.db"),
        ("sqlite:////var/lib/watcher.db", "/var/lib/watcher.db"),
        ("sqlite:///a b%20c.db", "a b%20c.db"),
    ],
)
def test_three_slashes_are_a_relative_file_and_four_a_full_path(url: str, path: str) -> None:
    assert sqlite_path(url) == Path(path)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite://a.db",
        "sqlite:///",
        "sqlite:////",
        "sqlite:///dir/",
        "sqlite:///:memory:",
        "sqlite:///a?b=c",
    ],
)
def test_a_sqlite_url_without_a_file_of_its_own_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"is not|names no|is a separate database|has options"):
        sqlite_path(url)


def test_a_dynamodb_url_names_a_table() -> None:
    assert dynamodb_table("dynamodb:///liveness.decisions-1") == "liveness.decisions-1"
    for url in ("dynamodb:///", "dynamodb:///a b c", "dynamodb://table", "table"):
        with pytest.raises(ValueError, match="names no"):
            dynamodb_table(url)


@pytest.mark.parametrize(
    ("url", "declared", "kind"),
    [
        ("sqlite:///watcher.db", "", "sqlite"),
        ("sqlite:///watcher.db", "sqlite", "sqlite"),
        ("sqlite:///watcher.db", "sqs", None),
        (SQS, "", "sqs"),
        (SQS, "sqlite", None),
        ("https://sqs-fips.us-gov-west-1.amazonaws.com/1/q", "", "sqs"),
        ("https://us-east-1.queue.amazonaws.com/1/q", "", "sqs"),
        ("https://vpce-1-2.sqs.eu-west-1.vpce.amazonaws.com/1/q", "", "sqs"),
        ("http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/q", "", "sqs"),
        ("http://localhost:5000/123456789012/q", "", None),
        ("http://localhost:5000/123456789012/q", "sqs", "sqs"),
        ("https://sqs.example.com:port/q", "", None),
        ("redis://sqs.us-east-1/q", "", None),
        ("redis://sqs.us-east-1/q", "sqs", None),
        ("", "", None),
    ],
)
def test_the_kind_of_queue_is_told_from_its_url_and_type(url: str, declared: str, kind: str | None) -> None:
    assert queue_kind(url, declared) == kind


def test_a_queue_of_no_known_kind_has_none() -> None:
    with pytest.raises(ValueError, match="neither"):
        _ = QueueSettings(url="redis://localhost").kind


def test_the_kind_of_ledger_is_told_from_its_scheme() -> None:
    urls = ("none", "sqlite:///a", "dynamodb:///t", "redis://x")
    assert [ledger_kind(url) for url in urls] == ["none", "sqlite", "dynamodb", None]
