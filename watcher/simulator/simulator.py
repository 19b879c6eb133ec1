"""The local Rekognition endpoint as an object: start it, script sessions, inspect calls."""

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType

from watcher.simulator import wire
from watcher.simulator.announcer import Announcer, OnHintError, SendHints
from watcher.simulator.calls import CallRecord
from watcher.simulator.challenges import USUAL_CHALLENGE, ChosenChallenge
from watcher.simulator.hints import SimulatedHint, hints_of
from watcher.simulator.http1 import Request
from watcher.simulator.images import jpeg
from watcher.simulator.quota import Quota
from watcher.simulator.scenario import Scenario
from watcher.simulator.server import HttpServer
from watcher.simulator.service import Clock, LivenessService, TimedReply
from watcher.simulator.sessions import CreateRequest, SessionScript, SimulatedSession

_LOGGER = logging.getLogger(__name__)


class Simulator:
    """A Rekognition endpoint on this machine, for Face Liveness, that any AWS SDK and the AWS CLI can use.

    It listens from its construction to `close`, or to the end of a `with` block. Credentials and signatures are not
    checked.

    Example:
        with Simulator(time_scale=20) as simulator:
            client = boto3.client("rekognition", endpoint_url=simulator.url, region_name="us-east-1", ...)
            session_id = simulator.create_session(SessionScript(confidence=12.0))
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        time_scale: float = 1.0,
        rate_limit: float | None = None,
        seed: int | None = None,
        image_size: int | None = None,
        clock: Clock = time.monotonic,
        on_call: Callable[[CallRecord], None] | None = None,
        send_hints: SendHints | None = None,
        on_hint_error: OnHintError | None = None,
        epoch_clock: Clock = time.time,
    ) -> None:
        """Start listening.

        Args:
            scenario: what happens; Scenario.default() if not given.
            host: address to listen on.
            port: port to listen on, 0 for a free one.
            time_scale: how much faster than real time sessions run; a session lives 180 / time_scale seconds. Waits
                on the wire (stall, drip, latency) and rates stay in real seconds.
            rate_limit: GetFaceLivenessSessionResults calls a second, above the scenario's; 0 means no limit.
            seed: the scenario's seed, unless it is None.
            image_size: the scenario's bytes per inline image, unless it is None.
            clock: seconds that never go back; tests inject their own.
            on_call: called for every call, in the thread that serves it.
            send_hints: announce the ends of sessions, as the scenario's `hints` says: it gets the bodies of queue
                messages, in a thread of its own.
            on_hint_error: called with the first of several failures of `send_hints` in a row; logs it if not given.
            epoch_clock: seconds since the epoch, for the times in hints.

        Raises:
            OSError: the address is not available.
            ValueError: time_scale, rate_limit or the image size is out of range, or the host is empty.
        """
        if not 0 < time_scale < math.inf:
            raise ValueError(f"time_scale {time_scale}: give a number above 0")
        self._scenario = _changed(scenario or Scenario.default(), seed=seed, image_size=image_size)
        self._clock, self._started_at = clock, clock()
        self._time_scale = time_scale
        self._announcer: Announcer | None = None
        if send_hints is not None:
            size = self._scenario.image_size
            self._announcer = Announcer(send_hints, on_hint_error or _log_hint_error, clock, epoch_clock, size)
        self._service = LivenessService(self._scenario, clock, time_scale, on_call, self._announce)
        if rate_limit is not None:
            self.set_rate_limit(rate_limit)
        self._server = HttpServer(self._handle, host, port)
        if self._announcer is not None:
            self._announcer.start()

    def __enter__(self) -> "Simulator":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and hang up on every client; no further hints are sent. May be called again."""
        self._server.close()
        if self._announcer is not None:
            self._announcer.close()

    @property
    def url(self) -> str:
        """The endpoint URL for an SDK."""
        host, port = self._server.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def calls(self) -> list[CallRecord]:
        """The calls answered so far, oldest first (the last 100,000)."""
        return self._service.calls.records()

    @property
    def hints(self) -> list[SimulatedHint]:
        """The hints sent so far, oldest first (the last 100,000)."""
        return [] if self._announcer is None else self._announcer.sent()

    def counts(self) -> dict[str, dict[str, int]]:
        """Calls since the start, by operation and result."""
        return self._service.calls.counts()

    def create_session(
        self,
        script: SessionScript | None = None,
        *,
        session_id: str | None = None,
        audit_images_limit: int = 0,
        bucket: str = "",
        key_prefix: str = "",
        challenge: ChosenChallenge = USUAL_CHALLENGE,
        created_ago: float = 0.0,
    ) -> str:
        """Create a session without a call, and return its id.

        Args:
            script: everything that will happen to it; drawn from the scenario if not given.
            session_id: adopt this id (36 characters, a lowercase UUID) instead of a new one.
            audit_images_limit: as in the request, 0..4.
            bucket: S3 bucket of its images; "" gives inline images.
            key_prefix: prefix of the objects' keys.
            challenge: its type and version.
            created_ago: how old it already is, in seconds of session life.

        Raises:
            ValueError: the id is in use, or is not a valid one.
        """
        if session_id is not None:
            self._service.check_id(session_id)
        request = CreateRequest(audit_images_limit, bucket, key_prefix, challenge)
        return self._service.create(request, script, session_id, created_ago).id

    def session(self, session_id: str) -> SimulatedSession:
        """The session's script, request and number of polls. Raises KeyError if it is unknown."""
        session = self._service.store.get(session_id)
        if session is None:
            raise KeyError(session_id)
        return session

    def status(self, session_id: str) -> str | None:
        """The status that a call would get now, without counting as one; None for SessionNotFoundException."""
        return self._service.status(self.session(session_id))

    def image(self, session_id: str, index: int = 0) -> bytes:
        """The bytes of an inline image: 0 is the reference image, 1 the first audit image."""
        return jpeg(session_id, index, self._scenario.image_size)

    def set_rate_limit(self, rate: float, operation: str = wire.GET, burst: float | None = None) -> None:
        """Accept `rate` calls a second from now on, instead of the planned quotas; 0 means no limit.

        Raises:
            ValueError: the rate is negative or not a finite number.
        """
        self._service.quotas.replace(Quota(operation, rate, burst), self._clock())

    def _handle(self, request: Request) -> TimedReply:
        if request.method == "GET":
            return TimedReply(self._status_page(request.path))
        if request.method != "POST":
            return TimedReply(_json(405, {"message": "use POST for calls, GET / for the status page"}))
        return self._service.handle(request.headers.get("x-amz-target", ""), request.body)

    def _announce(self, session: SimulatedSession) -> None:
        if self._announcer is not None:
            scenario = self._scenario
            self._announcer.add(list(hints_of(session, scenario.hints, scenario.seed, self._time_scale)))

    def _status_page(self, path: str) -> wire.Reply:
        if path != "/":
            return _json(404, {"message": "the status page is /"})
        page = {
            "service": "rekognition",
            "operations": list(wire.OPERATIONS),
            "uptime_seconds": round(self._clock() - self._started_at, 3),
            "sessions": len(self._service.store),
            "calls": self.counts(),
        }
        return _json(200, page)


def _json(http: int, content: dict[str, object]) -> wire.Reply:
    return wire.reply(http, json.dumps(content, indent=1).encode() + b"\n", content_type="application/json")


def _changed(scenario: Scenario, *, seed: int | None, image_size: int | None) -> Scenario:
    """The scenario with the given values instead of its own."""
    changed = replace(
        scenario,
        seed=scenario.seed if seed is None else seed,
        image_size=scenario.image_size if image_size is None else image_size,
    )
    jpeg("", 0, changed.image_size)  # reject a wrong size now, not in the first answer
    return changed


def _log_hint_error(error: Exception) -> None:
    _LOGGER.warning("hints are not sent: %s", error)
