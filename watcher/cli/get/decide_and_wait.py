"""`--decide` and `--wait`: the call, or calls, evaluated like the daemon's."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from watcher.cli.get.failures import CommandFailed
from watcher.cli.get.observed_session import Ask, Observed
from watcher.cli.progress_line import ProgressLine
from watcher.config import Settings
from watcher.domain.errors import OperatorError
from watcher.domain.ports import Clock
from watcher.util.clock import SystemClock
from watcher.util.text import escaped_json

if TYPE_CHECKING:
    from watcher.polling.policy import PollPolicy


class StillGoing(CommandFailed):
    """Time is up and the session has not ended."""


def follow(client: Any, ask: Ask, parameters: dict[str, Any], settings: Settings, *, decide: bool, wait: bool) -> Any:
    """Poll once, or until the session has ended; print the decision on stderr if requested.

    Returns:
        The latest answer.

    Raises:
        StillGoing: the session did not end in time.
        botocore.exceptions.BotoCoreError, ClientError: what the latest call raised.
    """
    clock = SystemClock()
    observed = Observed(str(parameters.get("SessionId", "")), settings, clock)
    if wait:
        from watcher.app.reload import rules_of

        is_over = wait_until_over(observed, ask, rules_of(settings, clock).polling, clock)
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


def wait_until_over(
    observed: Observed,
    ask: Ask,
    policy: "PollPolicy",
    clock: Clock,
    *,
    sleep: Callable[[float], None] = time.sleep,
    stream: TextIO | None = None,
) -> bool:
    """Poll until the session has ended or its time is up.

    A fault that only the operator can fix ends the wait too: unlike with the daemon, someone is watching.

    Returns:
        Whether the policy ended it; False after an operator's fault.
    """
    from watcher.polling.policy import Ended  # only `--wait` needs it, and importing it is slow

    progress = ProgressLine(stream or sys.stderr, clock)
    try:
        while True:
            observation = observed.poll(ask)
            if isinstance(observation, OperatorError):
                return False
            step = policy.next_step(observed.session, observation)
            if isinstance(step, Ended):
                return True
            progress.show(observed.status, f"polls: {observed.session.polls}, next in {step.delay:.1f} s")
            sleep(step.delay)
    finally:
        progress.clear()
