"""The rows that a decision can have, and what its rules can require."""

from watcher.domain.model import Outcome, Reason

DECISIONS = (
    (Outcome.LIVE, Reason.CONFIDENCE_MET),
    (Outcome.NOT_LIVE, Reason.CONFIDENCE_BELOW_THRESHOLD),
    (Outcome.INCONCLUSIVE, Reason.CHALLENGE_NOT_ACCEPTED),
    (Outcome.INCONCLUSIVE, Reason.REFERENCE_IMAGE_MISSING),
    (Outcome.INCONCLUSIVE, Reason.SESSION_FAILED),
    (Outcome.INCONCLUSIVE, Reason.SESSION_EXPIRED),
    (Outcome.INCONCLUSIVE, Reason.SESSION_NOT_FOUND),
    (Outcome.INCONCLUSIVE, Reason.NOT_STARTED),
    (Outcome.INCONCLUSIVE, Reason.TIMED_OUT),
    (Outcome.INCONCLUSIVE, Reason.MALFORMED_RESULT),
    (Outcome.INCONCLUSIVE, Reason.REJECTED_BY_SERVICE),
)
"""The rows of the decision table."""

SCORED = (
    Reason.CONFIDENCE_MET,
    Reason.CONFIDENCE_BELOW_THRESHOLD,
    Reason.CHALLENGE_NOT_ACCEPTED,
    Reason.REFERENCE_IMAGE_MISSING,
)
"""The rows of sessions that have a score."""

STRONGER_CHALLENGE = "FaceMovementAndLightChallenge"
"""The challenge that a policy can require (AWS has one other, FaceMovementChallenge, which flashes no light)."""

CHALLENGE_VERSION = r"[0-9]{1,9}(\.[0-9]{1,9}){0,3}"
"""A challenge's version, such as 2.0.0: up to four numbers, of which the first counts most."""
