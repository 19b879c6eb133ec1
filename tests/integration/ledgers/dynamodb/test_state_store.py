from collections.abc import Callable
from contextlib import closing
from random import Random
from typing import Any

import pytest

from tests.integration.support.scripted_dynamodb import WRITTEN, Script, answer, refusal
from tests.moto import CREDENTIALS
from tests.stack import create_stack
from tests.support import START, ManualClock
from watcher.config import Settings
from watcher.domain.errors import LedgerError
from watcher.ledgers import open_state_store
from watcher.ledgers.dynamodb.items import key_of
from watcher.ledgers.dynamodb.state_store import KEY, DynamoDbStateStore


def test_it_is_one_item_that_is_in_no_index_and_never_expires() -> None:
    script = Script([answer(WRITTEN)])
    with closing(DynamoDbStateStore(script.client(), "decided", ManualClock())) as memory:
        memory.save("learned")
    assert script.requests == [
        (
            "PutItem",
            {
                "TableName": "decided",
                "Item": {
                    "sessionId": {"S": "watcher.learned"},
                    "policy": {"S": "schedule"},
                    "savedAt": {"N": str(START)},
                    "body": {"S": "learned"},
                },
                "ReturnConsumedCapacity": "TOTAL",
            },
        )
    ]


def test_what_is_too_large_for_an_item_is_refused_before_it_is_sent() -> None:
    script, chance = Script([]), Random(1)
    with (
        closing(DynamoDbStateStore(script.client(), "decided", ManualClock())) as memory,
        pytest.raises(LedgerError, match="500000 characters are more"),
    ):
        memory.save("".join(chr(chance.randrange(0x4E00, 0x9000)) for _ in range(500_000)))
    assert script.requests == []


@pytest.mark.parametrize("item", [{}, {"body": {"N": "1"}}, {"body": {"B": "bm8gemxpYg=="}}])
def test_an_item_of_somebody_elses_is_an_error(item: dict[str, Any]) -> None:
    script = Script([answer({"Responses": {"decided": [key_of(KEY) | item]}})])
    with (
        closing(DynamoDbStateStore(script.client(), "decided", ManualClock())) as memory,
        pytest.raises(LedgerError, match=r"watcher\.learned is not the watcher's"),
    ):
        memory.load()


@pytest.mark.parametrize("use", [lambda memory: memory.load(), lambda memory: memory.save("x")])
def test_a_missing_table_is_told_with_the_fix(use: Callable[[DynamoDbStateStore], None]) -> None:
    script = Script([refusal("ResourceNotFoundException")])
    with (
        closing(DynamoDbStateStore(script.client(), "decided", ManualClock())) as memory,
        pytest.raises(LedgerError, match=r"'decided'.*check ledger\.url"),
    ):
        use(memory)


def test_the_settings_of_the_ledger_open_it(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_DYNAMODB": moto_server}.items():
        monkeypatch.setenv(name, value)
    url = create_stack(moto_server)["LedgerUrl"]
    settings = Settings.model_validate({"ledger": {"url": url}, "aws": {"region": "us-east-1"}})
    for before, after in [(None, "one"), ("one", "two")]:
        memory = open_state_store(settings, ManualClock())
        assert memory is not None
        with closing(memory):
            assert memory.load() == before
            memory.save(after)
