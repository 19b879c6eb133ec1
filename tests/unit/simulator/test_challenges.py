"""Which challenge a session gets for its preferences."""

from typing import Any

import pytest

from watcher.simulator import wire
from watcher.simulator.challenges import USUAL_CHALLENGE, ChosenChallenge, choose

LIGHT, MOVEMENT = "FaceMovementAndLightChallenge", "FaceMovementChallenge"


def preference(kind: str, low: str | None = None, high: str | None = None) -> dict[str, Any]:
    versions = {name: value for name, value in (("Minimum", low), ("Maximum", high)) if value}
    return {"Type": kind, **({"Versions": versions} if versions else {})}


@pytest.mark.parametrize(
    ("preferences", "chosen"),
    [
        ([], USUAL_CHALLENGE),
        ([preference(MOVEMENT)], ChosenChallenge(MOVEMENT, "1.0.0")),
        ([preference(MOVEMENT), preference(LIGHT)], ChosenChallenge(MOVEMENT, "1.0.0")),
        ([preference(LIGHT, "1.0.0", "1.9.9"), preference(MOVEMENT)], ChosenChallenge(MOVEMENT, "1.0.0")),
        ([preference(LIGHT, "1.0.0", "1.9.9")], ChosenChallenge(LIGHT, "1.9.9")),
        ([preference(LIGHT, "2.0.1")], ChosenChallenge(LIGHT, "2.0.1")),
        ([preference(LIGHT, "1.10.0", "2.0.0")], ChosenChallenge(LIGHT, "2.0.0")),
        ([preference("NewChallenge")], ChosenChallenge("NewChallenge", "1.0.0")),
    ],
)
def test_the_first_that_the_camera_has_or_else_the_first(
    preferences: list[dict[str, Any]], chosen: ChosenChallenge
) -> None:
    assert choose(preferences) == chosen


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(wire.ApiError):
        choose([preference(LIGHT, "2.0.0", "1.10.0")])
