"""Which challenge a session gets, from the ChallengePreferences of its request."""

from typing import Any, NamedTuple

from watcher.simulator import wire

_LATEST = {"FaceMovementAndLightChallenge": "2.0.0", "FaceMovementChallenge": "1.0.0"}
"""The version of each type that the simulated camera has."""


class ChosenChallenge(NamedTuple):
    """A type of challenge, and its version."""

    type: str = "FaceMovementAndLightChallenge"
    version: str = _LATEST["FaceMovementAndLightChallenge"]


USUAL_CHALLENGE = ChosenChallenge()
"""What a request without preferences gets."""


def choose(preferences: list[dict[str, Any]]) -> ChosenChallenge:
    """The first preference whose range of versions has the camera's version.

    If none has, the first preference with the nearest version that it allows. A real camera would not start, but a
    test can have any version.

    Raises:
        ApiError: InvalidParameterException for a range whose minimum is above its maximum.
    """
    if not preferences:
        return USUAL_CHALLENGE
    nearest = [ChosenChallenge(one["Type"], _nearest(one)) for one in preferences]
    return next((one for one in nearest if _LATEST.get(one.type) == one.version), nearest[0])


def _nearest(preference: dict[str, Any]) -> str:
    """The version in the preferred range that is nearest to the camera's."""
    versions = preference.get("Versions") or {}
    camera = _LATEST.get(preference["Type"], "1.0.0")
    lowest = versions.get("Minimum") or "0.0.0"
    highest = versions.get("Maximum") or "999.999.999"
    if _parts(lowest) > _parts(highest):
        raise wire.ApiError(wire.INVALID_PARAMETER)
    return min(max(camera, lowest, key=_parts), highest, key=_parts)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
