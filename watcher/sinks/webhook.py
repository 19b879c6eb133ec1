"""Decisions as signed HTTP POSTs, by Standard Webhooks 1.0."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from urllib.parse import urlsplit

import structlog

from watcher import __version__
from watcher.bounded_http.errors import HttpError
from watcher.clock import SystemClock
from watcher.config.sinks import WebhookSinkSettings
from watcher.errors import ConfigError, Refusal, SinkError
from watcher.model import DecisionEvent
from watcher.parallel import for_each
from watcher.ports import Clock
from watcher.sinks.addresses import refusal
from watcher.sinks.post import CONNECT_TIMEOUT, READ_TIMEOUT, Answer, Poster
from watcher.sinks.retry_after import LONGEST, retry_after
from watcher.sinks.signing import KeyFile, signature, webhook_id
from watcher.util.http_date import http_date

log = structlog.get_logger(__name__)

_HEADERS = {
    "Content-Type": "application/cloudevents+json; charset=utf-8",
    "User-Agent": f"liveness-watcher/{__version__}",
    "Accept-Encoding": "identity",
}

_REFUSED = {
    400: "see in its log what it has against the event",
    413: "raise its limit for bodies, or send less context",
    422: "see in its log what it has against the event",
}
"""Statuses that speak of the event and not of the receiver, each with the fix (RFC 9110, 15.5)."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Events, and by their places what became of them. Threads share it."""

    events: Sequence[DecisionEvent]
    begun: set[int] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)
    refused: dict[int, Refusal] = field(default_factory=dict)

    def failure(self, why: str, retry_after: float | None = None) -> SinkError:
        """An error that says which were not taken; what was not begun has not failed."""
        places = set(range(len(self.events)))
        return SinkError(why, retry_after, places - self.taken, self.refused, places - self.begun)


class WebhookSink:
    """Posts each event by itself: same id and bytes over all retries, a fresh timestamp and signature for each.

    Only 2xx counts as taken. What is refused for what it is (400, 413, 422) keeps no other from its turn; what fails
    otherwise ends the batch. A receiver that asks for time (Retry-After) gets it. One that answers 410 Gone gets
    nothing more from this process: the decisions wait on the queue until the operator names another URL or removes
    the sink, for a decision that nobody took must not be acked.
    """

    def __init__(
        self,
        settings: WebhookSinkSettings,
        clock: Clock | None = None,
        *,
        connect_timeout: float = CONNECT_TIMEOUT,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        """Read the keys and check the URL; nothing is called. Time-outs are seconds.

        Raises:
            ConfigError: a URL, secret file or CA file that can't be used.
        """
        self.name = settings.name
        self.max_batch = 4 * settings.concurrency
        self._clock = clock or SystemClock()
        self._concurrency = settings.concurrency
        _check_literal(settings)
        self._keys = KeyFile(settings.name, settings.secret_file) if settings.secret_file else None
        self._poster = _poster(settings, connect_timeout, read_timeout)
        self._not_before = 0.0
        self._is_gone = False
        self._closed = Event()

    @property
    def proxy(self) -> str:
        """The URL of the proxy that is used, without its password; empty: there is none."""
        return self._poster.proxy

    def emit(self, events: Sequence[DecisionEvent]) -> None:
        """Post every event; up to `concurrency` at once, begun in order.

        Raises:
            SinkError: not all were taken; it says which.
        """
        batch = _Batch(events)
        try:
            self._wait_is_over()
            self._post_all(batch)
        except SinkError as error:
            raise batch.failure(str(error), error.retry_after) from error
        if len(batch.taken) < len(events):
            told = next(iter(batch.refused.values()), None)
            raise batch.failure(told.why if told else f"{self._poster.shown}: the watcher is stopping")

    def _wait_is_over(self) -> None:
        if self._is_gone:
            raise SinkError(self._gone(), LONGEST)
        left = self._not_before - self._clock.monotonic()
        if left > 0:
            raise SinkError(f"{self._poster.shown}: asked for {left:.0f} s more before the next try", left)

    def _post_all(self, batch: _Batch) -> None:
        keys = self._keys.keys() if self._keys else ()
        places = range(len(batch.events))
        try:
            post = partial(self._post_place, batch, keys)
            for_each(post, places, self._concurrency, until_failure=True, stopped=self._closed)
        finally:
            if self._is_gone:
                log.error("webhook disabled", sink=self.name, problem=self._gone())

    def _post_place(self, batch: _Batch, keys: Sequence[bytes], place: int) -> None:
        batch.begun.add(place)
        event = batch.events[place]
        body = event.body.encode()
        answer = self._poster.post(body, self._headers(event, keys))
        if 200 <= answer.status < 300:
            batch.taken.add(place)
        elif answer.status in _REFUSED and "retry-after" not in answer.headers:  # with it, it is not for good
            batch.refused[place] = self._refusal(answer.status, len(body))
        else:
            raise self._failure(answer)

    def _headers(self, event: DecisionEvent, keys: Sequence[bytes]) -> dict[str, str]:
        message_id, timestamp = webhook_id(event.key.event_id), int(self._clock.time())
        headers = {**_HEADERS, "webhook-id": message_id, "webhook-timestamp": str(timestamp)}
        if keys:
            headers["webhook-signature"] = signature(keys, message_id, timestamp, event.body)
        return headers

    def _refusal(self, status: int, size: int) -> Refusal:
        words = f"{self._poster.shown}: answered {status} to a body of {size} bytes; {_REFUSED[status]}"
        return Refusal(words, is_certain=status == 413)

    def _failure(self, answer: Answer) -> SinkError:
        if answer.status == 410:
            self._is_gone = True
            return SinkError(self._gone(), LONGEST)
        told = http_date(answer.headers.get("date"))
        wait = retry_after(answer.headers.get("retry-after"), self._clock.time() if told is None else told)
        if wait:
            self._not_before = max(self._not_before, self._clock.monotonic() + wait)
        hint = "; redirects are not followed: give the URL it leads to" if 300 <= answer.status < 400 else ""
        return SinkError(f"{self._poster.shown}: answered {answer.status}{hint}", wait)

    def _gone(self) -> str:
        fix = "mend its url or remove the sink, and restart; until then its decisions wait on the queue"
        return f"{self._poster.shown}: answered 410 Gone, so nothing more is sent there: {fix}"

    def close(self) -> None:
        """Begin no further POST, and close the connections."""
        self._closed.set()
        self._poster.close()


def _poster(settings: WebhookSinkSettings, connect_timeout: float, read_timeout: float) -> Poster:
    try:
        return Poster(
            settings.url,
            allow_private=settings.allow_private,
            connections=settings.concurrency,
            tls=_tls(settings),
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
        )
    except HttpError as error:
        raise ConfigError([f"sinks.{settings.name}: {error}"]) from error


def _check_literal(settings: WebhookSinkSettings) -> None:
    """An address in the URL is checked at the start; those of a name can change, and are checked when called."""
    host = urlsplit(settings.url).hostname or ""
    try:
        why = refusal(host, allow_private=settings.allow_private)
    except ValueError:
        return
    if why:
        fix = "set allow_private = true if it is meant" if why.endswith("public address") else "give another"
        raise ConfigError([f"sinks.{settings.name}: url: {host} {why}: {fix}"])


def _tls(settings: WebhookSinkSettings) -> ssl.SSLContext | None:
    if not settings.url.lower().startswith("https:"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_bundle or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            [f"sinks.{settings.name}: ca_bundle = {settings.ca_bundle!r}: no certificates: name a PEM file"]
        ) from error
    return context
