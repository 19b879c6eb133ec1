"""A ledger in DynamoDB that gets scripted answers."""

from contextlib import ExitStack, closing
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from tests.integration.support.scripted_dynamodb import Script, refusal
from tests.support import START, ManualClock, decision
from watcher.domain.errors import LedgerError
from watcher.domain.model import LedgerEntry
from watcher.ledgers.dynamodb.items import fitting
from watcher.ledgers.dynamodb.ledger import DynamoDbLedger

CLOSED = ConnectionClosedError(endpoint_url="http://x")
THROTTLE = refusal("ThrottlingException", "Rate exceeded")
EVENT = decision(1)


def scripted(opened: ExitStack, *answers: tuple[int, bytes] | Exception) -> tuple[DynamoDbLedger, Script]:
    script = Script(list(answers))
    return opened.enter_context(closing(DynamoDbLedger(script.client(), "decided", ManualClock()))), script


def stored(number: int = 1, outcome: str = "live") -> dict[str, Any]:
    """The item of a decision."""
    return fitting(LedgerEntry(decision(number, outcome), START, "[1]", sequence=number))[0]


def failure(opened: ExitStack, *answers: tuple[int, bytes] | Exception) -> str:
    """The text of the error that these answers end in."""
    ledger, script = scripted(opened, *answers)
    with pytest.raises(LedgerError) as caught:
        ledger.find([EVENT.key])
    assert script.answers == []
    return str(caught.value)
