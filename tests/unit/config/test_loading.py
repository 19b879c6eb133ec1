import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.config import Loaded, load
from watcher.config.fields import all_keys
from watcher.domain.errors import ConfigError

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]


def test_every_setting_has_an_origin(settings_of: Load) -> None:
    assert set(settings_of().origins) == set(all_keys()) - {"decision.policies"}


def test_problems_of_all_layers_and_kinds_come_together(problems_of: Problems) -> None:
    problems = problems_of(
        "[polling]\nmin_interval = 20\njitter = 2\n[http]\nprot = 1\n",
        {"log.level": "loud"},
        environ={"WATCHER_HTTP__PORT": "x", "AWS_ENDPOINT_URL": "nowhere"},
    )

    keys = [problem.removeprefix("unknown setting ").split()[0] for problem in problems]
    assert sorted(keys) == [
        "aws.endpoint_url",
        "http.port",
        "http.prot",
        "log.level",
        "polling.jitter",
        "polling.min_interval",
        "queue.endpoint_url",
    ]


def test_a_rule_is_not_judged_on_values_that_are_wrong_themselves(problems_of: Problems) -> None:
    problems = problems_of('[polling]\nmin_interval = "x"\nmax_interval = 0.5\n')
    assert [problem.split()[0] for problem in problems] == ["polling.min_interval"]


def test_a_rule_is_not_judged_on_a_text_that_is_no_number(problems_of: Problems) -> None:
    problems = problems_of(
        "[polling]\nmin_interval = 0.1\n", {"polling.max_interval": "x", "polling.min_interval": "30"}
    )
    assert [problem.split()[0] for problem in problems] == ["polling.max_interval"]


def test_a_default_that_a_rule_blames_is_told_with_what_it_clashes_with(problems_of: Problems) -> None:
    (problem,) = problems_of(environ={"WATCHER_QUEUE__URL": "https://sqs.us-east-1.amazonaws.com/1/q"})
    assert "(the default, queue.url from env WATCHER_QUEUE__URL)" in problem


def _settings_or_problems(overrides: dict[str, str]) -> object:
    try:
        return load(None, overrides, {}, Path("/nonexistent"))
    except ConfigError as error:
        return error.problems


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    key=st.sampled_from([*all_keys(), "aws", "sinks.0", "decision.policies.p", "decision.policies.p.threshold"]),
    text=st.text(max_size=8) | JUNK.map(str),
)
def test_text_of_any_kind_is_settings_or_problems_but_never_another_error(key: str, text: str) -> None:
    assert _settings_or_problems({key: text})


@given(sinks=JUNK, policies=JUNK)
def test_json_of_any_form_is_settings_or_problems_but_never_another_error(sinks: object, policies: object) -> None:
    assert _settings_or_problems({"sinks": json.dumps(sinks), "decision.policies": json.dumps(policies)})


def test_a_policy_without_keys_is_the_section_under_another_name(settings_of: Load) -> None:
    loaded = settings_of("[decision.policies.same]\n")
    assert loaded.settings.decision.rules("same") == loaded.settings.decision.rules("default")


@pytest.mark.parametrize("text", ["", "[aws]\n", "sinks = []\n"])
def test_empty_sections_are_the_defaults(settings_of: Load, text: str) -> None:
    assert settings_of(text).settings == settings_of("").settings


@pytest.mark.parametrize("text", ["decision.policies" + ".a" * 5000 + " = 1", "a" + ".b" * 5000 + " = 1"])
def test_a_file_that_is_nested_too_deeply_is_a_problem(tmp_path: Path, text: str) -> None:
    (tmp_path / "watcher.toml").write_text(text)
    with pytest.raises(ConfigError, match="nested too deeply"):
        load(None, {}, {}, tmp_path)


@pytest.mark.parametrize("levels", [400, 990, 2000])
def test_json_that_is_nested_too_deeply_is_a_problem(tmp_path: Path, levels: int) -> None:
    with pytest.raises(ConfigError):
        load(None, {"sinks": "[" * levels + "]" * levels}, {}, tmp_path)
