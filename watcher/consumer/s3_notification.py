"""S3 event notifications on the queue: an image of a session is there, so the person has finished.

With an OutputConfig, AWS writes a session's images under a key that has the session id in it. S3 announces them
straight to the queue, through SNS or through EventBridge: the Amazon S3 User Guide, "Event message structure" and
"EventBridge event message structure", describes both forms.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from watcher.domain.session_id import SESSION_ID

TEST_EVENT = "s3:TestEvent"

_CREATED = ("ObjectCreated:", "s3:ObjectCreated:")
_WHOLE_ID = re.compile(rf"(?<![0-9a-f]){SESSION_ID.pattern}(?![0-9a-f])")


class S3Notification(NamedTuple):
    """The objects that have been created: for each, what may be its session's id; and how many name no session.

    Objects of one session count once. A key names several ids if its prefix has some, such as a tenant's. A
    notification without objects counts as one that names no session.
    """

    objects: tuple[tuple[str, ...], ...]
    others: int


def s3_notification(fields: Mapping[str, Any]) -> S3Notification | None:
    """The S3 notification that these members of a message are; None if they are something else."""
    if "sessionId" in fields:
        return None
    if fields.get("Event") == TEST_EVENT:
        return S3Notification((), 1)
    if fields.get("source") == "aws.s3":
        keys = [_key_of_event(fields)]
    elif isinstance(records := fields.get("Records"), list) and (not records or any(map(_is_of_s3, records))):
        keys = list(_keys_of_records(records)) or [""]
    else:
        return None
    # S3's keys have at most 1,024 bytes.
    found = [tuple(dict.fromkeys(_WHOLE_ID.findall(key, 0, 1024))) for key in keys]
    return S3Notification(tuple(dict.fromkeys(filter(None, found))), found.count(()))


def _is_of_s3(record: object) -> bool:
    return isinstance(record, Mapping) and record.get("eventSource") == "aws:s3"


def _keys_of_records(records: list[Any]) -> Iterator[str]:
    """The key of each object; empty if none was created, or another service wrote the record.

    Only this form is URL-encoded.
    """
    for record in records:
        is_created = _is_of_s3(record) and str(record.get("eventName")).startswith(_CREATED)
        yield unquote_plus(_key(record.get("s3"))) if is_created else ""


def _key_of_event(event: Mapping[str, Any]) -> str:
    return _key(event.get("detail")) if event.get("detail-type") == "Object Created" else ""


def _key(part: object) -> str:
    found = part.get("object") if isinstance(part, Mapping) else None
    key = found.get("key") if isinstance(found, Mapping) else None
    return key if isinstance(key, str) else ""
