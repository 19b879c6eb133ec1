"""The rows that a decision can have."""

from watcher.domain.model import Outcome, Reason

DECISIONS = (
    (Outcome.LIVE, Reason.CONFIDENCE_MET),
    (Outcome.NOT_LIVE, Reason.CONFIDENCE_BELOW_THRESHOLD),
    (Outcome.INCONCLUSIVE, Reason.REFERENCE_IMAGE_MISSING),
    (Outcome.INCONCLUSIVE, Reason.SESSION_FAILED),
    (Outcome.INCONCLUSIVE, Reason.SESSION_EXPIRED),
    (Outcome.INCONCLUSIVE, Reason.SESSION_NOT_FOUND),
    (Outcome.INCONCLUSIVE, Reason.TIMED_OUT),
    (Outcome.INCONCLUSIVE, Reason.MALFORMED_RESULT),
    (Outcome.INCONCLUSIVE, Reason.REJECTED_BY_SERVICE),
)
"""The rows of the decision table."""

SCORED = (Reason.CONFIDENCE_MET, Reason.CONFIDENCE_BELOW_THRESHOLD, Reason.REFERENCE_IMAGE_MISSING)
"""The rows that are decided by a score."""
