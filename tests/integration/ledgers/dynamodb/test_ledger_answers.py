import tracemalloc
import zlib
from base64 import b64encode
from contextlib import ExitStack

import pytest

from tests.integration.support.scripted_dynamodb import answer, refusal
from tests.integration.support.scripted_ledger import EVENT, scripted, stored
from tests.support import decision
from watcher.ledgers.dynamodb.items import decompressed, key_of
from watcher.ledgers.reading import MOST_TEXT


def test_no_more_is_read_of_the_index_than_was_asked_for(opened: ExitStack) -> None:
    more = {"LastEvaluatedKey": key_of(EVENT.key)}
    ledger, script = scripted(
        opened,
        answer({"Items": [key_of(decision(2).key)], **more}),
        answer({"Items": [key_of(decision(1).key)], **more}),
        answer({"Responses": {"decided": [stored(2), stored(1)]}}),
    )
    assert [entry.sequence for entry in ledger.recent(2)] == [1, 2]
    assert [operation for operation, _ in script.requests] == ["Query", "Query", "BatchGetItem"]


def test_an_item_that_is_no_entry_is_neither_handed_on_nor_written_over(opened: ExitStack) -> None:
    damaged, sound = key_of(EVENT.key), stored(2)
    here = answer({"Responses": {"decided": [damaged, sound]}})
    ledger, _ = scripted(opened, here, refusal("ConditionalCheckFailedException", Item=damaged))
    found = ledger.find([EVENT.key, decision(2).key])
    assert ("damaged" in found[EVENT.key].fault, found[decision(2).key].fault) == (True, "")
    [standing] = ledger.record([(EVENT, "[]")])
    assert "damaged" in standing.fault


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("body", {"S": "no event"}),
        ("body", {"B": "AAAA"}),
        ("recordedAt", {"N": "NaN"}),
        ("recordedAt", {"N": "1e999"}),
        ("sequence", {"N": "NaN"}),
        ("sequence", {"N": "1e99999999"}),
        ("sequence", {"N": "many"}),
        ("delivered", {"M": {"s": {"N": ["1"]}}}),
        ("trail", {"N": "1"}),
        ("settledAt", {"S": "x"}),
    ],
)
def test_an_item_with_an_odd_attribute_blocks_no_other(opened: ExitStack, name: str, value: object) -> None:
    here = answer({"Responses": {"decided": [{**stored(), name: value}, stored(2)]}})
    ledger, _ = scripted(opened, here)
    found = ledger.find([EVENT.key, decision(2).key])
    assert (bool(found[EVENT.key].fault), found[decision(2).key].fault) == (True, "")


def test_a_text_that_grows_without_end_is_not_unpacked() -> None:
    with pytest.raises(ValueError, match="larger"):
        decompressed({"B": zlib.compress(b"0" * (MOST_TEXT + 1))})
    assert decompressed({"B": zlib.compress(b"0" * 1000)}) == "0" * 1000


@pytest.mark.parametrize("name", ["body", "trail"])
def test_an_item_that_unpacks_to_390_mb_is_unreadable_and_stays_small(opened: ExitStack, name: str) -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(390)), packer.flush()])
    assert len(bomb) < 400_000  # it fits into an item
    here = answer({"Responses": {"decided": [{**stored(), name: {"B": b64encode(bomb).decode()}}, stored(2)]}})
    ledger, _ = scripted(opened, here)
    tracemalloc.start()
    try:
        found = ledger.find([EVENT.key, decision(2).key])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (bool(found[EVENT.key].fault), found[decision(2).key].fault) == (True, "")
    assert peak < 16 * MOST_TEXT


def test_an_empty_session_id_has_no_entries(opened: ExitStack) -> None:
    ledger, _ = scripted(opened)
    assert ledger.recent(10, "") == []
