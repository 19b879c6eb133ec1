"""Two contexts of one session: the log says so, and shows neither."""

import pytest
from structlog.testing import capture_logs

from tests.support import session_id
from watcher.domain.model import SessionKey
from watcher.sessions.context_conflict import warn_of_conflict

KEY = SessionKey(session_id(1), "payout")


@pytest.mark.parametrize(
    ("kept", "other"),
    [(b"{}", b"{}"), (b'{"a":1,"b":2}', b'{"b": 2, "a": 1}'), (b'{"a":"\xc3\xa9"}', b'{"a":"\\u00e9"}')],
)
def test_the_same_in_another_form_is_no_conflict(kept: bytes, other: bytes) -> None:
    with capture_logs() as logs:
        warn_of_conflict(KEY, kept, other)
    assert logs == []


def test_digests_tell_different_ones_apart_and_give_nothing_away() -> None:
    with capture_logs() as logs:
        warn_of_conflict(KEY, b'{"name":"Ann"}', b'{"name":"Bob"}')
        warn_of_conflict(KEY, b'{"name":"Ann"}', b'{"name":"Cid"}')
    assert [line["event"] for line in logs] == ["context_conflict"] * 2
    assert len({line["kept"] for line in logs}) == 1
    assert len({line["dropped"] for line in logs}) == 2
    assert all(name not in str(logs) for name in ("Ann", "Bob", "Cid"))
