"""Images become digests before the answer is parsed, and nothing else about an answer changes."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.support.servers import ANSWER, SESSION_ID, Server, reply
from watcher.rekognition import RekognitionResults
from watcher.rekognition.image_digests import DIGESTED, digest_images

FACE = b"hidden-face" * 20
TEXT = base64.b64encode(FACE).decode()
DIGEST = hashlib.sha256(FACE).digest()
NOT_BASE64 = [
    *("YQ", "YQ=", "Y===", "=YQ=", "YQ==YQ==", " YQ==", "YQ== ", "YQ==\n", "YQ-_", "YQ_=", "YQ-=", "Y\xc3Q="),
    *("\\u0059Q==", "YQ\\/=", "YQ\\/\\/\\/\\/==", "=", "==", "===", "====", "Y", "YQ==YQ"),
]


def after(body: bytes, status: int = 200) -> tuple[bytes, bool]:
    """The body that is parsed, and whether it has digests."""
    response: dict[str, Any] = {"body": body, "status_code": status}
    customized: dict[str, Any] = {}
    digest_images(response_dict=response, customized_response_dict=customized)
    return response["body"], customized.get(DIGESTED, False)


def test_every_image_becomes_its_digest() -> None:
    sent = {
        **ANSWER,
        "ReferenceImage": {"Bytes": TEXT, "BoundingBox": {"Top": 1}},
        "AuditImages": [{"Bytes": TEXT}] * 2,
    }
    body, is_digested = after(json.dumps(sent).encode())
    parsed = json.loads(body)
    assert is_digested
    images = (parsed["ReferenceImage"], *parsed["AuditImages"])
    assert [base64.b64decode(image["Bytes"]) for image in images] == [DIGEST] * 3
    assert (parsed["ReferenceImage"]["BoundingBox"], parsed["Status"]) == ({"Top": 1}, "IN_PROGRESS")
    assert TEXT.encode() not in body


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(f'"{TEXT}\\n"', id="escape"),
        pytest.param(f'"{TEXT[:-1]}\\/"', id="escaped-slash"),
        pytest.param(f'" {TEXT}"', id="blank"),
        pytest.param(f'"{TEXT}\n"', id="line-break"),
        pytest.param(f'"{TEXT.rstrip(chr(61))}"', id="no-padding"),
        pytest.param(f'"===={TEXT}"', id="padding-in-front"),
        pytest.param(f'"YQ=={TEXT}"', id="padding-in-the-middle"),
        pytest.param(f'"-_{TEXT[2:]}"', id="other-alphabet"),
        pytest.param(f'"{TEXT}', id="no-end"),
        pytest.param(f'"äöü{TEXT}"', id="not-ascii"),
    ],
)
def test_what_is_not_plain_base64_is_left_to_botocore(value: str) -> None:
    body = f'{{"AuditImages": [{{"Bytes": "YQ=="}}, {{"Bytes": {value}}}]}}'.encode()
    assert after(body) == (body, False)


@pytest.mark.parametrize(
    "body",
    [
        b'{"SessionId": "Bytes", "Status": "Bytes"}',
        b'{"Challenge": {"Type": "\\"Bytes\\": \\"YQ==\\""}}',
        b'{"a\\"Bytes": "YQ=="}',
        b'{"ReferenceImage": {"Bytes": 5}}',
        b'{"ReferenceImage": {"Bytes": null}}',
        b'{"ReferenceImage": {"Bytes": ""}}',
        b'{"ReferenceImage": {"bytes": "YQ=="}}',
        b'"Bytes"',
        b"",
    ],
)
def test_a_body_without_images_stays_as_it_is(body: bytes) -> None:
    assert after(body)[0] == body


def test_an_image_under_an_escaped_key_is_not_taken_for_a_digest(parsed: Callable[[bytes, bool], Any]) -> None:
    """It would come out as it is, in hexadecimal."""
    images = f'[{{"Bytes": "{TEXT}"}}, {{"\\u0042ytes": "{TEXT}"}}]'
    body = f'{{"SessionId": "{SESSION_ID}", "Status": "IN_PROGRESS", "AuditImages": {images}}}'.encode()
    assert [image.sha256 for image in parsed(body, True).audit_images] == [DIGEST.hex()] * 2


def test_an_error_answer_is_not_looked_at() -> None:
    body = json.dumps({"Bytes": TEXT}).encode()
    assert after(body, status=400) == (body, False)


image = st.fixed_dictionaries(
    {},
    optional={
        "Bytes": st.one_of(
            st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode()),
            st.sampled_from(["YQ", "Y Q==", "====", "Yé==", "YQ==\n"]),
        ),
        "S3Object": st.just({"Bucket": "b", "Name": '"Bytes": "YQ=="'}),
    },
)
answers = st.fixed_dictionaries(
    {"SessionId": st.just(SESSION_ID), "Status": st.sampled_from(["SUCCEEDED", "IN_PROGRESS"])},
    optional={"Confidence": st.just(90.5), "ReferenceImage": image, "AuditImages": st.lists(image, max_size=3)},
)


@pytest.fixture(scope="module")
def parsed() -> Callable[[bytes, bool], Any]:
    """What becomes of a body: a result, or the kind of error."""
    from botocore.session import Session

    from watcher.aws.strict_parsers import StrictParserFactory
    from watcher.rekognition.answer import parse_answer

    shape = Session().get_service_model("rekognition").operation_model("GetFaceLivenessSessionResults").output_shape
    parser = StrictParserFactory().create_parser("json")

    def parse(body: bytes, is_lean: bool) -> Any:
        response: dict[str, Any] = {"body": body, "status_code": 200, "headers": {}}
        customized: dict[str, Any] = {}
        if is_lean:
            digest_images(response_dict=response, customized_response_dict=customized)
        try:
            return parse_answer(SESSION_ID, {**parser.parse(response, shape), **customized})
        except Exception as error:  # noqa: BLE001 - the kinds are compared
            return type(error)

    return parse


@given(answers, st.booleans(), st.sampled_from([None, 1]))
def test_both_ways_make_the_same_of_an_answer(
    parsed: Callable[[bytes, bool], Any], answer: dict[str, Any], is_ascii: bool, indent: int | None
) -> None:
    body = json.dumps(answer, ensure_ascii=is_ascii, indent=indent).encode()
    assert parsed(body, True) == parsed(body, False)


@given(st.binary(min_size=1, max_size=40), st.integers(0, 3))
def test_a_digest_is_that_of_the_bytes(raw: bytes, before: int) -> None:
    text = base64.b64encode(raw)
    body, is_digested = after(b"x" * before + b'{"Bytes": "' + text + b'"}zz')
    assert is_digested
    assert body == b"x" * before + b'{"Bytes": "' + base64.b64encode(hashlib.sha256(raw).digest()) + b'"}zz'


@pytest.mark.parametrize("text", NOT_BASE64)
def test_text_that_is_not_base64_is_left_as_it_is(text: str) -> None:
    body = f'{{"Bytes": "{text}"}}'.encode()
    assert after(body) == (body, False)


def test_a_result_has_the_digests_of_what_came_over_the_wire(
    serve: Callable[..., Server], connect: Callable[..., Any]
) -> None:
    sent = {**ANSWER, "ReferenceImage": {"Bytes": TEXT}, "AuditImages": [{"Bytes": TEXT}, {"Bytes": ""}]}
    client = connect(serve(reply(sent)).url)
    response = client.get_face_liveness_session_results(SessionId=SESSION_ID)
    assert response[DIGESTED]  # botocore's hook has been called, and its result kept
    result = RekognitionResults(client).get(SESSION_ID)
    assert result.reference_image is not None
    assert result.reference_image.sha256 == DIGEST.hex()
    assert [image.sha256 for image in result.audit_images] == [DIGEST.hex(), None]
