"""stdout is AWS CLI v1's, byte for byte: every form, with and without a query, coloured and plain."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.acceptance.test_get.corpus import ANSWERS, FORMS, QUERIES, SESSION_ID, answers, anything, body, queries
from tests.acceptance.test_get.endpoint import Answer, Endpoint
from tests.acceptance.test_get.programs import Both, Programs

GENERATED = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def assert_equal(both: Both, case: Any) -> None:
    assert both.watcher.stdout == both.aws.stdout, case
    assert both.watcher.stderr == both.aws.stderr, case
    # Which of two values that can not be compared is named first depends on the order of a set: it is random.
    assert str(both.watcher.code).partition(":")[0] == str(both.aws.code).partition(":")[0], case


@pytest.mark.parametrize("color", ["on", "off", "auto"])
@pytest.mark.parametrize("form", FORMS)
def test_every_known_answer_and_query_prints_the_same_bytes(form: str, color: str, programs: Programs) -> None:
    for answer in ANSWERS:
        for query in QUERIES:
            assert_equal(programs.format(answer, form, query, color), (answer, query))


@pytest.mark.parametrize("form", FORMS)
def test_anything_that_a_query_can_yield_prints_the_same_bytes(form: str, programs: Programs) -> None:
    @settings(GENERATED, max_examples=500)
    @given(value=anything, color=st.sampled_from(["on", "off"]))
    def compare(value: Any, color: str) -> None:
        assert_equal(programs.format({"found": value}, form, "found", color), value)

    compare()


def test_generated_answers_print_the_same_bytes(programs: Programs) -> None:
    @settings(GENERATED, max_examples=300)
    @given(answer=answers, query=queries)
    def compare(answer: dict[str, Any], query: str | None) -> None:
        for form in FORMS:
            for color in ("on", "off"):
                assert_equal(programs.format(answer, form, query, color), (answer, query, form, color))

    compare()


def test_generated_answers_over_the_wire_print_the_same_bytes(programs: Programs, endpoint: Endpoint) -> None:
    @settings(GENERATED, max_examples=150)
    @given(answer=answers, query=queries, form=st.sampled_from(FORMS), color=st.sampled_from(["on", "off"]))
    def compare(answer: dict[str, Any], query: str | None, form: str, color: str) -> None:
        name = endpoint.put(Answer(body(answer)))
        chosen = [] if query is None else ["--query", query]
        where = ["--session-id", SESSION_ID, "--endpoint-url", endpoint.url(name)]
        both = programs.run(*where, "--output", form, "--color", color, *chosen)
        assert_equal(both, (answer, query, form, color))

    compare()


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_every_known_answer_over_the_wire_prints_the_same_bytes(
    number: int, programs: Programs, endpoint: Endpoint
) -> None:
    url = endpoint.url(endpoint.put(Answer(json.dumps(ANSWERS[number]).encode())))
    form = FORMS[number % len(FORMS)]
    both = programs.run("--session-id", SESSION_ID, "--endpoint-url", url, "--output", form)
    assert_equal(both, (ANSWERS[number], form))


ODD_BODIES = {
    "blank": b"",
    "space": b"  \n",
    "not JSON": b"<html>proxy</html>",
    "cut off": b'{"SessionId": "x"',
    "a list": b"[1, 2]",
    "an empty list": b"[]",
    "a string": b'"text"',
    "a number": b"3",
    "null": b"null",
    "null members": b'{"SessionId": null, "AuditImages": null, "ReferenceImage": null, "Challenge": null}',
    "null image": b'{"AuditImages": [null, {}]}',
    "image is text": b'{"ReferenceImage": "text"}',
    "images are an object": b'{"AuditImages": {"a": 1}}',
    "images are text": b'{"AuditImages": "ab"}',
    "score is text": b'{"Confidence": "high"}',
    "score is a list": b'{"Confidence": [1]}',
    "score is true": b'{"Confidence": true}',
    "bytes are no base64": b'{"ReferenceImage": {"Bytes": "!!not base64!!"}}',
    "bytes are a number": b'{"ReferenceImage": {"Bytes": 5}}',
    "id is a number": b'{"SessionId": 12, "Status": ["x"]}',
    "twice the same": b'{"Status": "A", "Status": "B"}',
    "not UTF-8": b'{"Status": "\xff\xfe"}',
    "byte order mark": b'\xef\xbb\xbf{"Status": "A"}',
    "huge number": b'{"Confidence": 1e400}',
    "deep": b'{"Unknown": ' + b"[" * 50 + b"]" * 50 + b"}",
    "null feedback": b'{"Feedback": null, "Metadata": null}',
    "feedback is text": b'{"Status": "A", "Feedback": "dark"}',
    "feedback is an object": b'{"Status": "A", "Feedback": {"Code": "A"}}',
    "feedback items are text": b'{"Status": "A", "Feedback": ["dark"]}',
    "feedback items are null": b'{"Status": "A", "Feedback": [null, {"Code": null}]}',
    "codes are numbers": b'{"Status": "A", "Feedback": [{"Code": 5, "Message": {"a": 1}}]}',
    "metadata is a list": b'{"Status": "A", "Metadata": ["web"]}',
    "metadata has more": b'{"Status": "A", "Metadata": {"SDKType": "web", "SDKVersion": "1"}}',
    "response metadata": b'{"ResponseMetadata": {"a": 1}, "Status": "A"}',
}


@pytest.mark.parametrize("name", ODD_BODIES)
def test_an_answer_that_is_not_the_services_prints_the_same(
    name: str, programs: Programs, endpoint: Endpoint
) -> None:
    url = endpoint.url(endpoint.put(Answer(ODD_BODIES[name])))
    for form in ("json", "table"):
        both = programs.run("--session-id", SESSION_ID, "--endpoint-url", url, "--output", form)
        assert_equal(both, name)


def test_a_large_answer_with_five_images_prints_the_same(programs: Programs, endpoint: Endpoint) -> None:
    image = {"Bytes": "A" * 273_068}
    answer = {"SessionId": SESSION_ID, "ReferenceImage": image, "AuditImages": [image] * 4}
    url = endpoint.url(endpoint.put(Answer.of(answer)))
    for form in FORMS:
        both = programs.run("--session-id", SESSION_ID, "--endpoint-url", url, "--output", form)
        assert_equal(both, form)
        assert len(both.watcher.stdout) > 1_300_000
