"""Text from outside as a value of its setting's type."""

from collections.abc import Callable

import pytest

from watcher.config import Loaded
from watcher.config.fields import Path, all_keys, coerce, dotted, is_plain, keys_at, shown_key, type_at

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]
PAYOUT = "WATCHER_DECISION__POLICIES__PAYOUT__THRESHOLD"


def test_sinks_that_are_not_json_are_an_error(problems_of: Problems) -> None:
    assert "is not JSON" in problems_of(environ={"WATCHER_SINKS": "stdout"})[0]


def test_a_section_can_not_be_set_as_a_whole(problems_of: Problems) -> None:
    expected = ["aws = *** is a section (from --set): set one of its keys"]
    assert problems_of(None, {"aws": "x"}) == expected


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("aws.verify_ssl", "No", False),
        ("aws.sign_request", "1", True),
        ("aws.read_timeout", "5", 5.0),
        ("http.port", "0", 0),
        ("aws.profile", "", ""),
        ("log.level", "DEBUG", "debug"),
        ("queue.type", "", ""),
        ("decision.threshold", "9e1", 90.0),
    ],
)
def test_text_becomes_a_value_of_the_settings_type(settings_of: Load, key: str, text: str, value: object) -> None:
    variable = "WATCHER_" + key.upper().replace(".", "__")
    section, name = key.split(".")

    for loaded in (settings_of(None, {key: text}), settings_of(environ={variable: text})):
        found = getattr(getattr(loaded.settings, section), name)
        assert found == value
        assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("THRESHOLD", "95.5", 95.5),
        ("MIN_CHALLENGE_VERSION", "2.0.0", "2.0.0"),
        ("REQUIRE_CHALLENGE", " facemovementandlightchallenge\n", "FaceMovementAndLightChallenge"),
        ("REQUIRE_CHALLENGE", "", ""),
        ("REQUIRE_REFERENCE_IMAGE", "no", False),
    ],
)
def test_a_policys_bounded_and_optional_settings_are_read_from_plain_text(
    settings_of: Load, name: str, text: str, value: object
) -> None:
    challenge = {"WATCHER_DECISION__REQUIRE_CHALLENGE": "FaceMovementAndLightChallenge"}
    found = settings_of(environ={f"WATCHER_DECISION__POLICIES__PAYOUT__{name}": text, **challenge})
    assert getattr(found.settings.decision.rules("payout"), name.lower()) == value


def test_a_policys_threshold_that_is_no_number_is_called_none(problems_of: Problems) -> None:
    (problem,) = problems_of(environ={PAYOUT: "ninety"})
    assert "is not a number" in problem


@pytest.mark.parametrize(
    ("path", "written"),
    [
        (("polling", "min_interval"), "polling.min_interval"),
        (("sinks", 0, "path"), "sinks[0].path"),
        (("decision", "policies", "two words"), 'decision.policies."two words"'),
        (("decision", "policies", ""), 'decision.policies.""'),
        (("decision", "policies", "https://h/hunter2"), "decision.policies.***"),
        (("decision", "policies", "whsec_hunter2"), "decision.policies.***"),
        (("aws", "A" * 65), "aws.***"),
        (("aws", "A" * 64), "aws." + "A" * 64),
    ],
)
def test_a_path_is_written_as_users_write_it_unless_it_may_be_a_secret(path: Path, written: str) -> None:
    assert dotted(path) == written


def test_a_path_of_which_nothing_is_known_is_hidden() -> None:
    assert shown_key(("aws", "regoin")) == "aws.regoin"
    assert shown_key(("hunter2", "region")) == "***"


def test_every_key_has_a_type_and_its_section_names_it() -> None:
    assert {"aws.region", "decision.policies", "sinks", "http.port"} <= set(all_keys())
    for key in all_keys():
        path = tuple(key.split("."))
        assert type_at(path) is not None
        assert path[-1] in keys_at(path[:-1]) or len(path) == 1


@pytest.mark.parametrize(
    "path",
    [("nothing",), ("aws", "nothing"), ("aws", "region", "x"), ("sinks", 0), ("decision", "policies", "p", "x")],
)
def test_what_is_no_setting_has_no_type(path: tuple[str, ...]) -> None:
    assert type_at(path) is None
    assert keys_at(path) == []


def test_a_policy_of_any_name_has_its_keys() -> None:
    assert "threshold" in keys_at(("decision", "policies", "any name"))
    assert keys_at(("decision", "policies")) == []


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        ("1.0", int, "is not a whole number"),
        ("9" * 5000, int, "is not a whole number"),
        ("1,5", float, "is not a number"),
        ("2", bool, "is neither true nor false"),
        ("", bool, "is neither true nor false"),
        ("[", list[str], "is not JSON"),
        ("[" * 100_000, list[str], "is not JSON"),
    ],
    ids=range(7),
)
def test_text_that_is_no_value_of_a_type_says_why_and_what_to_give(text: str, kind: object, why: str) -> None:
    with pytest.raises(ValueError, match=rf"^{why}.*: give ") as caught:
        coerce(text, kind)
    assert type(caught.value) is ValueError


@pytest.mark.parametrize("text", [" True\n", "YES", "on", "1"])
def test_yes_has_many_spellings(text: str) -> None:
    assert coerce(text, bool) is True


def test_sections_tables_and_lists_are_not_plain() -> None:
    kinds = {
        key: is_plain(type_at(tuple(key.split(".")))) for key in ("aws", "sinks", "decision.policies", "log.level")
    }
    assert kinds == {"aws": False, "sinks": False, "decision.policies": False, "log.level": True}
