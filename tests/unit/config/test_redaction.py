"""Values as users see them: in TOML's notation, without secrets."""

import tomllib

import pytest

from watcher.config.redaction import redacted_value, toml


@pytest.mark.parametrize(
    "value",
    [
        "",
        'a"b\\c',
        "tab\tnewline\n",
        "\x7f\x00",
        "ü😀",
        "\x9b31m\u202ea\u2028b\U000e0001",
        True,
        1,
        1.5,
        [1, "a"],
        {"a b": 1},
    ],
)
def test_values_are_written_as_toml_reads_them(value: object) -> None:
    assert tomllib.loads(f"key = {toml(value)}") == {"key": value}


@pytest.mark.parametrize(
    ("key", "value", "seen"),
    [
        ("aws.secret_access_key", "abc", "***"),
        ("x.password", "abc", "***"),
        ("x.token", "", ""),
        ("sinks[0].secret_file", "/run/secret", "/run/secret"),
        ("queue.url", "https://sqs.eu-west-1.amazonaws.com/123456789012/sessions-production-2", None),
        ("queue.url", "sqlite:////var/lib/watcher/watcher.db", None),
        ("ledger.url", "dynamodb:///liveness-decisions-production-2", None),
        ("aws.endpoint_url", "https://h/?X-Amz-Signature=abc&a=1", "https://h/?***"),
        ("aws.endpoint_url", "https://h/p?abc#d", "https://h/p?***"),
        ("aws.endpoint_url", "https://h/p#d", "https://h/p#***"),
        ("aws.endpoint_url", "https://u@[::1", "https://***@[::1"),
        ("aws.endpoint_url", "https://me:a/b@h/x", "https://***"),
        ("aws.endpoint_url", "http:/me:pw@h", "***"),
        ("aws.endpoint_url", "http:\\\\me:pw@h", "***"),
        ("queue.url", "https://a:b@sqs.example/1/q?x", "https://***@sqs.example/1/q?***"),
        ("sinks[0].queue_url", "https://a:b@sqs.example/1/q", "https://***@sqs.example/1/q"),
        ("sinks[0].url", "https://h/T0/B0/abc", "https://h/***"),
        ("sinks[0].url", "https://h/", None),
        ("sinks[0].uri", "https://h/T0/abc", "https://h/***"),
        ("aws.endpoint_urll", "https://me:pw@h/x", "https://***@h/x"),
        ("http.host", "https://me:pw@h", "https://***@h"),
        ("sinks[0].url", "https:/h/T0/abc", "***"),
        ("sinks[0].secret_file", "whsec_abc", "***"),
        ("sinks[0].secret_file", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "***"),
        ("sinks[0].secret_file", "MfKQ9r8GKYqr/wjUPD8ILPZ+o2LaLaSw==", "***"),
        ("sinks[0].secret_file", "/fKQ9r8GKYqr/wjUPD8ILPZ+o2LaLaSw", "***"),
        ("sinks[0].secret_file", "MfKQ9r8G_Yqr/wjUPD8ILPZ-o2LaLaSw", "***"),
        ("sinks[0].secret_file", "hunter2!", "***"),
        ("sinks[0].secret_file", "", ""),
        ("sinks[0].secret_file", "/etc/watcher/secrets/of/the/webhook", None),
        ("sinks[0].secret_file", "secrets/webhook.txt", None),
        ("sinks[0].secret_file", "watcher", None),
        ("sinks[0].secret_file", "watcher/keyOfTheWebhookOfTheWatcher", None),
        ("sinks[0].secret_file", "https://me:pw@h/x", "https://***@h/***"),
        ("sinks[0].secret_file", "a\0b", "***"),
        ("queue.url", "sqlite://u:hunter2@h/q", "sqlite://***@h/q"),
        ("queue.url", "SQLite://hunter2@h/q", "sqlite://***@h/q"),
        ("queue.url", "sqlite://u:hunt/er2@h/q", "sqlite://***@h/q"),
        ("queue.url", "sqlite://u:hunt@er2@h/q", "sqlite://***@h/q"),
        ("queue.url", "sqlite:///u:hunter2@h/q", "sqlite://***@h/q"),
        ("queue.url", "sqlite:u:hunter2@h/q", "***"),
        ("queue.url", "sqlite:////var/lib/watcher@eu/watcher.db", None),
        ("ledger.url", "dynamodb://me:hunter2@h/table", "dynamodb://***@h/table"),
        ("sinks[0].secret", "a", "***"),
        ("sinks[0].key", "a", "***"),
        ("x.token", 1234, "***"),
        ("x.auth", {"user": "a"}, "***"),
        ("x.passwords", ["a"], "***"),
        ("aws.region", "us-east-1", None),
        ("sinks[0].allow_private", True, None),
        (
            "sinks",
            [{"allow_private": True, "url": "https://h/abc"}],
            [{"allow_private": True, "url": "https://h/***"}],
        ),
        ("decision", {"policies": {"private.auth": {"threshold": 90.0}}}, None),
        ("decision.policies.private.token", "abc", "***"),
    ],
)
def test_only_secrets_are_hidden(key: str, value: object, seen: object) -> None:
    assert redacted_value(key, value) == (value if seen is None else seen)
