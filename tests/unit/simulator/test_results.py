import base64
import json
from typing import Any

import pytest

from watcher.simulator.images import jpeg
from watcher.simulator.results import FEEDBACK_MESSAGES, session_request
from watcher.simulator.scenario import Ending, Scenario
from watcher.simulator.wire import CREATE


@pytest.mark.parametrize("age", [0, 5, 180])
def test_an_unfinished_or_expired_session_has_id_and_status_only(caller: Any, age: float) -> None:
    session_id = caller.create(Settings={"AuditImagesLimit": 4})
    caller.clock.now += age
    assert set(caller.results(session_id)) == {"SessionId", "Status"}


def test_a_failed_session_has_no_score_no_image_and_no_feedback(make_caller: Any) -> None:
    caller = make_caller(Scenario.always(Ending("f", status="FAILED", feedback=("EYES_CLOSED_DETECTED",))))
    session_id = caller.create()
    caller.clock.now += 10
    answer = caller.results(session_id)
    assert set(answer) == {"SessionId", "Status", "Challenge"}


def test_a_session_that_succeeded_has_its_feedback_and_metadata(make_caller: Any) -> None:
    ending = Ending("e", feedback=("EYES_CLOSED_DETECTED", "CAMERA_UPSIDE_DOWN"), sdk_type="web")
    caller = make_caller(Scenario.always(ending))
    session_id = caller.create()
    caller.clock.now += 10
    answer = caller.results(session_id)
    assert answer["Feedback"] == [
        {"Code": "EYES_CLOSED_DETECTED", "Message": "Keep your eyes open."},
        {"Code": "CAMERA_UPSIDE_DOWN", "Message": "Camera upside down"},
    ]
    assert answer["Metadata"] == {"SDKType": "web"}


def test_feedback_is_empty_if_there_is_nothing_to_report(caller: Any) -> None:
    session_id = caller.create()
    caller.clock.now += 10
    assert caller.results(session_id)["Feedback"] == []


def test_the_video_may_be_good_for_fewer_audit_images_than_asked_for(make_caller: Any) -> None:
    caller = make_caller(Scenario.always(Ending("live", audit_images=1)))
    session_id = caller.create(Settings={"AuditImagesLimit": 3})
    caller.clock.now += 10
    assert len(caller.results(session_id)["AuditImages"]) == 1


@pytest.mark.parametrize(("asked", "limit"), [(-3, 0), (2, 2), (2.9, 2), (7, 4), (None, 0)])
def test_the_audit_images_limit_is_clamped(asked: float | None, limit: int) -> None:
    request = session_request({"Settings": {"AuditImagesLimit": asked}})
    assert request.audit_images_limit == limit


def test_feedback_codes_are_those_that_aws_documents() -> None:
    assert set(FEEDBACK_MESSAGES) == {
        "FACE_NOT_VISIBLE",
        "FACE_OBSTRUCTION_DETECTED",
        "LOW_VIDEO_QUALITY_DETECTED",
        "FACE_NOT_ALIGNED",
        "EYES_CLOSED_DETECTED",
        "LOW_LIGHTING_DETECTED",
        "HIGH_LIGHTING_DETECTED",
    }


@pytest.mark.parametrize(("limit", "images"), [(-1, 0), (0, 0), (3, 3), (9, 4)])
def test_inline_images_are_the_sessions_own_and_as_many_as_asked_for(caller: Any, limit: int, images: int) -> None:
    session_id = caller.create(Settings={"AuditImagesLimit": limit})
    caller.clock.now += 10
    answer = caller.results(session_id)
    assert base64.b64decode(answer["ReferenceImage"]["Bytes"]) == jpeg(session_id, 0, 2048)
    assert [base64.b64decode(one["Bytes"]) for one in answer["AuditImages"]] == [
        jpeg(session_id, number, 2048) for number in range(1, images + 1)
    ]
    assert set(answer["ReferenceImage"]["BoundingBox"]) == {"Width", "Height", "Left", "Top"}


@pytest.mark.parametrize(("prefix", "folder"), [(None, ""), ("p", "p/"), ("p/q/", "p/q/")])
def test_images_go_to_the_bucket_of_the_request(caller: Any, prefix: str | None, folder: str) -> None:
    output = {"S3Bucket": "my-bucket"} | ({} if prefix is None else {"S3KeyPrefix": prefix})
    session_id = caller.create(Settings={"OutputConfig": output, "AuditImagesLimit": 1})
    caller.clock.now += 10
    answer = caller.results(session_id)
    place = f"{folder}{session_id}"
    assert answer["ReferenceImage"]["S3Object"] == {"Bucket": "my-bucket", "Name": f"{place}/reference.jpg"}
    assert answer["AuditImages"][0]["S3Object"] == {"Bucket": "my-bucket", "Name": f"{place}/audit-0.jpg"}
    assert "Bytes" not in answer["ReferenceImage"]


@pytest.mark.parametrize(
    ("preferences", "challenge"),
    [
        (None, ("FaceMovementAndLightChallenge", "2.0.0")),
        ([{"Type": "FaceMovementChallenge"}], ("FaceMovementChallenge", "1.0.0")),
        ([{"Type": "FaceMovementChallenge", "Versions": {"Minimum": "1.2.0"}}], ("FaceMovementChallenge", "1.2.0")),
        (
            [{"Type": "FaceMovementAndLightChallenge", "Versions": {"Maximum": "1.10.0"}}],
            ("FaceMovementAndLightChallenge", "1.10.0"),
        ),
        (
            [{"Type": "FaceMovementChallenge"}, {"Type": "FaceMovementAndLightChallenge"}],
            ("FaceMovementChallenge", "1.0.0"),
        ),
        (
            [
                {"Type": "FaceMovementAndLightChallenge", "Versions": {"Minimum": "3.0.0"}},
                {"Type": "FaceMovementChallenge"},
            ],
            ("FaceMovementChallenge", "1.0.0"),
        ),
        ([], ("FaceMovementAndLightChallenge", "2.0.0")),
    ],
)
def test_the_challenge_is_the_preferred_one(
    caller: Any, preferences: list[dict[str, Any]] | None, challenge: tuple[str, str]
) -> None:
    session_id = caller.create(Settings={"ChallengePreferences": preferences})
    caller.clock.now += 10
    assert tuple(caller.results(session_id)["Challenge"].values()) == challenge


def test_a_challenge_with_its_versions_the_wrong_way_round_is_invalid(caller: Any) -> None:
    versions = {"Minimum": "10.0.0", "Maximum": "9.0.0"}
    preference = {"Type": "FaceMovementChallenge", "Versions": versions}
    valid = {"Type": "FaceMovementAndLightChallenge"}
    outcome = caller.send(CREATE, Settings={"ChallengePreferences": [valid, preference]})
    assert json.loads(outcome.reply.body)["__type"] == "InvalidParameterException"
