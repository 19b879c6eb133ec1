"""Outages that last beyond the deadlines of some sessions."""

from tests.chaos.circumstances import LIVE, NEVER, Circumstances
from tests.chaos.fault_proxy import Fault
from tests.chaos.rig import Rig
from tests.chaos.scenario import Level, scenario


@scenario(
    "deadlines",
    "outage",
    "rekognition is down for longer than a session lives",
    "those are timed out, not earlier and not live; later ones get their answers",
    Level.CI,
)
def _outage(given: Circumstances) -> str:
    with Rig(given, timeout=45.0) as rig:
        rig.start_ready(2)
        rig.rekognition.begin(rig.chance.choice((Fault.STALL, Fault.RESET, Fault.THROTTLE, Fault.ERROR)))
        cut = rig.feed(given.count(15), [LIVE, NEVER], may_time_out=True)
        rig.wait_for_deliveries(len(cut))
        rig.rekognition.end()
        rig.feed(given.count(10), [LIVE], may_time_out=False)
        rig.settle()
        return rig.finish()
