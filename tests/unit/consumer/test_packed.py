import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.model import Lease
from watcher.domain.packed import packed, unpacked

MESSAGE = "0a1b2c3d-0000-4000-8000-00000000000f"
RECEIPT = base64.b64encode(random.Random(1).randbytes(300)).decode()


def test_what_sqs_writes_takes_a_fifth_less_than_its_characters() -> None:
    kept = packed(MESSAGE, RECEIPT)
    assert isinstance(kept, bytes)
    assert len(kept) == 16 + 300
    assert unpacked(kept) == (MESSAGE, RECEIPT)


@pytest.mark.parametrize(
    ("message", "receipt"),
    [
        ("17", "0123456789abcdef"),
        (MESSAGE.upper(), RECEIPT),
        ("{" + MESSAGE + "}", RECEIPT),
        (MESSAGE.replace("-", ""), RECEIPT),
        (MESSAGE, RECEIPT[:-1]),
        (MESSAGE, RECEIPT + "\n"),
        (MESSAGE, RECEIPT[:8] + "-_" + RECEIPT[10:]),
        (MESSAGE, "AQEB#" + RECEIPT),
        (MESSAGE, "Empfang ü"),
        ("", ""),
        (MESSAGE, ""),
    ],
)
def test_whatever_a_backend_writes_comes_back_character_by_character(message: str, receipt: str) -> None:
    assert unpacked(packed(message, receipt)) == (message, receipt)


@given(st.text(st.characters(exclude_characters="\0")), st.text())
def test_any_two_texts_come_back(message: str, receipt: str) -> None:
    assert unpacked(packed(message, receipt)) == (message, receipt)


def test_leases_are_told_apart_by_message_and_by_receipt() -> None:
    lease = Lease(RECEIPT, MESSAGE)
    assert lease == Lease(RECEIPT, MESSAGE)
    assert len({lease, Lease(RECEIPT, MESSAGE), Lease(RECEIPT, "17"), Lease("other", MESSAGE)}) == 3
    assert (lease.receipt, lease.message_id) == (RECEIPT, MESSAGE)
