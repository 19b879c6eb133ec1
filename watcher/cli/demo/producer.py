"""Starts sessions and announces them on the queue, as planned."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.plan import DemoPlan, Step
from watcher.domain.errors import QueueError
from watcher.domain.ports import Clock, Queue
from watcher.simulator import Simulator

BUCKET = "liveness-demo"
"""S3 bucket of every second session's images; the others are inline."""


class Producer:
    """Acts as an app's back end, which creates sessions, and as the queue's producer, in its own thread."""

    def __init__(self, plan: DemoPlan, simulator: Simulator, queue: Queue, clock: Clock, stop: Event) -> None:
        """`stop` ends it early, and interrupts its waits."""
        self.begun = 0
        self.error: QueueError | None = None
        self._plan = plan
        self._simulator = simulator
        self._queue = queue
        self._clock = clock
        self._stop = stop
        self._messages: dict[int, str] = {}
        self._thread = Thread(target=self.run, name="feeder", daemon=True)

    @property
    def is_done(self) -> bool:
        """Whether the whole plan has been sent."""
        return not self._thread.is_alive()

    @contextmanager
    def feeding(self) -> Iterator["Producer"]:
        """Produce in the background; stop at the end of the block."""
        self._thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            self._thread.join()

    def run(self) -> None:
        """Produce until all is sent, or `stop` is set; `error` is what ended it early."""
        start = self._clock.monotonic()
        steps = list(self._plan.steps)
        while steps and not self._stop.wait(max(0.0, start + steps[0].at - self._clock.monotonic())):
            now = self._clock.monotonic()
            due = [step for step in steps if start + step.at <= now]
            steps = steps[len(due) :]
            try:
                self._queue.send([self._body(step) for step in due])
            except QueueError as error:
                self.error = error
                return

    def _body(self, step: Step) -> str:
        session = step.session
        if session is None:
            return step.junk
        if step.again:
            return self._messages[session.number]
        if session.script is not None:
            self._simulator.create_session(
                session.script,
                session_id=session.session_id,
                audit_images_limit=DEMO.audit_images,
                bucket=BUCKET if session.number % 2 else "",
            )
        self._messages[session.number] = session.message(self._clock.time())
        self.begun += 1
        return self._messages[session.number]
