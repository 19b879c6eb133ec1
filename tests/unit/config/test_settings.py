import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from socket import socket
from threading import TIMEOUT_MAX
from typing import Any

import pytest
from annotated_types import Le
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from watcher.config import (
    DecisionSettings,
    LedgerSettings,
    Loaded,
    PolicyOverrides,
    PollingSettings,
    QueueSettings,
    Settings,
)
from watcher.config.fields import all_keys
from watcher.domain.model import DecisionRules

MANUAL: dict[str, dict[str, Any]] = {
    "aws": {
        "region": "us-east-1",
        "profile": "",
        "endpoint_url": "",
        "ca_bundle": "",
        "verify_ssl": True,
        "sign_request": True,
        "connect_timeout": 60,
        "read_timeout": 60,
    },
    "queue": {
        "url": "sqlite:///watcher.db",
        "type": "",
        "endpoint_url": "",
        "dead_letter_url": "",
        "visibility_timeout": 60,
        "max_in_flight": 5000,
    },
    "polling": {
        "strategy": "learned",
        "min_interval": 1.0,
        "max_interval": 10.0,
        "multiplier": 1.6,
        "jitter": 0.2,
        "session_timeout": 180,
        "concurrency": 16,
        "max_rate": 0,
    },
    "decision": {
        "threshold": 80.0,
        "require_reference_image": True,
        "require_challenge": "",
        "min_challenge_version": "",
        "require_policy": False,
        "policies": {},
    },
    "ledger": {"url": ""},
    "http": {"host": "127.0.0.1", "port": 9464},
    "log": {"level": "info", "format": "auto"},
    "shutdown": {"drain_timeout": 25},
}


def test_every_default_is_the_manuals() -> None:
    defaults = Settings().model_dump()

    assert defaults.pop("sinks") == [{"name": "stdout", "type": "stdout", "fields": "full", "only": []}]
    assert defaults == MANUAL


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().aws.region = "eu-west-1"


def test_every_field_is_described() -> None:
    startup_fields = {f"{group}.{name}" for group, names in MANUAL.items() for name in names} | {"sinks"}
    assert set(all_keys()) == startup_fields
    for group in MANUAL:
        fields = Settings.model_fields[group].annotation.model_fields  # type: ignore[union-attr]
        assert all(field.description for field in fields.values())


def test_the_documented_file_has_every_key_and_loads_as_it_is() -> None:
    text = (Path(__file__).parents[3] / "config" / "watcher.toml").read_text()
    keys = [key.rpartition(".")[2] for key in all_keys()]
    sink_keys = [
        "type",
        "name",
        "path",
        "queue_url",
        "endpoint_url",
        "topic_arn",
        "bus",
        "url",
        "secret_file",
        "fields",
        "only",
    ]

    missing = [key for key in [*keys, *sink_keys] if f"{key} = " not in text and key not in ("sinks", "policies")]

    assert not missing
    assert "[[sinks]]" in text
    assert Settings.model_validate(tomllib.loads(text)).decision.policies


def test_a_policy_takes_what_it_lacks_from_the_section() -> None:
    decision = DecisionSettings(
        threshold=85,
        require_reference_image=False,
        policies={
            "payout": PolicyOverrides(threshold=95),
            "strict": PolicyOverrides(require_reference_image=True),
            "open": PolicyOverrides(threshold=0),
        },
    )

    assert decision.rules("default") == DecisionRules(threshold=85, require_reference_image=False)
    assert decision.rules("payout") == DecisionRules(threshold=95, require_reference_image=False)
    assert decision.rules("strict") == DecisionRules(threshold=85, require_reference_image=True)
    assert decision.rules("open") == DecisionRules(threshold=0, require_reference_image=False)
    assert decision.rules("unheard-of") is None


SQS = "https://sqs.us-east-1.amazonaws.com/123456789012/sessions"


@pytest.mark.parametrize(
    ("queue", "ledger", "kind"),
    [
        ("sqlite:///watcher.db", "", "sqlite"),
        (SQS, "sqlite:///ledger.db", "sqlite"),
        (SQS, "dynamodb:///decisions", "dynamodb"),
        ("sqlite:///watcher.db", "none", "none"),
    ],
)
def test_the_kind_of_ledger_is_told_from_its_url_or_the_queues(queue: str, ledger: str, kind: str) -> None:
    assert Settings(queue=QueueSettings(url=queue), ledger=LedgerSettings(url=ledger)).ledger_kind == kind


def test_an_sqs_queue_is_no_ledger() -> None:
    with pytest.raises(ValueError, match="no ledger"):
        _ = Settings(queue=QueueSettings(url=SQS)).ledger_kind


def test_the_ledgers_file_is_its_own_or_the_queues() -> None:
    queue = QueueSettings(url="sqlite:////var/lib/watcher/watcher.db")

    assert Settings(queue=queue).ledger_path == Path("/var/lib/watcher/watcher.db")
    assert Settings(queue=queue, ledger=LedgerSettings(url="sqlite:///l.db")).ledger_path == Path("l.db")
    assert Settings(ledger=LedgerSettings(url="dynamodb:///t-1")).ledger_table == "t-1"


def test_whole_numbers_do_for_floats() -> None:
    assert PollingSettings.model_validate({"min_interval": 2}).min_interval == 2.0


def test_urls_are_cleaned_wherever_they_are_set(settings_of: Callable[..., Loaded]) -> None:
    sinks = [
        {"type": "webhook", "url": " HTTPS://H.example/Path ", "ca_bundle": "x"},
        {"type": "sqs", "queue_url": "\thttps://SQS.example/1/Q", "endpoint_url": " HTTP://localhost:1\n"},
    ]
    queue = {"url": " https://SQS.us-east-1.amazonaws.com/1/q", "endpoint_url": " http://LOCALHOST:2 "}
    given = {f"queue.{name}": url for name, url in queue.items()}
    given |= {"ledger.url": "none", "aws.endpoint_url": "HTTP://LocalHost:3", "sinks": json.dumps(sinks)}
    settings = settings_of(None, given).settings
    assert settings.aws.endpoint_url == "http://localhost:3"
    assert (settings.queue.url, settings.queue.endpoint_url) == (
        "https://sqs.us-east-1.amazonaws.com/1/q",
        "http://localhost:2",
    )
    hook, sqs = settings.sinks
    assert hook.model_dump()["url"] == "https://h.example/Path"
    assert (sqs.model_dump()["queue_url"], sqs.model_dump()["endpoint_url"]) == (
        "https://sqs.example/1/Q",
        "http://localhost:1",
    )


def durations() -> list[tuple[str, FieldInfo]]:
    """Every setting in seconds, dotted."""
    return [
        (f"{section}.{name}", field)
        for section, group in Settings.model_fields.items()
        for name, field in getattr(group.annotation, "model_fields", {}).items()
        if (field.description or "").startswith("Seconds")
    ]


@pytest.mark.parametrize(("key", "field"), durations())
def test_the_longest_duration_is_one_that_the_system_can_wait(key: str, field: FieldInfo) -> None:
    (longest,) = (float(str(bound.le)) for bound in field.metadata if isinstance(bound, Le))

    with socket() as any_socket:
        any_socket.settimeout(2 * longest)  # a call gets the sum of two
    assert 2 * longest < TIMEOUT_MAX
