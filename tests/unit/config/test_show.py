import json
import tomllib
from collections.abc import Callable
from pathlib import Path

from watcher.config import Loaded, Settings, as_json, as_toml

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
