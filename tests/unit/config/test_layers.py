"""Layers of settings: the later one wins, and each value's source is known."""

from collections.abc import Callable
from pathlib import Path

import pytest

from watcher.config import Loaded
from watcher.config.layers import MOST_VALUES, Layers
from watcher.domain.errors import ConfigError

Load = Callable[..., Loaded]
REGION = ("aws", "region")


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


def test_a_value_comes_from_the_last_that_gave_it_or_the_table_around_it() -> None:
    layers = Layers()
    layers.put_tree({"aws": {"region": "a", "profile": "p"}, "decision": {"policies": {"x": {}}}}, "file")
    layers.put(REGION, "b", "--set")
    assert layers.data["aws"] == {"region": "b", "profile": "p"}
    assert [layers.origin(path) for path in (REGION, ("aws", "profile"), ("aws",))] == ["--set", "file", "file"]
    assert layers.origin(("decision", "policies", "x", "threshold")) == "file"
    assert layers.origin(("http", "port")) == "default"


def test_what_is_dropped_is_the_default_again() -> None:
    layers = Layers()
    layers.put_tree({"aws": {"region": "a", "profile": "p"}}, "file")
    layers.drop(REGION)
    layers.drop(("http", "port"))
    assert (layers.data["aws"], layers.origin(REGION)) == ({"profile": "p"}, "default")


def test_a_table_that_replaces_one_leaves_nothing_of_it() -> None:
    layers = Layers()
    layers.put_tree({"decision": {"policies": {"a": {"threshold": 1}, "b": {"threshold": 2}}}}, "file")
    layers.put(("decision", "policies"), {"a": {"threshold": 3}}, "env X")
    assert layers.data["decision"]["policies"] == {"a": {"threshold": 3}}
    assert layers.origin(("decision", "policies", "a", "threshold")) == "env X"
    assert "file" not in {layers.origin(("decision", "policies", name)) for name in "ab"}


@pytest.mark.parametrize("value", ["a\0b", ["a", "\0"], {"x": {"y": ["\0"]}}])
def test_a_nul_is_a_problem_wherever_it_is(value: object) -> None:
    layers = Layers()
    layers.put(REGION, value, "file")
    assert [problem.line for problem in layers.problems] == ["aws.region contains a NUL (from file): remove it"]
    assert layers.data == {}


def test_text_is_a_value_of_the_settings_type_or_a_problem_that_hides_what_may_be_a_secret() -> None:
    layers = Layers()
    layers.put_text(("http", "port"), "8080", "--set")
    layers.put_text(("http", "port"), "many", "--set")
    layers.put_text(("sinks",), '[{"url": "https://h/hunter2"', "--set")
    layers.put_text(("http", "prot"), "1", "--set")
    assert layers.data == {"http": {"port": 8080}}
    port, sinks, unknown = [problem.line for problem in layers.problems]
    assert port == 'http.port = "many" is not a whole number (from --set): give one'
    assert sinks.startswith("sinks = *** is not JSON (")
    assert unknown == "unknown setting http.prot (from --set): did you mean http.port?"
    assert [problem.paths for problem in layers.problems] == [
        (("http", "port"),),
        (("sinks",),),
        (("http", "prot"),),
    ]


def test_a_value_below_one_that_is_no_table_is_not_put() -> None:
    """The plain value is a problem of its own."""
    layers = Layers()
    layers.put(("aws",), "us-east-1", "file")
    layers.put(REGION, "eu-west-1", "--set")
    assert layers.data == {"aws": "us-east-1"}


def test_a_file_with_more_values_than_any_settings_have_is_not_read() -> None:
    values = {str(number): number for number in range(MOST_VALUES)}
    Layers().put_tree({"a": values}, "big.toml")
    with pytest.raises(ConfigError, match=r"^big\.toml has more than 5000 values: name a settings file$"):
        Layers().put_tree({"a": values, "b": 1}, "big.toml")


@pytest.mark.parametrize(
    ("before", "origin", "is_told"),
    [("a", "env AWS_REGION", True), ("b", "env AWS_REGION", False), ("a", "--set", False)],
    ids=["another value", "the same", "an option"],
)
def test_only_a_variable_that_changes_a_files_value_is_told(before: str, origin: str, *, is_told: bool) -> None:
    layers = Layers()
    layers.put(REGION, before, "file")
    layers.put(REGION, "b", origin)
    assert layers.overridden == ({REGION: "file"} if is_told else {})


@pytest.mark.parametrize("value", ["a\ud800b", ["\ud83d"], {"x": [{"y": "\udbff"}]}, {"x": [{"\udcff": "y"}]}])
def test_half_of_a_surrogate_pair_is_a_problem_wherever_it_is(value: object) -> None:
    layers = Layers()
    layers.put(REGION, value, "env X")
    assert [problem.line for problem in layers.problems] == [
        "aws.region contains a character that is not valid Unicode (from env X): remove it"
    ]
    assert layers.data == {}


def test_a_byte_of_a_file_s_name_that_is_not_utf_8_is_no_problem() -> None:
    layers = Layers()
    layers.put(("aws", "ca_bundle"), "/etc/\udcff.pem", "env AWS_CA_BUNDLE")
    assert not layers.problems


def test_a_name_with_a_byte_that_is_not_utf_8_is_a_problem() -> None:
    layers = Layers()
    layers.put(("decision", "policies", "\udcffa", "threshold"), 80, "env X")
    (problem,) = layers.problems
    assert problem.line.startswith('decision.policies."\\udcffa".threshold contains a character that is not valid')
    assert layers.data == {}
