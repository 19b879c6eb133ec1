"""The messages of hints, read as the watcher reads them."""

import json
from typing import Any

import pytest

from watcher.consumer.envelope import opened
from watcher.consumer.message import parse_message
from watcher.consumer.s3_notification import S3Notification, s3_notification
from watcher.domain.model import SessionKey
from watcher.simulator.hint_messages import NO_BUCKET, bodies
from watcher.simulator.hints import HintKind, SimulatedHint
from watcher.simulator.results import results
from watcher.simulator.sessions import CreateRequest, SessionScript, SimulatedSession

ID = "a3f1b2c4-0000-4000-8000-000000000007"
OFFSET = 1_700_000_000.0


def hint(
    kind: HintKind = HintKind.S3, session_id: str = ID, *, is_true: bool = True, policy: str = "", **request: Any
) -> SimulatedHint:
    session = SimulatedSession(session_id, SessionScript(policy=policy), CreateRequest(**request), 1000.0)
    return SimulatedHint(1007.5, session, kind, is_true)


def records(one: SimulatedHint) -> list[dict[str, Any]]:
    return [record for body in bodies(one, OFFSET, 2048) for record in json.loads(body)["Records"]]


def test_a_notification_has_the_form_of_s3() -> None:
    (record,) = records(hint(bucket="kyc", key_prefix="live ness/ü"))
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert (record["eventVersion"], record["eventTime"]) == ("2.1", "2023-11-14T22:30:07.500Z")
    assert record["s3"]["bucket"]["name"] == "kyc"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::kyc"
    assert record["s3"]["object"]["key"] == f"live+ness/%C3%BC/{ID}/reference.jpg"
    assert record["s3"]["object"]["size"] == 2048


def test_the_watcher_reads_it_as_a_hint_for_the_session() -> None:
    for one in (hint(bucket="b", audit_images_limit=4), hint(), hint(is_true=False)):
        for body in bodies(one, OFFSET, 2048):
            assert s3_notification(opened(body).fields) == S3Notification(((ID,),), 0)


def test_its_keys_are_those_of_the_results() -> None:
    one = hint(bucket="b", key_prefix="p", audit_images_limit=3)
    answer = results(one.session, "SUCCEEDED", 2048)
    images = [answer["ReferenceImage"], *answer["AuditImages"]]
    assert [record["s3"]["object"]["key"] for record in records(one)] == [i["S3Object"]["Name"] for i in images]


def test_several_images_come_in_one_message_or_in_several() -> None:
    ids = [f"a3f1b2c4-0000-4000-8000-{number:012}" for number in range(40)]
    counts = {len(bodies(hint(session_id=one, audit_images_limit=2), OFFSET, 2048)) for one in ids}
    assert counts == {1, 3}


def test_a_session_without_an_output_config_is_announced_under_a_made_up_bucket() -> None:
    (record,) = records(hint())
    assert record["s3"]["bucket"]["name"] == NO_BUCKET


def test_an_early_notification_is_of_one_image() -> None:
    assert len(records(hint(is_true=False, audit_images_limit=4))) == 1


@pytest.mark.parametrize("policy", ["", "payout"])
def test_a_completion_message_repeats_the_policy_and_the_creation_of_its_session(policy: str) -> None:
    (body,) = bodies(hint(HintKind.MESSAGE, policy=policy), OFFSET, 2048)
    request = parse_message(body, sent_at=OFFSET + 1008, policies={"payout"})
    assert request.is_complete
    assert request.key == SessionKey(ID, policy or "default")
    assert request.creation.at == OFFSET + 1000
    assert ("policy" in json.loads(body)) == bool(policy)
