from collections.abc import Iterator
from contextlib import ExitStack, closing
from random import Random
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ReadTimeoutError,
)

from tests.moto import CREDENTIALS, MotoServer
from tests.stack import REGION, aws_client, create_stack
from tests.support import START, ManualClock, decision, session_id
from watcher.config import Settings
from watcher.config.urls import dynamodb_table
from watcher.domain.errors import ConfigError, LedgerError
from watcher.domain.model import DecisionEvent, SessionKey
from watcher.ledgers import open_ledger
from watcher.ledgers.dynamodb.ledger import DynamoDbLedger
from watcher.ledgers.dynamodb.limits import LIMITS
from watcher.ledgers.dynamodb.table import open_client
from watcher.ledgers.retention import LIFE

CLOSED = ConnectionClosedError(endpoint_url="http://x")
EVENT = decision(1)


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def table(moto: MotoServer) -> str:
    return dynamodb_table(create_stack(moto.url)["LedgerUrl"])


def on_moto(opened: ExitStack, moto: MotoServer, table: str, clock: ManualClock) -> tuple[DynamoDbLedger, Any]:
    client = aws_client("dynamodb", moto.url, total_max_attempts=1)
    return opened.enter_context(closing(DynamoDbLedger(client, table, clock))), client


def test_the_others_of_a_batch_are_written_when_one_fails(opened: ExitStack, moto: MotoServer, table: str) -> None:
    ledger, client = on_moto(opened, moto, table, ManualClock())
    events = [decision(number) for number in range(20)]

    def refuse(params: dict[str, Any], **_: Any) -> None:
        if session_id(3) in params["body"].decode():
            raise CLOSED

    client.meta.events.register("before-call.dynamodb.PutItem", refuse)
    with pytest.raises(LedgerError):
        ledger.record([(event, "[]") for event in events])
    client.meta.events.unregister("before-call.dynamodb.PutItem", refuse)
    assert len(ledger.find([event.key for event in events])) == 19
    assert [entry.event for entry in ledger.record([(event, "[]") for event in events])] == events


def test_a_decision_whose_answer_was_lost_is_its_own_when_recorded_again(
    opened: ExitStack, moto: MotoServer, table: str
) -> None:
    clock = ManualClock()
    ledger, client = on_moto(opened, moto, table, clock)

    def lose(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="http://x")

    client.meta.events.register("after-call.dynamodb.PutItem", lose)
    with pytest.raises(LedgerError, match="Read timeout"):
        ledger.record([(EVENT, "[]")])
    client.meta.events.unregister("after-call.dynamodb.PutItem", lose)
    clock.advance(5)
    (entry,) = ledger.record([(EVENT, "[]")])
    assert (entry.event, entry.recorded_at) == (EVENT, START)


def test_an_entry_past_its_time_still_counts(opened: ExitStack, moto: MotoServer, table: str) -> None:
    clock = ManualClock()
    ledger, _ = on_moto(opened, moto, table, clock)
    ledger.record([(EVENT, "[]")])
    clock.advance(LIFE + 86_400)
    (entry,) = ledger.record([(decision(1, "inconclusive"), "[]")])
    assert entry.event == EVENT


def test_a_new_entry_is_shown_to_followers_once_it_is_old_enough(
    opened: ExitStack, moto: MotoServer, table: str
) -> None:
    clock = ManualClock()
    ledger, _ = on_moto(opened, moto, table, clock)
    (entry,) = ledger.record([(EVENT, "[]")])
    assert ledger.after(0, 10) == []
    clock.advance(LIMITS.settling + 0.001)
    assert ledger.after(0, 10) == [entry]
    assert ledger.after(entry.sequence, 10) == []
    assert ledger.after(0, 0) == []


def test_an_event_larger_than_an_item_comes_back_whole_without_its_trail(
    opened: ExitStack, moto: MotoServer, table: str
) -> None:
    ledger, _ = on_moto(opened, moto, table, ManualClock())
    large = DecisionEvent(EVENT.key, hexadecimal(600_000))
    (entry,) = ledger.record([(large, hexadecimal(400_000))])
    assert (entry.event, entry.trail) == (large, "[]")
    assert ledger.find([EVENT.key])[EVENT.key].event == large


def hexadecimal(length: int) -> str:
    """Text that can only be compressed to half its length."""
    return Random(1).randbytes(length // 2).hex()


def test_the_settings_and_botocores_variables_lead_to_the_table(
    moto: MotoServer, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL_DYNAMODB": moto.url}.items():
        monkeypatch.setenv(name, value)
    settings = Settings.model_validate({"ledger": {"url": f"dynamodb:///{table}"}, "aws": {"region": REGION}})
    with closing(open_ledger(settings, ManualClock())) as ledger:
        ledger.record([(EVENT, "[]")])
        assert ledger.find([SessionKey(session_id(1), "default")])[EVENT.key].event == EVENT


def test_an_endpoint_that_is_no_url_is_a_bad_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "not a url")
    settings = Settings.model_validate({"ledger": {"url": "dynamodb:///decided"}})
    with pytest.raises(ConfigError, match="dynamodb"):
        open_ledger(settings, ManualClock())


def test_an_endpoint_that_can_not_be_called_is_told_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://svc:s3cr3t@a_b..c")
    settings = Settings.model_validate({"ledger": {"url": "dynamodb:///decided"}})
    with pytest.raises(ConfigError, match="dynamodb") as caught:
        open_ledger(settings, ManualClock())
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(("given", "connect", "read"), [((60, 60), 3, 10), ((0, 0), 3, 10), ((1, 2), 1, 2)])
def test_no_call_takes_as_long_as_a_poll_may(given: tuple[float, float], connect: float, read: float) -> None:
    settings = Settings.model_validate({"aws": {"connect_timeout": given[0], "read_timeout": given[1]}})
    with closing(open_client(settings, 1)) as client:
        config = client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (connect, read)
