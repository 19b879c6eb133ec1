import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from watcher.config import Loaded, Settings, as_json, as_toml
from watcher.config.redaction import redacted_value, toml

Load = Callable[..., Loaded]

FULL = """
[aws]
profile = 'with "quotes" and \\ and ü'
[decision.policies."a.b"]
threshold = 95
[decision.policies.same]
[[sinks]]
type = "file"
path = "/tmp/a"
[[sinks]]
type = "webhook"
url = "https://example.com/hook"
"""


def test_what_is_shown_loads_back_as_the_same_settings(settings_of: Load) -> None:
    for text in ("", FULL, (Path(__file__).parents[3] / "config" / "watcher.toml").read_text()):
        loaded = settings_of(text)
        shown = Settings.model_validate(tomllib.loads(as_toml(loaded)))
        assert shown.model_copy(update={"sinks": []}) == loaded.settings.model_copy(update={"sinks": []})
        assert [sink.type for sink in shown.sinks] == [sink.type for sink in loaded.settings.sinks]


def test_each_line_says_where_its_value_came_from(settings_of: Load) -> None:
    lines = as_toml(
        settings_of("[http]\nport = 1\n", {"log.level": "debug"}, environ={"AWS_REGION": "eu-west-1"})
    ).splitlines()

    assert lines[0] == '# file: "watcher.toml"'
    for line in (
        'region = "eu-west-1"  # env AWS_REGION',
        "port = 1  # watcher.toml",
        'level = "debug"  # --set',
        'format = "auto"  # default',
        "[[sinks]]  # default",
    ):
        assert line in lines


def test_nothing_set_shows_the_default_region(settings_of: Load) -> None:
    assert 'region = "us-east-1"  # default' in as_toml(settings_of()).splitlines()


def test_secrets_are_hidden_in_both_forms_and_it_still_loads(settings_of: Load) -> None:
    loaded = settings_of(
        '[aws]\nendpoint_url = "http://me:hunter2@proxy:8080/x"\n[[sinks]]\ntype = "webhook"\n'
        'url = "https://hooks.example.com/T0/abcdefghij0123456789?token=hunter2&v=1"\nsecret_file = "/run/secret"\n'
    )

    for text in (as_toml(loaded), as_json(loaded)):
        assert "hunter2" not in text
        assert "abcdefghij0123456789" not in text
        assert "http://***@proxy:8080/x" in text
        assert "https://hooks.example.com/***?***" in text
        assert "/run/secret" in text
    assert Settings.model_validate(tomllib.loads(as_toml(loaded)))


def test_json_has_file_settings_and_origins(settings_of: Load) -> None:
    text = as_json(settings_of("[decision.policies.payout]\nthreshold = 95\n"))
    assert "\n" not in text
    told = json.loads(text)

    assert told["file"] == "watcher.toml"
    assert told["settings"]["decision"]["policies"] == {"payout": {"threshold": 95.0}}
    assert told["origins"]["decision.policies.payout.threshold"] == "watcher.toml"
    assert told["origins"]["aws.region"] == "default"


def test_a_files_name_can_not_break_out_of_its_comment(settings_of: Load, tmp_path: Path) -> None:
    (tmp_path / "a\nb.toml").write_text("[http]\nport = 1\n")
    assert tomllib.loads(as_toml(settings_of(config=Path("a\nb.toml"))))["http"]["port"] == 1


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
