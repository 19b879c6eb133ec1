"""Sessions polled by a policy, in time that only moves when told."""

from collections.abc import Callable, Iterable

from tests.support import ManualClock
from tests.unit.support.builders import an_answer
from watcher.domain.model import SessionStatus
from watcher.polling.policy import Ended, Observation, PollAgain, PollPolicy
from watcher.polling.strategies import backoff
from watcher.sessions.session import Session

WAITING = an_answer(SessionStatus.IN_PROGRESS)
CREATED = an_answer(SessionStatus.CREATED)


def policy(
    clock: ManualClock, low: float = 1.0, high: float = 10.0, factor: float = 1.6, jitter: float = 0.0
) -> PollPolicy:
    return PollPolicy(backoff(low, high, factor, jitter), clock)


def life(
    clock: ManualClock, policy: PollPolicy, session: Session, answer: Callable[[int], Observation], call: float = 0.0
) -> tuple[list[float], Ended]:
    """Poll a session with ideal timing; the seconds from its birth at which each poll began, and the end."""
    begun: list[float] = []
    for number in range(5000):
        begun.append(clock.monotonic() - session.created_monotonic)
        clock.advance(call)
        observation = answer(number)
        session.record(observation)
        step = policy.next_step(session, observation)
        if isinstance(step, Ended):
            return begun, step
        clock.advance(step.delay)
    raise AssertionError("the session never ends")


def steps(session: Session, policy: PollPolicy, observations: Iterable[Observation]) -> list[PollAgain | Ended]:
    """What comes next after each observation, while time stands still."""
    found: list[PollAgain | Ended] = []
    for observation in observations:
        session.record(observation)
        found.append(policy.next_step(session, observation))
    return found


def waits(found: Iterable[PollAgain | Ended]) -> list[float]:
    return [step.delay for step in found if isinstance(step, PollAgain)]
