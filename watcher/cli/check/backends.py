"""Queue, dead letters and ledger."""

import uuid
from collections.abc import Sequence
from contextlib import closing

from watcher.cli.check.files import missing_database, private_file
from watcher.cli.check.finding import Finding, Findings, failed, ok, warning
from watcher.cli.check.hints import hints_among
from watcher.cli.check.limits import LIMITS
from watcher.config import QueueSettings, Settings, sqlite_path
from watcher.config.redaction import redacted_value
from watcher.delivery.recorded import reason_of
from watcher.domain.errors import LedgerError, WatcherError
from watcher.domain.model import DEFAULT_POLICY, Lease, LedgerEntry, QueueDepth, Reason, SessionKey
from watcher.domain.ports import Clock
from watcher.ledgers import open_ledger, open_reader
from watcher.queues import advise, open_queue
from watcher.util.files import is_there

NOT_TRIED = "not tried, it needs the network (--offline)"


def check_queue(settings: Settings, clock: Clock, *, offline: bool) -> Findings:
    """How much waits and since when, and how many dead letters there are. Creates no file."""
    queue = settings.queue
    shown = str(redacted_value("url", queue.url))
    if queue.kind == "sqlite" and not is_there(sqlite_path(queue.url)):
        yield missing_database("queue", shown, sqlite_path(queue.url))
        yield from _missing_dead_letters(queue)
        return
    if queue.kind != "sqlite" and offline:
        yield ok("queue", f"{shown}: {NOT_TRIED}")
        return
    try:
        depth = _depth(settings, clock)
    except WatcherError as error:
        yield failed("queue", _with_place(shown, error))
        return
    yield _waiting(shown, depth)
    if queue.kind == "sqlite":
        yield from private_file("queue file", sqlite_path(queue.url))
    try:
        advice = advise(settings)
    except WatcherError as error:
        advice = str(error)
    if advice:
        yield warning("queue", advice)
    yield from list(_missing_dead_letters(queue)) or [_dead(depth)]
    if queue.dead_letter_url.startswith("sqlite:"):
        yield from private_file("dead letters", sqlite_path(queue.dead_letter_url))


def check_ledger(settings: Settings, clock: Clock, *, offline: bool) -> Findings:
    """Whether it can be read and listed and, if that leaves no trace, written. Creates no file."""
    shown = str(redacted_value("url", settings.ledger.url)) or "in the queue's file"
    kind = settings.ledger_kind
    if kind == "none":
        what = "decisions are not kept: a message that is redelivered after a restart is decided again"
        yield warning("ledger", what, "set ledger.url to sqlite:///FILE or dynamodb:///TABLE")
        yield from _decisions_in_memory(settings, clock)
    elif kind == "sqlite" and not is_there(settings.ledger_path):
        yield missing_database("ledger", shown, settings.ledger_path)
    elif kind != "sqlite" and offline:
        yield ok("ledger", f"{shown}: {NOT_TRIED}")
    else:
        try:
            yield _tried_ledger(settings, clock, shown)
            yield from _latest_decisions(settings, clock)
            if settings.ledger.url.startswith("sqlite:"):
                yield from private_file("ledger file", settings.ledger_path)
        except WatcherError as error:
            yield failed("ledger", _with_place(shown, error))


def _depth(settings: Settings, clock: Clock) -> QueueDepth:
    own = settings.queue
    if own.dead_letter_url.startswith("sqlite:") and not is_there(sqlite_path(own.dead_letter_url)):
        own = own.model_copy(update={"dead_letter_url": ""})  # opening it would create its file
    with closing(open_queue(settings.model_copy(update={"queue": own}), clock)) as queue:
        if own.kind == "sqlite":
            # Takes the lock for writing and changes nothing: no message has this lease.
            queue.extend([Lease(receipt=uuid.uuid4().hex, message_id="0")])
        return queue.depth()


def _tried_ledger(settings: Settings, clock: Clock, shown: str) -> Finding:
    nobody = SessionKey(str(uuid.uuid4()), DEFAULT_POLICY)
    with closing(open_ledger(settings, clock)) as ledger:
        ledger.find([nobody])
        if settings.ledger_kind == "sqlite":
            ledger.mark_acked([nobody])  # takes the lock for writing and changes nothing: there is no such entry
            return ok("ledger", f"{shown}: readable and writable")
        try:
            ledger.after(0, 1)  # by the index, which nothing else reads
        except LedgerError as error:
            # Not a failure: `watcher run` works without the index, and one that is added later indexes existing
            # items.
            return warning("ledger", f"decisions are kept, but `watcher decisions` can't list them: {error}")
    return ok("ledger", f"{shown}: readable")


def _latest_decisions(settings: Settings, clock: Clock) -> Findings:
    try:
        with closing(open_ledger(settings, clock)) as ledger:
            entries = ledger.recent(LIMITS.latest)
    except LedgerError:
        return  # it can't be listed, which has been reported already
    yield from _what_they_say(entries)


def _decisions_in_memory(settings: Settings, clock: Clock) -> Findings:
    """Those of the running watcher. That none runs is not a fault: the settings are checked before a start."""
    try:
        with closing(open_reader(settings, clock)) as reader:
            entries = reader.recent(LIMITS.latest)
    except LedgerError as error:
        yield ok("hints", f"the running watcher can't be asked: {error}")
        return
    yield from _what_they_say(entries)


def _what_they_say(entries: Sequence[LedgerEntry]) -> Findings:
    """What the latest decisions say of the senders: ids that AWS did not know, and hints."""
    yield from _unknown_sessions(entries)
    yield from hints_among(entries[-LIMITS.hinted :])


def _unknown_sessions(entries: Sequence[LedgerEntry]) -> Findings:
    """A warning if AWS did not know many of the recent ids."""
    unknown = sum(reason_of(entry) == Reason.SESSION_NOT_FOUND for entry in entries)
    if len(entries) >= LIMITS.enough and unknown > LIMITS.unknown_share * len(entries):
        share = f"{unknown / len(entries):.0%} of the session ids"
        what = f"AWS did not know {share} among the last {len(entries)} decisions"
        fix = "check that aws.region and the account match the sessions, and who may send to the queue"
        yield warning("session ids", what, fix)


def _waiting(shown: str, depth: QueueDepth) -> Finding:
    what = f"{shown}: {depth.visible} waiting, {depth.leased} leased"
    if depth.oldest_age is not None and depth.oldest_age > LIMITS.session_life:
        kept = f"longer than AWS keeps a session ({LIMITS.session_life:.0f} s)"
        what += f", the oldest for {depth.oldest_age:.0f} s, {kept}"
        return warning("queue", what, "check that `watcher run` is running, and that it keeps up with the queue")
    return ok("queue", what)


def _dead(depth: QueueDepth) -> Finding:
    if depth.dead is None:
        return ok("dead letters", "not counted by this queue")
    if depth.dead:
        what = f"{depth.dead} message{'s' * (depth.dead != 1)} that can't be served"
        return warning("dead letters", what, "see why with `watcher dead list`, then replay or drop them")
    return ok("dead letters", "none")


def _missing_dead_letters(queue: QueueSettings) -> Findings:
    url = queue.dead_letter_url
    if url.startswith("sqlite:") and not is_there(sqlite_path(url)):
        yield missing_database("dead letters", url, sqlite_path(url))


def _with_place(shown: str, error: WatcherError) -> str:
    text = str(error)
    return text if shown in text or "/" in text else f"{shown}: {text}"
