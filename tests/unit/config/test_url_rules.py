"""Rules for the settings that are URLs, at their edges."""

import json
from collections.abc import Callable

import pytest

from watcher.config import Settings
from watcher.config.url_rules import URL_RULES, http_urls

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/sessions"


def told(**sections: object) -> list[str]:
    """What is wrong with the URLs of these settings."""
    settings = Settings.model_validate(sections)
    return [violation.what for rule in URL_RULES for violation in rule(settings)]


@pytest.mark.parametrize(
    "url", [" http://h.example/x", "\thttp://h.example", "HTTP://h.example", "\nhTTp://h.example"]
)
def test_no_spelling_gets_plain_http_past_its_rule(problems_of: Callable[..., list[str]], url: str) -> None:
    sinks = json.dumps([{"type": "webhook", "url": url}])
    (problem,) = problems_of(None, {"sinks": sinks})
    assert "would carry decisions unencrypted" in problem


def test_every_url_that_is_called_is_looked_at_with_its_place() -> None:
    sinks = [
        {"type": "webhook", "url": "https://hook"},
        {"type": "sqs", "queue_url": "https://out", "endpoint_url": "https://sqs"},
        {"type": "sns", "topic_arn": "arn:aws:sns:us-east-1:1:t", "endpoint_url": "https://sns"},
        {"type": "stdout"},
    ]
    settings = Settings.model_validate(
        {"aws": {"endpoint_url": "https://aws"}, "queue": {"endpoint_url": "https://queue"}, "sinks": sinks}
    )
    assert {path: url for path, url in http_urls(settings) if url} == {
        ("aws", "endpoint_url"): "https://aws",
        ("queue", "endpoint_url"): "https://queue",
        ("sinks", 0, "url"): "https://hook",
        ("sinks", 1, "queue_url"): "https://out",
        ("sinks", 1, "endpoint_url"): "https://sqs",
        ("sinks", 2, "endpoint_url"): "https://sns",
    }


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("https://h/a b", "contains a space"),
        ("https://h\\@evil", "contains a space"),
        ("https://h/\x7f", "is not an http"),
        ("https://h..example", "is not an http"),
        ("h.example", "is not an http"),
        ("ftp://h", "is not an http"),
    ],
)
def test_a_url_is_one_that_all_parsers_read_alike(url: str, what: str) -> None:
    (found,) = told(aws={"endpoint_url": url})
    assert found.startswith(what)


@pytest.mark.parametrize(
    ("given", "is_fine"),
    [
        ({"url": "https://h"}, True),
        ({"url": "http://h"}, False),
        ({"url": "http://127.0.0.1"}, False),
        ({"url": "http://h", "allow_private": True}, True),
    ],
    ids=str,
)
def test_a_webhook_has_tls_unless_its_receiver_is_in_ones_own_network(
    given: dict[str, object], *, is_fine: bool
) -> None:
    assert told(sinks=[{"type": "webhook", **given}]) == ([] if is_fine else ["would carry decisions unencrypted"])


def test_no_decision_is_sent_to_where_sessions_or_dead_letters_come_from() -> None:
    dead = QUEUE + "-dead"
    for url, what in (
        (QUEUE, "is the queue that the sessions come from"),
        (dead, "is the queue of the dead letters"),
    ):
        sinks = [{"type": "sqs", "queue_url": url}]
        queue = {"url": QUEUE, "dead_letter_url": dead}
        assert told(queue=queue, ledger={"url": "none"}, sinks=sinks) == [what]


@pytest.mark.parametrize("ledger", ["none", "dynamodb:///decisions", "sqlite:///l.db"])
def test_an_sqs_queue_needs_a_ledger_or_the_word_that_there_is_none(ledger: str) -> None:
    assert told(queue={"url": QUEUE}, ledger={"url": ledger}) == []
    assert told(queue={"url": QUEUE}) == ["means the queue's own file, but an SQS queue has none"]
