"""The decision table: pure, and failing closed. Only its first row lets anyone in."""

import re
from itertools import zip_longest
from typing import TypeGuard

from watcher.domain.decision_table import CHALLENGE_VERSION
from watcher.domain.errors import MalformedResult, PollError, RejectedByService, SessionNotFound, UnreadableAnswer
from watcher.domain.model import Challenge, Decision, DecisionRules, Outcome, Reason, SessionResult, SessionStatus

_REASONS_WITHOUT_SCORE = {
    SessionStatus.CREATED: Reason.NOT_STARTED,
    SessionStatus.FAILED: Reason.SESSION_FAILED,
    SessionStatus.EXPIRED: Reason.SESSION_EXPIRED,
}


def decide(ending: SessionResult | PollError | None, rules: DecisionRules) -> Decision:
    """The decision on a session from its last observation.

    `ending` is the terminal answer, the permanent fault, or, if the deadline came first, the result of the last poll
    (None: there was none). README.md has the table; scores run from 0 to 100.
    """
    if isinstance(ending, SessionResult):
        return _on_answer(ending, rules)
    return Decision(Outcome.INCONCLUSIVE, _reason_of_fault(ending))


def _on_answer(result: SessionResult, rules: DecisionRules) -> Decision:
    if result.status is SessionStatus.SUCCEEDED:
        return _on_score(result, rules)
    return Decision(Outcome.INCONCLUSIVE, _REASONS_WITHOUT_SCORE.get(result.status, Reason.TIMED_OUT))


def _on_score(result: SessionResult, rules: DecisionRules) -> Decision:
    # Each comparison is written so that anything odd (None, NaN, a threshold of NaN) falls through to "not live".
    if not is_usable_confidence(result.confidence):
        return Decision(Outcome.INCONCLUSIVE, Reason.MALFORMED_RESULT)
    if not result.confidence >= rules.threshold:
        return Decision(Outcome.NOT_LIVE, Reason.CONFIDENCE_BELOW_THRESHOLD)
    if not _is_accepted(result.challenge, rules):
        return Decision(Outcome.INCONCLUSIVE, Reason.CHALLENGE_NOT_ACCEPTED)
    if rules.require_reference_image and result.reference_image is None:
        return Decision(Outcome.INCONCLUSIVE, Reason.REFERENCE_IMAGE_MISSING)
    return Decision(Outcome.LIVE, Reason.CONFIDENCE_MET)


def _is_accepted(challenge: Challenge | None, rules: DecisionRules) -> bool:
    if not rules.require_challenge:
        return True
    if challenge is None or challenge.type != rules.require_challenge:
        return False
    return not rules.min_challenge_version or _is_at_least(challenge.version or "", rules.min_challenge_version)


def _is_at_least(version: str, least: str) -> bool:
    """Whether a version such as 2.0.0 is not below another, number by number; one that can't be read is."""
    if not re.fullmatch(CHALLENGE_VERSION, version):
        return False
    pairs = zip_longest(map(int, version.split(".")), map(int, least.split(".")), fillvalue=0)
    return next((ours > wanted for ours, wanted in pairs if ours != wanted), True)


def is_usable_confidence(value: object) -> TypeGuard[float]:
    """Whether this is a finite number in 0..100; booleans don't count."""
    # The range check alone excludes NaN, infinities and integers too large for a float.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 100


def _reason_of_fault(fault: PollError | None) -> Reason:
    match fault:
        case SessionNotFound():
            return Reason.SESSION_NOT_FOUND
        case RejectedByService():
            return Reason.REJECTED_BY_SERVICE
        case MalformedResult() | UnreadableAnswer():
            return Reason.MALFORMED_RESULT
        case _:
            return Reason.TIMED_OUT
