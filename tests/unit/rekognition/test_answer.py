"""An answer is believed in nothing: what is odd is named, what is biometric is dropped."""

import hashlib
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.support.servers import SESSION_ID
from watcher.domain.errors import MalformedResult, PollError, UnknownStatus, UnreadableAnswer
from watcher.domain.feedback import Feedback
from watcher.domain.model import BoundingBox, Challenge, Image, S3Object, SessionStatus
from watcher.rekognition.answer import AUDIT_IMAGES, parse_answer

NAN, INF = float("nan"), float("inf")
BOX = {"Width": 0.3, "Height": 1.5, "Left": -0.1, "Top": 0}


def answer(status: object = "SUCCEEDED", **members: Any) -> dict[str, Any]:
    return {"SessionId": SESSION_ID, "Status": status, **members}


def test_a_whole_answer_keeps_everything_but_the_bytes() -> None:
    response = answer(
        Confidence=99.5,
        ReferenceImage={"S3Object": {"Bucket": "b", "Name": "n", "Version": "v"}, "BoundingBox": BOX},
        AuditImages=[{"Bytes": b"face", "BoundingBox": BOX}],
        Challenge={"Type": "FaceMovementChallenge", "Version": "1.0.0"},
    )
    result = parse_answer(SESSION_ID, response)
    box = BoundingBox(width=0.3, height=1.5, left=-0.1, top=0.0)
    assert result.confidence == 99.5
    assert result.reference_image == Image(s3_object=S3Object("b", "n", "v"), bounding_box=box)
    assert result.audit_images == (Image(bounding_box=box, sha256=hashlib.sha256(b"face").hexdigest()),)
    assert result.challenge == Challenge("FaceMovementChallenge", "1.0.0")


def test_of_ten_thousand_audit_images_those_that_a_session_can_have_are_kept() -> None:
    images = [{"Bytes": b"face %d" % number, "BoundingBox": BOX} for number in range(10_000)]
    response = answer(Confidence=99.5, ReferenceImage={"Bytes": b"face"}, AuditImages=images)
    result = parse_answer(SESSION_ID, response)
    assert [image.sha256 for image in result.audit_images] == [
        hashlib.sha256(b"face %d" % number).hexdigest() for number in range(AUDIT_IMAGES)
    ]
    assert (result.status, result.confidence) == (SessionStatus.SUCCEEDED, 99.5)
    assert b"face" not in repr(response).encode()


def test_odd_entries_make_no_room_for_more_audit_images() -> None:
    response = answer("FAILED", AuditImages=[None] * 3 + [{"Bytes": b"a"}] * 10)
    assert len(parse_answer(SESSION_ID, response).audit_images) == 1


@pytest.mark.parametrize(
    ("member", "longest"), [("Bucket", 255), ("Name", 1024), ("Version", 1024)], ids=["bucket", "name", "version"]
)
def test_a_place_that_no_image_can_have_is_none(member: str, longest: int) -> None:
    """So that an answer can't bloat the event; without a reference image nobody is live."""
    for extra in (0, 1):
        place = {"Bucket": "b", "Name": "n", "Version": "v", member: "x" * (longest + extra)}
        response = answer(Confidence=99.5, ReferenceImage={"S3Object": place})
        assert (parse_answer(SESSION_ID, response).reference_image is None) == bool(extra)


def test_a_challenge_of_any_length_is_left_out() -> None:
    response = answer(Confidence=99.5, Challenge={"Type": "x" * 1_000_000, "Version": "1" * 1_000_000})
    assert parse_answer(SESSION_ID, response).challenge is None


def test_image_bytes_are_taken_out_of_the_response() -> None:
    response = answer(
        "FAILED", ReferenceImage={"Bytes": b"face"}, AuditImages=[{"Bytes": b"face"}, {"Bytes": b"face"}]
    )
    parse_answer(SESSION_ID, response)
    assert "Bytes" not in str(response)


def test_image_bytes_are_taken_out_of_a_response_that_is_refused() -> None:
    response = answer("COMPLETED", ReferenceImage={"Bytes": b"face"}, AuditImages=[{"Bytes": b"face"}])
    with pytest.raises(UnknownStatus):
        parse_answer(SESSION_ID, response)
    assert "Bytes" not in str(response)


@pytest.mark.parametrize("status", list(SessionStatus))
def test_every_status_of_the_api_is_known(status: SessionStatus) -> None:
    assert parse_answer(SESSION_ID, answer(str(status), Confidence=50)).status is status


@pytest.mark.parametrize(
    ("response", "words"),
    [
        ({}, "blank"),
        ({"ResponseMetadata": {"HTTPStatusCode": 200}}, "blank"),
        ({"SessionId": SESSION_ID}, "no Status"),
        ({"SessionId": SESSION_ID, "Status": None}, "no Status"),
        ({"Status": "SUCCEEDED", "Confidence": 99.0}, "no SessionId"),
        ({"SessionId": "another", "Status": "SUCCEEDED", "Confidence": 99.0}, "another session: 'another'"),
        ({"SessionId": [SESSION_ID], "Status": "SUCCEEDED"}, "another session: a value of type list"),
    ],
)
def test_an_answer_that_is_not_this_sessions_is_unreadable(response: dict[str, Any], words: str) -> None:
    with pytest.raises(UnreadableAnswer, match=words) as caught:
        parse_answer(SESSION_ID, response)
    assert not isinstance(caught.value, UnknownStatus)


@pytest.mark.parametrize(
    "status", ["COMPLETED", "succeeded", "", " SUCCEEDED", "x" * 10_000, 5, True, NAN, ["SUCCEEDED"], {}]
)
def test_a_status_that_the_api_does_not_have_is_unknown(status: object) -> None:
    with pytest.raises(UnknownStatus) as caught:
        parse_answer(SESSION_ID, answer(status, Confidence=99))
    assert len(str(caught.value)) < 150


UNUSABLE: list[object] = [None, NAN, INF, -INF, -0.001, 100.001, 10**400, True, False, "99.9", [99], {}, b"99"]


@pytest.mark.parametrize("confidence", UNUSABLE)
def test_success_without_a_confidence_that_can_be_used_is_malformed(confidence: object) -> None:
    with pytest.raises(MalformedResult, match="Confidence"):
        parse_answer(SESSION_ID, answer(Confidence=confidence))


def test_success_without_any_confidence_is_malformed() -> None:
    with pytest.raises(MalformedResult, match="without a Confidence"):
        parse_answer(SESSION_ID, answer())


@pytest.mark.parametrize("confidence", UNUSABLE)
@pytest.mark.parametrize("status", ["CREATED", "IN_PROGRESS", "FAILED", "EXPIRED"])
def test_another_status_drops_a_confidence_that_can_not_be_used(status: str, confidence: object) -> None:
    assert parse_answer(SESSION_ID, answer(status, Confidence=confidence)).confidence is None


@pytest.mark.parametrize("confidence", [0, 0.0, 50, 99.99, 100, 100.0])
def test_a_confidence_from_0_to_100_is_taken(confidence: float) -> None:
    result = parse_answer(SESSION_ID, answer(Confidence=confidence))
    assert (result.confidence, type(result.confidence)) == (confidence, float)


@pytest.mark.parametrize(
    "image",
    [
        None,
        {},
        {"Bytes": b""},
        {"Bytes": "text"},
        {"Bytes": None},
        {"S3Object": None},
        {"S3Object": "s3://b/n"},
        {"S3Object": {"Bucket": "b"}},
        {"S3Object": {"Name": "n"}},
        {"S3Object": {"Bucket": "", "Name": "n"}},
        {"S3Object": {"Bucket": "b", "Name": ""}},
        {"S3Object": {"Bucket": 1, "Name": "n"}},
        {"BoundingBox": BOX},
        [b"face"],
        "image",
    ],
)
def test_a_reference_image_that_is_nowhere_counts_as_none(image: object) -> None:
    assert parse_answer(SESSION_ID, answer(Confidence=99, ReferenceImage=image)).reference_image is None


def test_inline_bytes_count_as_a_reference_image() -> None:
    image = parse_answer(SESSION_ID, answer(Confidence=99, ReferenceImage={"Bytes": b"face"})).reference_image
    assert image == Image(sha256=hashlib.sha256(b"face").hexdigest())


@pytest.mark.parametrize("images", [None, "images", 7, {}, {"Bytes": b"x"}, [], [None, "x", 3, b"x"]])
def test_audit_images_of_another_kind_are_passed_over(images: object) -> None:
    assert parse_answer(SESSION_ID, answer("FAILED", AuditImages=images)).audit_images == ()


@pytest.mark.parametrize("side", [NAN, INF, 10**400, None, "0.5", True])
def test_a_side_of_a_bounding_box_that_is_no_finite_number_is_dropped(side: object) -> None:
    response = answer("FAILED", AuditImages=[{"BoundingBox": {**BOX, "Left": side}}])
    box = parse_answer(SESSION_ID, response).audit_images[0].bounding_box
    assert box == BoundingBox(width=0.3, height=1.5, left=None, top=0.0)


@pytest.mark.parametrize("challenge", [None, "x", 3, [], {}, {"Type": 5}, {"Version": ""}])
def test_a_challenge_of_another_kind_counts_as_none(challenge: object) -> None:
    assert parse_answer(SESSION_ID, answer("FAILED", Challenge=challenge)).challenge is None


SECRET = b"\xff\xd8biometric"


@pytest.mark.parametrize("member", ["SessionId", "Status", "Confidence"])
@pytest.mark.parametrize("value", [SECRET, [SECRET], {"Bytes": SECRET}])
def test_an_errors_text_shows_no_bytes(member: str, value: object) -> None:
    with pytest.raises(PollError) as caught:
        parse_answer(SESSION_ID, {**answer(Confidence=99), member: value})
    assert "biometric" not in str(caught.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
images = st.fixed_dictionaries(
    {},
    optional={
        "Bytes": st.binary(max_size=8) | anything,
        "S3Object": st.dictionaries(st.sampled_from(["Bucket", "Name", "Version"]), anything) | anything,
        "BoundingBox": st.dictionaries(st.sampled_from(["Width", "Height", "Left", "Top"]), anything) | anything,
    },
)
likely = st.fixed_dictionaries(
    {},
    optional={
        "SessionId": st.just(SESSION_ID) | anything,
        "Status": st.sampled_from([*map(str, SessionStatus)]) | anything,
        "Confidence": st.floats(min_value=-1, max_value=101) | anything,
        "ReferenceImage": images | anything,
        "AuditImages": st.lists(images, max_size=3) | anything,
        "Challenge": st.dictionaries(st.sampled_from(["Type", "Version"]), anything) | anything,
    },
)


def reachable(value: object) -> list[object]:
    found, waiting = [], [value]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += (
            [*one.keys(), *one.values()] if isinstance(one, dict) else one if isinstance(one, list | tuple) else []
        )
    return found


@settings(deadline=None, suppress_health_check=list(HealthCheck))  # no speed of the machine is tested here
@given(likely)
def test_any_answer_gives_a_sound_result_or_a_poll_error(response: dict[str, Any]) -> None:
    try:
        result = parse_answer(SESSION_ID, response)
    except PollError as error:
        assert len(str(error)) < 200  # noqa: PT017 - both ways out are fine, within limits
        return
    assert result.confidence is None or (math.isfinite(result.confidence) and 0 <= result.confidence <= 100)
    assert result.confidence is not None or result.status is not SessionStatus.SUCCEEDED
    assert not [one for one in reachable(result) if isinstance(one, bytes | bytearray | memoryview)]
    image = result.reference_image
    assert image is None or image.s3_object or image.sha256


def test_an_unknown_status_is_kept_as_it_came() -> None:
    with pytest.raises(UnknownStatus) as caught:
        parse_answer(SESSION_ID, {"SessionId": SESSION_ID, "Status": "COMPLETED"})
    assert caught.value.status == "COMPLETED"


LIGHT = {"Code": "LOW_LIGHTING_DETECTED", "Message": "More light, please."}


def test_feedback_and_sdk_type_are_read() -> None:
    told = answer(Confidence=12.0, Feedback=[LIGHT, {**LIGHT, "Code": "NEW"}], Metadata={"SDKType": "AmplifyWeb"})
    result = parse_answer(SESSION_ID, told)
    assert result.feedback == (
        Feedback("LOW_LIGHTING_DETECTED", "More light, please."),
        Feedback("NEW", LIGHT["Message"]),
    )
    assert result.sdk_type == "AmplifyWeb"


def test_feedback_belongs_to_a_score() -> None:
    """The service model gives none to a session without one."""
    assert parse_answer(SESSION_ID, answer("FAILED", Feedback=[LIGHT])).feedback == ()


def test_feedback_is_bounded() -> None:
    message = "x" * 100_000
    many = [{"Code": f"{number}", "Message": message} for number in range(10_000)]
    feedback = parse_answer(SESSION_ID, answer(Confidence=1, Feedback=many)).feedback
    assert [(item.code, len(item.message)) for item in feedback] == [(f"{number}", 1024) for number in range(10)]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"Code": "X"}, (Feedback("X", ""),)),
        ({"Code": "X", "Message": 5}, (Feedback("X", ""),)),
        ({"Code": "x" * 64, "Message": "m"}, (Feedback("x" * 64, "m"),)),
        ({"Code": "x" * 65, "Message": "m"}, ()),
        ({"Code": "", "Message": "m"}, ()),
        ({"Code": ["X"], "Message": "m"}, ()),
        ({"Message": "m"}, ()),
        ("LOW_LIGHTING_DETECTED", ()),
        (None, ()),
    ],
)
def test_an_item_that_cannot_be_read_is_left_out_and_the_others_stay(
    item: object, expected: tuple[Feedback, ...]
) -> None:
    feedback = parse_answer(SESSION_ID, answer(Confidence=1, Feedback=[item, LIGHT])).feedback
    assert feedback == (*expected, Feedback(LIGHT["Code"], LIGHT["Message"]))


@pytest.mark.parametrize("metadata", [None, "x", 5, [], {}, {"SDKType": ""}, {"SDKType": 5}, {"SDKType": "x" * 65}])
def test_an_sdk_type_that_is_none_counts_as_none(metadata: object) -> None:
    assert parse_answer(SESSION_ID, answer(Confidence=1, Metadata=metadata)).sdk_type is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["Code", "Message", "SDKType", "x"]), inner),
    max_leaves=15,
)


@given(JSON, JSON)
def test_whatever_explains_an_answer_the_rest_of_it_stays(feedback: object, metadata: object) -> None:
    plain = parse_answer(SESSION_ID, answer(Confidence=81.5, ReferenceImage={"Bytes": b"face"}))
    told = answer(Confidence=81.5, ReferenceImage={"Bytes": b"face"}, Feedback=feedback, Metadata=metadata)
    assert parse_answer(SESSION_ID, told)._replace(feedback=(), sdk_type=None) == plain
