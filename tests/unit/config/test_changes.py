from collections.abc import Callable

import pytest

from watcher.config import Loaded, changes

Load = Callable[..., Loaded]


@pytest.mark.parametrize(
    ("key", "text", "at_run_time"),
    [
        ("decision.threshold", "90", True),
        ("decision.policies.payout.threshold", "95", True),
        ("polling.max_rate", "5", True),
        ("polling.session_timeout", "100", True),
        ("polling.concurrency", "2", False),
        ("log.level", "debug", True),
        ("log.format", "json", False),
        ("aws.region", "eu-west-1", False),
        ("http.port", "0", False),
    ],
)
def test_some_settings_change_at_run_time_and_others_need_a_restart(
    settings_of: Load, key: str, text: str, at_run_time: bool
) -> None:
    old, new = settings_of().settings, settings_of(None, {key: text}).settings

    assert changes(old, new) == (([key], []) if at_run_time else ([], [key]))
    assert changes(new, old) == (([key], []) if at_run_time else ([], [key]))


def test_the_same_settings_are_no_change(settings_of: Load) -> None:
    assert changes(settings_of().settings, settings_of().settings) == ([], [])


def test_other_sinks_need_a_restart(settings_of: Load) -> None:
    old, new = settings_of().settings, settings_of('[[sinks]]\ntype = "file"\npath = "a"\n').settings
    assert changes(old, new) == ([], ["sinks"])


def test_a_policy_that_only_appears_is_a_change(settings_of: Load) -> None:
    old, new = settings_of().settings, settings_of("[decision.policies.same]\n").settings
    assert changes(old, new) == (["decision.policies.same"], [])
