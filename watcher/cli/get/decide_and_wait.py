"""`--decide` and `--wait`: the call, or calls, with the daemon's eyes on them."""

import sys
from typing import Any

from watcher.cli.get.failures import Failure
from watcher.cli.get.observed_session import Ask, Observed
from watcher.config import Settings
from watcher.util.clock import SystemClock
from watcher.util.text import escaped_json


class StillGoing(Failure):
    """The time is up and the session has not ended."""


def follow(client: Any, ask: Ask, parameters: dict[str, Any], settings: Settings, *, decide: bool, wait: bool) -> Any:
    """Ask once, or until the session has ended; print the decision on stderr if it is wanted.

    Returns:
        The latest answer.

    Raises:
        StillGoing: waited in vain.
        botocore.exceptions.BotoCoreError, ClientError: what the latest call raised.
    """
    clock = SystemClock()
    observed = Observed(str(parameters.get("SessionId", "")), settings, clock)
    if wait:
        from watcher.app.reload import rules_of
        from watcher.cli.get.waiting import wait as wait_for

        is_over = wait_for(observed, ask, rules_of(settings, clock).polling, clock)
    else:
        observed.poll(ask)
        is_over = observed.has_ended
    if decide:
        line = observed.decision(f"/watcher/{client.meta.region_name}", is_over=is_over)
        sys.stderr.write(escaped_json(line) + "\n")
    if observed.error is not None:
        raise observed.error
    if wait and not observed.has_ended:
        raise StillGoing(
            f"The session has not ended within {settings.polling.session_timeout:g} s: {observed.status}"
        )
    return observed.answer
