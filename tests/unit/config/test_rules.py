from collections.abc import Callable

import pytest

from watcher.config import Loaded

Load = Callable[..., Loaded]

SQS = {"queue.url": "https://sqs.us-east-1.amazonaws.com/123456789012/sessions"}


@pytest.mark.parametrize(
    "overrides",
    [
        {"polling.min_interval": "5", "polling.max_interval": "5"},
        {"polling.min_interval": "5", "polling.session_timeout": "5"},
        {"polling.multiplier": "1", "polling.jitter": "0"},
        {"polling.jitter": "1", "polling.concurrency": "1000"},
        {"aws.connect_timeout": "0", "aws.read_timeout": "0"},
        {"http.port": "0", "shutdown.drain_timeout": "0"},
        {"http.port": "65535", "queue.max_in_flight": "120000"},
        {"decision.threshold": "0"},
        {"decision.threshold": "1.01"},
        {"decision.threshold": "100"},
        {"queue.visibility_timeout": "1"},
        {"ledger.url": "none", "aws.sign_request": "false", "aws.profile": "p"},
        {"queue.dead_letter_url": "sqlite:///dead.db"},
        SQS | {"ledger.url": "none", "queue.visibility_timeout": "3"},
        SQS | {"ledger.url": "dynamodb:///table", "queue.visibility_timeout": "43200"},
        SQS | {"ledger.url": "sqlite:///ledger.db", "queue.dead_letter_url": SQS["queue.url"] + "-dead"},
        {"queue.type": "sqs", "queue.url": "http://localhost:5000/1/q", "ledger.url": "none"}
        | {"queue.dead_letter_url": "http://localhost:5000/1/dead"},
    ],
    ids=lambda overrides: " ".join(f"{key}={value}" for key, value in overrides.items()),
)
def test_values_at_the_edge_of_a_rule_are_good(settings_of: Load, overrides: dict[str, str]) -> None:
    assert settings_of(None, overrides).origins[next(iter(overrides))] == "--set"


def test_a_policy_that_requires_no_challenge_may_inherit_a_minimum_version(settings_of: Load) -> None:
    decision = settings_of(
        """
        [decision]
        require_challenge = "FaceMovementAndLightChallenge"
        min_challenge_version = "2.0.0"
        [decision.policies.any]
        require_challenge = ""
        """
    ).settings.decision
    rules = decision.rules("any")
    assert rules is not None
    assert rules.require_challenge == ""


def test_a_bad_sink_does_not_hide_what_is_wrong_with_another(problems_of: Callable[..., list[str]]) -> None:
    sinks = '[{"type": "webhook", "url": "ftp://x", "secret_file": "s"}, {"type": "file"}]'
    problems = problems_of(environ={"WATCHER_SINKS": sinks})
    assert len(problems) == 2
    assert "sinks[0].url" in "".join(problems)
    assert "sinks[1].path" in "".join(problems)
