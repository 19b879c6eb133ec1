"""The ledgers, one package or module per backend; each is imported only if the settings name it."""

from collections.abc import Callable
from functools import partial
from importlib import import_module

from watcher.config.settings import Settings
from watcher.domain.ports import Clock, DecisionReader, HintLog, Ledger, StateStore

LEDGERS = {
    "sqlite": "watcher.ledgers.sqlite.ledger",
    "dynamodb": "watcher.ledgers.dynamodb.ledger",
    "none": "watcher.ledgers.memory",
}
"""From `settings.ledger_kind` to the module that has `open_ledger`."""

READERS = {**LEDGERS, "none": "watcher.ledgers.memory_reader"}
"""From `settings.ledger_kind` to the module that has `open_reader`."""

STATE_STORES = {
    "sqlite": "watcher.ledgers.sqlite.state_store",
    "dynamodb": "watcher.ledgers.dynamodb.state_store",
}
"""From `settings.ledger_kind` to the module with `open_state_store`, for ledgers that have one."""

HINT_LOGS = {
    "sqlite": "watcher.ledgers.sqlite.hint_log",
    "dynamodb": "watcher.ledgers.dynamodb.hint_log",
}
"""From `settings.ledger_kind` to the module with `open_hint_log`, for ledgers that several watchers can share."""


def open_ledger(settings: Settings, clock: Clock) -> Ledger:
    """The ledger that the settings name; the caller closes it.

    Raises:
        LedgerError: it can't be used.
    """
    ledger: Ledger = import_module(LEDGERS[settings.ledger_kind]).open_ledger(settings, clock)
    return ledger


def open_reader(settings: Settings, clock: Clock) -> DecisionReader:
    """What reads the ledger that the settings name, without creating it; the caller closes it.

    Raises:
        LedgerError: it can't be used; `is_not_created`: there is none yet.
    """
    reader: DecisionReader = import_module(READERS[settings.ledger_kind]).open_reader(settings, clock)
    return reader


def memory_view(settings: Settings, ledger: Ledger) -> Callable[[str], bytes] | None:
    """What answers readers of a ledger in this process's memory; None if the ledger is elsewhere."""
    return partial(import_module(READERS["none"]).answer, ledger) if settings.ledger_kind == "none" else None


def open_state_store(settings: Settings, clock: Clock) -> StateStore | None:
    """The store for the learned schedule beside the ledger; None if the ledger keeps nothing. The caller closes it.

    Raises:
        LedgerError: it can't be used.
    """
    module = STATE_STORES.get(settings.ledger_kind)
    return import_module(module).open_state_store(settings, clock) if module else None


def open_hint_log(settings: Settings, clock: Clock) -> HintLog | None:
    """What passes hints between the watchers on one ledger; None if nobody can share it. The caller closes it.

    Raises:
        LedgerError: it can't be used.
    """
    module = HINT_LOGS.get(settings.ledger_kind)
    return import_module(module).open_hint_log(settings, clock) if module else None
