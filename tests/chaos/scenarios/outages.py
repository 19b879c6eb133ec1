"""A service that fails, in each way that services and networks do: sessions wait, /readyz says why, all goes on."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from tests.chaos.circumstances import Circumstances, Ground
from tests.chaos.fault_proxy import Fault
from tests.chaos.rig import Rig
from tests.chaos.scenario import Level, Scenario, add
from tests.chaos.waiting import wait_until

PROMISE = "sessions wait, none is rejected; /readyz names it within 30 s; no restart needed"

HITS = 6
"""Calls that must have met the fault before it ends: more than the five failures that open a circuit."""


@dataclass(frozen=True)
class Wire:
    """What lies between a watcher and a service; `parts` are what /readyz may call it."""

    name: str
    ground: Ground
    parts: tuple[str, ...]
    faults: Mapping[Fault, Level]
    aws_sink: str = ""

    @property
    def proxy(self) -> str:
        """The rig's name for what stands before it."""
        return "aws" if self.aws_sink else self.name


def _levels(sample: Fault, *others: Fault) -> dict[Fault, Level]:
    return {sample: Level.SAMPLE} | dict.fromkeys(others, Level.CI)


_USUAL = (Fault.THROTTLE, Fault.ERROR, Fault.STALL, Fault.RESET, Fault.REFUSED)

WIRES = (
    Wire(
        "rekognition",
        Ground.EMBEDDED,
        ("endpoint", "rekognition", "throttled", "poller"),
        _levels(Fault.HTML, *_USUAL, Fault.DENIED_HTML, Fault.BLANK, Fault.MALFORMED),
    ),
    Wire(
        "queue",
        Ground.SQS_SQLITE,
        ("queue", "leases", "consumer"),
        _levels(Fault.STALL, *_USUAL, Fault.HTML, Fault.MALFORMED, Fault.ANSWER_LOST),
    ),
    Wire(
        "ledger",
        Ground.SQS_DYNAMODB,
        ("ledger",),
        _levels(Fault.ANSWER_LOST, *_USUAL, Fault.HTML, Fault.MALFORMED),
    ),
    Wire(
        "sink",
        Ground.EMBEDDED,
        ("sink",),
        _levels(Fault.ERROR, *_USUAL, Fault.DENIED_HTML, Fault.ANSWER_LOST),
    ),
    *(
        Wire(
            f"{kind} sink",
            Ground.EMBEDDED,
            ("sink",),
            dict.fromkeys((Fault.THROTTLE, Fault.STALL, Fault.HTML, Fault.MALFORMED, Fault.ANSWER_LOST), Level.LONG)
            | dict.fromkeys(in_ci, Level.CI),
            kind,
        )
        for kind, in_ci in (
            ("sqs", (Fault.MALFORMED, Fault.ANSWER_LOST)),
            ("sns", (Fault.THROTTLE, Fault.HTML)),
            ("eventbridge", (Fault.STALL, Fault.MALFORMED)),
        )
    ),
)


def _outage(wire: Wire, fault: Fault, given: Circumstances) -> str:
    """Sessions come before, in and after an outage; it lasts until /readyz has named it and calls enough met it."""
    with Rig(given, wire.ground, aws_sink=wire.aws_sink) as rig:
        proxy = getattr(rig, wire.proxy)
        (watcher,) = rig.start_ready()
        rig.feed(given.count(10))
        rig.wait_for_deliveries(1)
        proxy.begin(fault)
        begun = time.monotonic()
        rig.feed(given.count(15))
        noticed, _ = watcher.wait_for_problem(*wire.parts)
        if fault is not Fault.REFUSED and fault is not Fault.STALL:
            wait_until(lambda: proxy.hits[fault] >= HITS, f"{HITS} calls that are {fault}")
        time.sleep(5 * given.size * rig.chance.random())
        proxy.end()
        lasted = time.monotonic() - begun
        rig.feed(given.count(10))
        settled = rig.settle()
        watcher.wait_until_ready()
        return f"named after {noticed:.0f} s, lasted {lasted:.0f} s, all done {settled:.0f} s later; {rig.finish()}"


for _wire in WIRES:
    for _fault, _level in _wire.faults.items():
        add(
            Scenario(
                f"outages-{_wire.name.replace(' ', '-')}-{_fault.name.lower().replace('_', '-')}",
                "outages",
                f"{_wire.name}: {_fault}",
                PROMISE,
                _level,
                partial(_outage, _wire, _fault),
            )
        )
