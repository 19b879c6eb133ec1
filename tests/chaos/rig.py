"""What every scenario stands on: an endpoint, a queue, a ledger, two sinks, watchers, and a fault for each wire.

The endpoint is the simulator, which shares nothing with the watcher but the repository. What it will answer is
written down as plain data in the history, and the checker knows no more than that.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.aws_sinks import NAME, AwsSink
from tests.chaos.backends import Backend, Embedded, Sqs
from tests.chaos.checker import check
from tests.chaos.circumstances import DEFAULT, MIX, PAYOUT, THRESHOLDS, Circumstances, Ground
from tests.chaos.fault_proxy import AWS_SINK, DYNAMODB, RECEIVER, REKOGNITION, SQS, FaultProxy
from tests.chaos.history import Accepted, History, Script, Seen
from tests.chaos.process import WatcherProcess, watcher_environment
from tests.chaos.receiver import EventReceiver
from tests.chaos.settings import sinks, usual_settings
from tests.chaos.steps import ClockSteps
from tests.chaos.waiting import wait_until
from watcher.simulator import SessionScript, Simulator


@dataclass
class Rig:
    """Use as a context; `finish` checks what happened. `aws_sink` is the type of a third sink, at moto."""

    given: Circumstances
    ground: Ground = Ground.EMBEDDED
    timeout: float = 170.0
    ends_after: float = 2.0
    aws_sink: str = ""
    watchers: list[WatcherProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.given.seed)
        self.folder = self.given.folder
        self.history = History(self.timeout, sinks=("stdout", "back-end", *([NAME] if self.aws_sink else [])))
        self.clock = ClockSteps(self.folder / "clock")
        self.extra: dict[str, str] = {}

    def __enter__(self) -> "Rig":
        with ExitStack() as stack:
            self.simulator = stack.enter_context(Simulator(seed=self.chance.randrange(1 << 30)))
            self.receiver = EventReceiver("back-end")
            stack.callback(self.receiver.close)
            self.rekognition = self._proxy(stack, self.simulator.url, REKOGNITION)
            self.sink = self._proxy(stack, self.receiver.url, RECEIVER)
            self.queue = self._proxy(stack, self.given.moto_url, SQS)
            self.ledger = self._proxy(stack, self.given.moto_url, DYNAMODB)
            self.aws = self._proxy(stack, self.given.moto_url, AWS_SINK)
            self.out = [AwsSink(self.aws_sink, self.given.moto_url)] if self.aws_sink else []
            for sink in self.out:
                stack.callback(sink.close)
            self.backend = self._backend()
            stack.callback(self.backend.close)
            stack.callback(self._close_watchers)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _close_watchers(self) -> None:
        for watcher in self.watchers:
            watcher.close()

    def _proxy(self, stack: ExitStack, upstream: str, wire: Any) -> FaultProxy:
        proxy = FaultProxy(upstream, wire, random.Random(self.chance.random()))
        stack.callback(proxy.close)
        return proxy

    def _backend(self) -> Backend:
        if self.ground is Ground.EMBEDDED:
            return Embedded(self.folder / "data", self.environment)
        return Sqs(self.folder, self.given.moto_url, dynamodb=self.ground is Ground.SQS_DYNAMODB)

    def environment(self) -> dict[str, str]:
        """Settings of every watcher here, and of producers; an empty one is left out."""
        settings = {
            **usual_settings(self.timeout),
            "AWS_ENDPOINT_URL_REKOGNITION": self.rekognition.url,
            "AWS_ENDPOINT_URL_DYNAMODB": self.ledger.url,
            "WATCHER_QUEUE__ENDPOINT_URL": self.queue.url if self.ground is not Ground.EMBEDDED else "",
            "WATCHER_SINKS": sinks(self.sink.url, *(out.settings(self.aws.url) for out in self.out)),
            **self.backend.settings,
            **self.clock.environment(),
            **self.extra,
        }
        return {name: value for name, value in settings.items() if value}

    def start(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        prefix: Sequence[str] = (),
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> WatcherProcess:
        """A new watcher with these settings over its environment's."""
        name = f"watcher-{len(self.watchers) + 1}"
        environment = {**self.environment(), **(settings or {})}
        process = WatcherProcess(self.folder, name, environment, prefix=prefix, stdout=stdout, stderr=stderr)
        self.watchers.append(process)
        return process

    def start_ready(self, count: int = 1, **settings: str) -> list[WatcherProcess]:
        """So many, all of them started."""
        started = [self.start(settings) for _ in range(count)]
        for watcher in started:
            watcher.wait_for_event("started")
        return started

    def feed(self, count: int, scripts: Sequence[Script] = MIX, **flags: Any) -> list[Accepted]:
        """Create sessions and put them on the queue; `flags` are members of Accepted."""
        sent = self.prepare(count, scripts, **flags)
        self.backend.send([body for _, body in sent])
        return self.accept([accepted for accepted, _ in sent])

    def prepare(self, count: int, scripts: Sequence[Script] = MIX, **flags: Any) -> list[tuple[Accepted, str]]:
        """Create sessions; returns each with its message."""
        made = []
        for _ in range(count):
            script, policy = self.chance.choice(scripts), self.chance.choice((DEFAULT, PAYOUT))
            session = self.simulator.create_session(self._played(script))
            now = self._senders_clock()
            accepted = Accepted(session, policy, THRESHOLDS[policy], script, time.monotonic(), (now, now), **flags)
            body = session if policy == DEFAULT else json.dumps({"sessionId": session, "policy": policy})
            made.append((accepted, body))
        return made

    def accept(self, sent: Sequence[Accepted], **changes: Any) -> list[Accepted]:
        """Note that the queue has these, sent until now."""
        now = self._senders_clock()
        noted = [
            Accepted(
                **{
                    **_members(accepted),
                    "created_between": (accepted.created_between[0], max(now, accepted.created_between[1])),
                    **changes,
                }
            )
            for accepted in sent
        ]
        self.history.accepted |= {accepted.event_id: accepted for accepted in noted}
        return noted

    def _senders_clock(self) -> float:
        """Epoch seconds for whoever dates a message: a producer on this machine, or SQS."""
        return time.time() + (self.clock.offset if self.ground is Ground.EMBEDDED else 0.0)

    def _played(self, script: Script) -> SessionScript:
        return SessionScript(
            ending=script.ending.value,
            created_for=0.0,
            in_progress_for=self.chance.uniform(0.0, self.ends_after),
            confidence=script.confidence,
            reference_image=script.has_image,
            audit_images=0,
        )

    def delivered(self) -> int:
        """Sessions whose event the webhook has."""
        return len({seen.event["id"] for seen in list(self.receiver.seen)})

    def wait_for_deliveries(self, count: int) -> None:
        """Wait until so many sessions' events have reached the webhook."""
        wait_until(lambda: self.delivered() >= count, f"{count} events at the webhook")

    def decided(self) -> set[str]:
        """Event ids in the ledger."""
        return {row.event_id for row in self.backend.ledger()}

    def settle(self) -> float:
        """Wait until all that was accepted is decided, delivered everywhere, and acked; returns the seconds.

        However slow the machine is: it fails once nothing more has been delivered for long.
        """

        def is_settled() -> bool:
            wanted = {key for key, accepted in self.history.accepted.items() if accepted.is_certain}
            dead = "\n".join(letter.body for letter in self._letters())
            wanted -= {key for key in wanted if self.history.accepted[key].session_id in dead}
            if len({seen.event["id"] for seen in list(self.receiver.seen)} & wanted) < len(wanted):
                return False
            return {row.event_id for row in self.backend.ledger() if row.is_acked} >= wanted and not self._left()

        try:
            return wait_until(is_settled, "all decided, delivered and acked", progress=self.delivered)
        except AssertionError:
            self.finish()  # which says what is missing
            raise

    def _letters(self) -> Sequence[Any]:
        might = any(accepted.may_be_dead for accepted in self.history.accepted.values())
        return self.backend.dead() if might else []

    def _left(self) -> int:
        return self.backend.counts() if isinstance(self.backend, Sqs) else len(self.backend.left())

    def command(self, *arguments: str) -> str:
        """Run one of the watcher's commands to its end; returns its output."""
        done = subprocess.run(
            [sys.executable, "-m", "watcher", *arguments],
            cwd=self.folder,
            env=watcher_environment(self.environment()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def stop(self) -> None:
        """SIGTERM to all that run, once they have started; each has to end with exit code 0."""
        running = [watcher for watcher in self.watchers if watcher.is_running]
        for watcher in running:
            watcher.wait_for_event("started")
            watcher.process.terminate()
        for watcher in running:
            watcher.wait_for_end()

    def collect(self) -> History:
        """Read what came out and what is left. The watchers are gone by then."""
        history = self.history
        history.ledger = self.backend.ledger()
        history.left = self.backend.left()
        history.dead = self.backend.dead()
        history.seen = [*self.receiver.seen, *(seen for watcher in self.watchers for seen in _printed(watcher))]
        history.seen += [seen for out in self.out for seen in out.seen()]
        history.strays = [stray for watcher in self.watchers for stray in watcher.strays()]
        history.crashes = [
            f"{watcher.name}: exit {watcher.process.returncode}: {watcher.log_path.read_text()[-2000:]}"
            for watcher in self.watchers
            if not watcher.killed and watcher.process.returncode not in watcher.expected_codes
        ]
        return history

    def finish(self) -> str:
        """Stop the watchers and check the history; returns the counts that the table shows."""
        self.stop()
        history = self.collect()
        broken = check(history)
        shown = "\n".join(f"{each.kind}: {each.about}: {each.detail}" for each in broken[:20])
        assert not broken, f"seed {self.given.seed}: {len(broken)} promises broken:\n{shown}"
        certain = sum(accepted.is_certain for accepted in history.accepted.values())
        return f"{certain} sessions, 0 lost, 0 contradictory"


def _members(accepted: Accepted) -> Mapping[str, Any]:
    return {name: getattr(accepted, name) for name in Accepted.__dataclass_fields__}


def _printed(watcher: WatcherProcess) -> list[Seen]:
    """The events on its stdout. The last line may be cut off: a reader takes lines, and drops that."""
    lines = watcher.out_path.read_text().split("\n")[:-1]
    return [Seen("stdout", line, json.loads(line)) for line in lines if line]
