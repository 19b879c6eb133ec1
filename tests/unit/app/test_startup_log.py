import json
from pathlib import Path
from typing import Any

from watcher import __version__
from watcher.app.startup_log import startup_fields
from watcher.config import Settings


def about(**sections: Any) -> dict[str, object]:
    return startup_fields(Settings.model_validate(sections), None)


def test_a_watcher_on_its_defaults_says_what_they_are() -> None:
    assert about() == {
        "version": __version__,
        "config": None,
        "region": "us-east-1",
        "queue": "sqlite:///watcher.db",
        "ledger": "sqlite:///watcher.db",
        "thresholds": {"default": 80.0},
        "sinks": ["stdout"],
    }


def test_the_threshold_of_each_policy_is_told() -> None:
    decision = {"threshold": 85, "policies": {"payout": {"threshold": 95}, "login": {}}}
    assert about(decision=decision)["thresholds"] == {"default": 85.0, "payout": 95.0, "login": 85.0}


def test_the_file_that_was_read_is_named_in_full(tmp_path: Path) -> None:
    assert startup_fields(Settings(), tmp_path / "watcher.toml")["config"] == str(tmp_path / "watcher.toml")
    assert startup_fields(Settings(), Path("watcher.toml"))["config"] == str(Path.cwd() / "watcher.toml")


def test_an_endpoint_is_named_where_there_is_one() -> None:
    assert about(aws={"endpoint_url": "http://127.0.0.1:9"})["endpoint"] == "http://127.0.0.1:9"


def test_every_sink_is_told_with_its_place() -> None:
    sinks = [
        {"type": "stdout"},
        {"type": "file", "path": "/x/y.jsonl", "name": "archive"},
        {"type": "sqs", "queue_url": "https://sqs.eu-west-1.amazonaws.com/1/q"},
        {"type": "sns", "topic_arn": "arn:aws:sns:eu-west-1:1:t"},
        {"type": "eventbridge", "bus": "default"},
        {"type": "webhook", "url": "https://hooks.example.com/T0/B0/s3cr3t"},
    ]
    assert about(sinks=sinks)["sinks"] == [
        "stdout",
        "archive (file) /x/y.jsonl",
        "sqs https://sqs.eu-west-1.amazonaws.com/1/q",
        "sns arn:aws:sns:eu-west-1:1:t",
        "eventbridge default",
        "webhook https://hooks.example.com",
    ]


def test_no_secret_of_a_url_is_told() -> None:
    told = about(
        aws={"endpoint_url": "https://user:hidden@host:8443/x?key=hidden#hidden"},
        queue={"url": "https://user:hidden@sqs.example.com/1/q?token=hidden"},
        ledger={"url": "dynamodb:///decisions"},
        sinks=[
            {"type": "webhook", "url": "https://user:hidden@example.com/hidden?hidden", "secret_file": "/hidden"},
            {"type": "sqs", "queue_url": "https://user:hidden@sqs.example.com/1/q?hidden"},
        ],
    )
    assert "hidden" not in json.dumps(told)
    assert told["endpoint"] == "https://host:8443/x"
    assert told["queue"] == "https://sqs.example.com/1/q"
    assert told["ledger"] == "dynamodb:///decisions"


def test_a_ledger_that_is_none_is_none() -> None:
    assert about(ledger={"url": "none"})["ledger"] == "none"
