import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.model import Lease

MESSAGE = "0a1b2c3d-0000-4000-8000-00000000000f"
RECEIPT = base64.b64encode(random.Random(1).randbytes(300)).decode()


def kept(message: str, receipt: str) -> tuple[str, str]:
    """What a lease gives back of a message id and a receipt."""
    lease = Lease(receipt, message)
    return lease.message_id, lease.receipt


@pytest.mark.parametrize(
    ("message", "receipt"),
    [
        (MESSAGE, RECEIPT),
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
    assert kept(message, receipt) == (message, receipt)


@given(st.text(st.characters(exclude_characters="\0")), st.text())
def test_any_two_texts_come_back(message: str, receipt: str) -> None:
    assert kept(message, receipt) == (message, receipt)


def test_leases_are_told_apart_by_message_and_by_receipt() -> None:
    lease = Lease(RECEIPT, MESSAGE)
    assert lease == Lease(RECEIPT, MESSAGE)
    assert len({lease, Lease(RECEIPT, MESSAGE), Lease(RECEIPT, "17"), Lease("other", MESSAGE)}) == 3
    assert (lease.receipt, lease.message_id) == (RECEIPT, MESSAGE)
