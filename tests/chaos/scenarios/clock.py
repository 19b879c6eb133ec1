"""Steps of the wall clock, seen by watchers and producers alike; AWS's clock (SQS's sent times) stays right."""

from functools import partial

from tests.chaos.circumstances import LIVE, MIX, NEVER, Circumstances, Ground
from tests.chaos.rig import Rig
from tests.chaos.scenario import Level, Scenario, add, scenario
from tests.chaos.steps import LIBRARIES
from tests.chaos.waiting import wait_until

PROMISE = "no session is timed out early, decided twice, or dated wrongly"


def _needs() -> str:
    return "" if LIBRARIES else "no libfaketime (Debian's package faketime)"


def _stepped(ground: Ground, watchers: int, step: int, given: Circumstances) -> str:
    """The clock steps while most sessions are watched, and back again; those that never end are still waited for."""
    with Rig(given, ground, ends_after=10.0) as rig:
        rig.clock.use()
        rig.start_ready(watchers)
        rig.feed(given.count(20), MIX)
        rig.feed(given.count(5), [NEVER])
        rig.wait_for_deliveries(1)
        rig.clock.step(step)
        rig.feed(given.count(10), MIX)
        ending = sum(one.script is not NEVER for one in rig.history.accepted.values())
        rig.wait_for_deliveries(ending)
        rig.clock.step(-step)
        rig.feed(given.count(5), [LIVE])
        rig.wait_for_deliveries(ending + given.count(5))
        rig.history.may_wait = True
        return rig.finish()


IN_CI = {("embedded-1", -200), ("embedded-1", 3600), ("embedded-2", 200), ("sqs", -3600), ("sqs", 200)}
"""libfaketime costs a process much of its speed: these are tried in CI, the others by hand."""


def _cases() -> None:
    grounds = ((Ground.EMBEDDED, 1), (Ground.EMBEDDED, 2), (Ground.SQS_SQLITE, 1))
    for ground, watchers in grounds:
        for step in (60, -60, 200, -200, 3600, -3600):
            where = "sqs" if ground is Ground.SQS_SQLITE else f"embedded-{watchers}"
            level = Level.CI if (where, step) in IN_CI else Level.LONG
            level = Level.SAMPLE if (where, step) == ("embedded-2", -200) else level
            fault = f"the clock is set by {step:+} s and back: {watchers} on the {ground}"
            name = f"clock-{where}-{'back' if step < 0 else 'forward'}-{abs(step)}"
            add(Scenario(name, "clock", fault, PROMISE, level, partial(_stepped, ground, watchers, step), _needs))


_cases()


@scenario(
    "clock",
    "deadline",
    "the clock is set by -200 s and +200 s, to the end of all sessions",
    "who never ends times out at the true deadline",
    needs=_needs,
)
def _to_the_end(given: Circumstances) -> str:
    with Rig(given, timeout=40.0) as rig:
        rig.clock.use()
        rig.start_ready(2)
        rig.feed(given.count(15), [NEVER])
        rig.feed(given.count(5), [LIVE])
        rig.wait_for_deliveries(1)
        for step in rig.chance.sample((-200, 200), 2):
            rig.clock.step(step)
            rig.feed(given.count(5), [LIVE])
        wait_until(lambda: rig.delivered() == len(rig.history.accepted), "all sessions at their end")
        rig.settle()
        return rig.finish()
