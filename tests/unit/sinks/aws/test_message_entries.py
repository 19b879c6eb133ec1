"""The largest event that there can be fits into one call of SQS, SNS and EventBridge."""

import pytest

from tests.support import START, session_id
from tests.unit.support.builders import a_session
from watcher.aws.batch_limits import BATCH_LIMITS
from watcher.decisions.cloud_event import decision_event
from watcher.domain.errors import Throttled
from watcher.domain.limits import MAX_CONTEXT_BYTES
from watcher.domain.model import (
    BoundingBox,
    Challenge,
    Decision,
    DecisionRules,
    Image,
    Outcome,
    Reason,
    S3Object,
    SessionResult,
    SessionStatus,
)
from watcher.sinks.aws.message_entries import message_entry

NUMBER = -0.12345678901234567
IMAGE = Image(
    S3Object("b" * 255, "n" * 1024, "v" * 1024), BoundingBox(NUMBER, NUMBER, NUMBER, NUMBER), sha256="a" * 64
)
ANSWER = SessionResult(
    session_id(1),
    SessionStatus.SUCCEEDED,
    confidence=99.12345678901234,
    reference_image=IMAGE,
    audit_images=(IMAGE,) * 4,
    challenge=Challenge("t" * 100, "v" * 100),
)
"""Everything as long as the service model allows."""


@pytest.mark.parametrize("ending", [ANSWER, None])
def test_it_fits_with_its_attributes(ending: SessionResult | None) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    context = {"a": "x" * (MAX_CONTEXT_BYTES - len('{"a":""}'))}
    watch = a_session(policy="p" * 64, context=context, traceparent=trace)
    assert len(watch.context) == MAX_CONTEXT_BYTES
    watch.record(Throttled("x" * 300))
    decision = Decision(Outcome.INCONCLUSIVE, Reason.REFERENCE_IMAGE_MISSING)
    event = decision_event(
        watch, decision, ending, DecisionRules(), source="/watcher/ap-northeast-1", now=START + 180.0
    )
    assert message_entry(event, "MessageBody", is_fifo=True).size <= BATCH_LIMITS.size
    assert len(event.body.encode()) - MAX_CONTEXT_BYTES < 14_000
