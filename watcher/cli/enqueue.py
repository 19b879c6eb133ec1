"""`watcher enqueue`: put session ids on the configured queue."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any

import click

from watcher.cli.echo import echo
from watcher.cli.exit_codes import WaitExit
from watcher.cli.options import SettingsSource, settings_options, settings_or_exit
from watcher.cli.rendering import exits_on_error
from watcher.cli.wait import require_readable, wait_for, wait_options
from watcher.domain.model import SessionKey

if TYPE_CHECKING:
    from watcher.cli.enqueue_input import Messages
    from watcher.config import Settings
    from watcher.domain.ports import Clock, Queue

BATCH = 500
"""Messages in one transaction."""


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option(
    "--file",
    type=click.File("rb"),
    metavar="FILE",
    help="Read ids from FILE, or from stdin with -: one id, or one JSON message, per line.",
)
@click.option("--policy", metavar="NAME", help="Policy to decide by: [decision.policies.NAME].  [default: default]")
@click.option("--created-at", metavar="TIME", help="When the sessions were created, in RFC 3339.  [default: now]")
@click.option("--context", metavar="JSON", help="An object to pass through to the decisions.")
@click.option("--complete", is_flag=True, help="The person has finished: poll at once. It decides nothing.")
@click.option("--wait", "is_waiting", is_flag=True, help="Wait for the decisions and show them, as `wait` does.")
@wait_options
@settings_options
def command(
    *,
    ids: Sequence[str],
    file: IO[bytes] | None,
    policy: str | None,
    created_at: str | None,
    context: str | None,
    complete: bool,
    is_waiting: bool,
    timeout: float | None,
    as_json: bool,
    source: SettingsSource,
) -> None:
    """Put session ids on the queue.

    --policy, --created-at, --context and --complete apply to every id, and to JSON messages that don't set them: one
    with "complete": false keeps it. A bad line is reported on stderr and skipped, the others are sent; the exit code
    is then 1. With a bad argument, or a message that names a different policy than --policy, nothing is sent; the
    exit code is then 2. A duplicate id is decided once.

    With --wait the exit code is that of the worst result: 1, an error; 5, not decided in time; 4, inconclusive; 3,
    not_live; 0, all are live. A session that was decided before keeps its decision.
    """
    from watcher.cli.enqueue_input import lines
    from watcher.queues import open_queue
    from watcher.util.clock import SystemClock

    if not ids and file is None:
        raise click.UsageError("no session ids: name some, or give --file FILE (--file - reads stdin)")
    if not is_waiting and (as_json or timeout is not None):
        raise click.UsageError("--timeout and --json need --wait")
    settings, clock, keys = settings_or_exit(source), SystemClock(), list[SessionKey]()
    messages = _messages(settings, clock, _common(policy, created_at, context, complete=complete), file)
    chosen = messages.of_ids(ids)
    read = messages.of(lines(file)) if policy is None else messages.of_one_policy(lines(file))
    good = chain(chosen, read)
    with exits_on_error():
        if is_waiting:
            require_readable(settings)
        with closing(open_queue(settings, clock)) as queue:
            _send(queue, messages.noted(good, keys) if is_waiting else good, to_stderr=is_waiting)
        code = wait_for(settings, keys, timeout, as_json=as_json) if is_waiting else WaitExit.LIVE
    raise click.exceptions.Exit(code.or_worse(WaitExit.FAILED if messages.refused else WaitExit.LIVE))


def _messages(settings: "Settings", clock: "Clock", common: dict[str, Any], file: IO[bytes] | None) -> "Messages":
    """What turns the input into messages, with the options checked."""
    from watcher.cli.enqueue_input import Messages

    rules = settings.decision
    messages = Messages(common, rules.policies, clock.time, require_policy=rules.require_policy)
    _check_options(messages, common, file)
    return messages


def _common(policy: str | None, created_at: str | None, context: str | None, *, complete: bool) -> dict[str, Any]:
    """The members that the options add to each message."""
    common = {"policy": policy, "createdAt": created_at, "context": None if context is None else _object(context)}
    common["complete"] = complete or None
    return {name: value for name, value in common.items() if value is not None}


def _object(text: str) -> Any:
    from watcher.consumer.envelope import unrepeated
    from watcher.domain.errors import InvalidMessage

    try:
        value = json.loads(text, object_pairs_hook=unrepeated)
    except InvalidMessage as fault:
        raise click.BadParameter(f"{text!r}: {fault}", param_hint="--context") from fault
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(
            f"{text!r} is not JSON ({error}); quote it for the shell", param_hint="--context"
        ) from error
    if not isinstance(value, dict):
        raise click.BadParameter(f"{text!r} is not a JSON object: it has to be {{...}}", param_hint="--context")
    return value


def _check_options(messages: "Messages", common: dict[str, Any], file: IO[bytes] | None) -> None:
    """Report an invalid option once, instead of for every line."""
    from watcher.cli.enqueue_input import lines
    from watcher.domain.errors import InvalidMessage
    from watcher.util.rfc3339 import creation_time

    checks: dict[str, Callable[[], None]] = {
        "--policy": lambda: messages.check_policy(lines(file)),
        "--context": lambda: messages.check({"context": common.get("context")}),
    }
    for option, check in checks.items():
        try:
            check()
        except InvalidMessage as fault:
            raise click.BadParameter(str(fault), param_hint=option) from fault
    created_at = common.get("createdAt")
    if created_at is not None and creation_time(created_at) is None:
        fix = "give RFC 3339 with an offset, like 2025-06-15T15:06:40Z"
        raise click.BadParameter(f"{created_at!r} is not a time with an offset: {fix}", param_hint="--created-at")


def _send(queue: "Queue", messages: Iterable[tuple[str, str]], *, to_stderr: bool) -> None:
    """Send in batches; prints how many were sent, even if the queue fails part-way."""
    from watcher.domain.errors import QueueError

    sent = 0
    remaining = iter(messages)
    try:
        while batch := list(islice(remaining, BATCH)):
            try:
                queue.send([body for _, body in batch])
            except QueueError as error:
                raise QueueError(f"{error}; from {batch[0][0]} on, nothing else was enqueued") from error
            sent += len(batch)
    finally:
        echo(f"enqueued {sent}", err=to_stderr)
