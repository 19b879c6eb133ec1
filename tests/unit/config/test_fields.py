"""Text from outside as a value of its setting's type."""

from collections.abc import Callable

import pytest

from watcher.config import Loaded

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
