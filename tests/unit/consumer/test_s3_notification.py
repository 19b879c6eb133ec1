"""S3 event notifications, in the forms in which they reach a queue."""

import json
from typing import Any

import pytest

from tests.unit.support.messages import ID, eventbridge, sns
from watcher.consumer.envelope import opened
from watcher.consumer.s3_notification import S3Notification, s3_notification

OTHER = "01234567-89ab-cdef-0123-456789abcdef"
KEY = f"liveness/{ID}/reference.jpg"


def record(key: object, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    return {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name, "s3": {"object": {"key": key}}}


def records(*keys: object) -> dict[str, Any]:
    return {"Records": [record(key) for key in keys]}


def event(key: object, kind: str = "Object Created") -> dict[str, Any]:
    detail = {"version": "0", "bucket": {"name": "b"}, "object": {"key": key, "size": 7}, "reason": "PutObject"}
    return {"version": "0", "id": "1", "detail-type": kind, "source": "aws.s3", "detail": detail}


def read(body: object) -> S3Notification | None:
    return s3_notification(opened(body if isinstance(body, str) else json.dumps(body)).fields)


@pytest.mark.parametrize(
    "body",
    [
        records(KEY),
        sns(json.dumps(records(KEY))),
        event(KEY),
        sns(json.dumps(event(KEY))),
        eventbridge(records(KEY)),
        records(f"a+b%2Fc/{ID}/x.jpg"),
        records(ID),
        records(f"{ID}.jpg"),
        records(f"a%2D{OTHER[1:]}/{ID}/x"),
        records(f"liveness-{ID}/r.jpg"),
        records(f"liveness_{ID}-audit-0.jpg"),
        records(f"0123-{ID}-0.jpg"),
        records(f"p={ID}"),
        records(f"{OTHER}0-{ID}/x"),
        {"Records": [record(KEY, "ObjectCreated:CompleteMultipartUpload")]},
    ],
)
def test_a_created_image_names_its_session(body: object) -> None:
    assert read(body) == S3Notification(((ID,),), 0)


def test_several_images_of_a_session_count_once() -> None:
    keys = [f"p/{one}/audit-{number}.jpg" for number in range(4) for one in (ID, OTHER)]
    assert read(records(*keys)) == S3Notification(((ID,), (OTHER,)), 0)


def test_every_id_in_a_key_may_be_the_session_s() -> None:
    """The prefix is the sender's: it may be a tenant's id."""
    assert read(records(f"{OTHER}/{ID}/x.jpg", f"{OTHER}/{ID}/{ID}.jpg")) == S3Notification(((OTHER, ID),), 0)


def test_only_as_much_of_a_key_as_s3_allows_is_read() -> None:
    assert read(records(f"{'p' * 988}{ID}/{OTHER}")) == S3Notification(((ID,),), 0)


@pytest.mark.parametrize(
    "body",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"},
        {"Records": []},
        sns(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"})),
        records("holiday/beach.jpg"),
        records(None),
        records(7),
        records(KEY.upper()),
        records(f"p/{ID}0/x"),
        records(f"p/0{ID}/x"),
        records(f"face{ID}/x"),
        {"Records": [record(KEY, "ObjectRemoved:Delete")]},
        {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": []}]},
        event(KEY, "Object Deleted"),
        event(None),
        {"source": "aws.s3", "detail-type": "Object Created"},
        {"source": "aws.s3", "detail-type": "Object Created", "detail": "text"},
    ],
)
def test_what_names_no_session_is_still_a_notification(body: object) -> None:
    assert read(body) == S3Notification((), 1)


@pytest.mark.parametrize("foreign", [{**record(KEY), "eventSource": "aws:kinesis"}, {}, [], None, "aws:s3"])
def test_records_of_others_beside_those_of_s3_name_no_session(foreign: object) -> None:
    assert read({"Records": [foreign, record(KEY), foreign]}) == S3Notification(((ID,),), 2)


@pytest.mark.parametrize(
    "body",
    [
        ID,
        {"sessionId": ID},
        {"sessionId": ID, **records(KEY)},
        {"sessionId": ID, "Records": []},
        {"Records": "x"},
        {"Records": [{"eventSource": "aws:kinesis"}]},
        {"Records": [{"eventSource": "aws:kinesis", "eventName": "ObjectCreated:Put"}, 7]},
        eventbridge({"object": {"key": KEY}}),
        {},
    ],
)
def test_anything_else_is_not_one(body: object) -> None:
    assert read(body) is None
