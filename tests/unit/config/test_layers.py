"""Layers of settings: the later one wins, and each value's source is known."""

from collections.abc import Callable
from pathlib import Path

from watcher.config import Loaded

Load = Callable[..., Loaded]


def test_the_later_layer_wins_and_is_named(settings_of: Load) -> None:
    text = '[aws]\nregion = "eu-west-1"\nprofile = "file"\nca_bundle = "file"\n[http]\nport = 1\n'
    environ = {
        "AWS_REGION": "eu-west-2",
        "AWS_PROFILE": "aws",
        "WATCHER_AWS__REGION": "eu-west-3",
        "WATCHER_HTTP__PORT": "2",
    }

    loaded = settings_of(text, {"http.port": "3"}, environ=environ)

    aws = loaded.settings.aws
    assert (aws.region, aws.profile, aws.ca_bundle, loaded.settings.http.port) == ("eu-west-3", "aws", "file", 3)
    told = [loaded.origins[key] for key in ("aws.region", "aws.profile", "aws.ca_bundle", "http.port", "http.host")]
    assert told == ["env WATCHER_AWS__REGION", "env AWS_PROFILE", "watcher.toml", "--set", "default"]


def test_what_a_later_layer_replaces_as_a_whole_comes_from_there(settings_of: Load) -> None:
    environ = {"WATCHER_DECISION__POLICIES": '{"payout": {"threshold": 95}}'}
    loaded = settings_of("[decision.policies.payout]\nthreshold = 90\n", environ=environ)

    assert loaded.settings.decision.policies["payout"].threshold == 95
    assert loaded.origins["decision.policies.payout.threshold"] == "env WATCHER_DECISION__POLICIES"


def test_sinks_come_as_json_and_replace_those_of_the_file(settings_of: Load) -> None:
    text = '[[sinks]]\ntype = "stdout"\n[[sinks]]\ntype = "file"\npath = "a"\n'
    loaded = settings_of(text, environ={"WATCHER_SINKS": '[{"type": "file", "path": "b", "name": "b"}]'})

    assert [sink.name for sink in loaded.settings.sinks] == ["b"]
    assert loaded.origins["sinks"] == "env WATCHER_SINKS"


def test_a_variable_that_changes_what_the_file_says_is_known(settings_of: Load, tmp_path: Path) -> None:
    text = '[aws]\nregion = "eu-west-1"\nread_timeout = 7\n[decision]\nthreshold = 90\n'
    environ = {
        "AWS_REGION": "us-east-1",
        "WATCHER_AWS__READ_TIMEOUT": "7",  # the same
        "WATCHER_DECISION__THRESHOLD": "70",
        "WATCHER_HTTP__PORT": "1",  # the file says nothing of it
    }
    assert settings_of(text, environ=environ).overridden == {
        "aws.region": "watcher.toml",
        "decision.threshold": "watcher.toml",
    }
    assert settings_of(text, {"aws.region": "us-east-1"}, environ=environ).overridden == {
        "decision.threshold": "watcher.toml"
    }
