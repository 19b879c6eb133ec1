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
from watcher.config.sinks import WebhookSinkSettings
from watcher.domain.errors import ConfigError, NoAnswer, SinkError
from watcher.domain.event_result import DELIVERED, EventResult, failed, not_attempted, rejected, results_or_error
from watcher.domain.model import DecisionEvent
from watcher.domain.ports import Clock
from watcher.sinks.webhook.http_post import (
    CONNECT_TIMEOUT,
    LONGEST_RETRY_AFTER,
    READ_TIMEOUT,
    Answer,
    Poster,
    retry_after,
)
from watcher.sinks.webhook.signing import KeyFile, signature, webhook_id
from watcher.sinks.webhook.ssrf_guard import refusal
from watcher.util.clock import SystemClock
from watcher.util.files import require_regular
from watcher.util.http_date import http_date
from watcher.util.parallel import for_each

log = structlog.get_logger(__name__)

_HEADERS = {
    "Content-Type": "application/cloudevents+json; charset=utf-8",
    "User-Agent": f"liveness-watcher/{__version__}",
    "Accept-Encoding": "identity",
}

_REJECTED = {
    400: "check its log for why it rejects the event",
    413: "raise its limit for bodies, or send less context",
    422: "check its log for why it rejects the event",
}
"""Statuses about the event, not the receiver, each with the fix (RFC 9110, 15.5)."""


_HINTS = {
    401: "it rejects the signature, or wants one: see that both sides have the same secret (secret_file)",
    403: "it, or a firewall before it, refuses this client: allow the watcher's address and User-Agent there",
    404: "it has nothing at this path: check the sink's url",
    405: "it takes no POST at this path: check the sink's url",
}
"""Statuses that speak of how receiver and sink are set up, each with the likely cause and the fix."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Events, and by position the results of those that were answered or failed. Threads share it."""

    events: Sequence[DecisionEvent]
    results: dict[int, EventResult] = field(default_factory=dict)

    def results_after(self, error: SinkError) -> Sequence[EventResult]:
        """The result of each event; `error` says why some were not attempted."""
        rest = not_attempted(str(error))
        return results_or_error([self.results.get(place, rest) for place in range(len(self.events))], error)


class WebhookSink:
    """Posts each event separately: same id and bytes in all retries, a new timestamp and signature for each.

    Only 2xx counts as delivered. A rejected event (400, 413, 422) does not hold up the others; any other failure ends
    the batch, and counts against the event only if the receiver got it. A receiver that asks for time (Retry-After)
    gets it. One that answers 410 Gone gets nothing more from this process: the decisions wait on the queue until the
    operator changes the URL or removes the sink, because an undelivered decision must not be acked.
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
            ConfigError: an invalid URL, secret file or CA file.
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
        """The URL of the proxy without its password; empty without a proxy."""
        return self._poster.proxy

    def emit(self, events: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        """Post every event, up to `concurrency` at once, started in order; returns the result of each.

        Raises:
            SinkError: the receiver got none of them, or asks for time.
        """
        batch = _Batch(events)
        try:
            self._wait_is_over()
            self._post_all(batch)
        except SinkError as error:
            return batch.results_after(error)
        return batch.results_after(SinkError(f"{self._poster.shown}: the watcher is stopping"))

    def _wait_is_over(self) -> None:
        if self._is_gone:
            raise SinkError(self._gone(), LONGEST_RETRY_AFTER)
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
                log.error("webhook_gone", sink=self.name, problem=self._gone())

    def _post_place(self, batch: _Batch, keys: Sequence[bytes], place: int) -> None:
        """Post one event, and record its result if it is about the event.

        Raises:
            SinkError: no other should be started.
        """
        event = batch.events[place]
        body = event.body.encode()
        try:
            answer = self._poster.post(body, self._headers(event, keys))
        except NoAnswer as error:
            batch.results[place] = failed(str(error))
            raise
        if 200 <= answer.status < 300:
            batch.results[place] = DELIVERED
        elif "retry-after" in answer.headers or answer.status in (410, 429):
            raise self._unavailable(answer)
        elif answer.status in _REJECTED:
            batch.results[place] = self._rejection(answer.status, len(body))
        else:
            batch.results[place] = failed(f"{self._poster.shown}: answered {answer.status}{_hint(answer.status)}")
            raise SinkError(batch.results[place].reason)

    def _headers(self, event: DecisionEvent, keys: Sequence[bytes]) -> dict[str, str]:
        message_id, timestamp = webhook_id(event.key.event_id), int(self._clock.time())
        headers = {**_HEADERS, "webhook-id": message_id, "webhook-timestamp": str(timestamp)}
        if keys:
            headers["webhook-signature"] = signature(keys, message_id, timestamp, event.body)
        return headers

    def _rejection(self, status: int, size: int) -> EventResult:
        reason = f"{self._poster.shown}: answered {status} to a body of {size} bytes; {_REJECTED[status]}"
        return rejected(reason, is_final=status == 413)

    def _unavailable(self, answer: Answer) -> SinkError:
        """The answer concerns the receiver: it wants no requests, for a time or for good."""
        if answer.status == 410:
            self._is_gone = True
            return SinkError(self._gone(), LONGEST_RETRY_AFTER)
        told = http_date(answer.headers.get("date"))
        wait = retry_after(answer.headers.get("retry-after"), self._clock.time() if told is None else told)
        if wait:
            self._not_before = max(self._not_before, self._clock.monotonic() + wait)
        return SinkError(f"{self._poster.shown}: answered {answer.status}", wait)

    def _gone(self) -> str:
        fix = "until a restart its decisions wait on the queue; before it, change its url, or remove the sink"
        return f"{self._poster.shown}: answered 410 Gone, and gets no more requests from this process: {fix}"

    def close(self) -> None:
        """Start no further POST, and close the connections."""
        self._closed.set()
        self._poster.close()


def _hint(status: int) -> str:
    if 300 <= status < 400:
        return "; redirects are not followed: give the URL that it redirects to"
    return f"; {_HINTS[status]}" if status in _HINTS else ""


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
    """An address in the URL is checked at the start; those of a name can change, and are checked per call."""
    host = urlsplit(settings.url).hostname or ""
    try:
        why = refusal(host, allow_private=settings.allow_private)
    except ValueError:
        return
    if why:
        fix = "set allow_private = true if that is intended" if why.endswith("public address") else "give another"
        raise ConfigError([f"sinks.{settings.name}: url: {host} {why}: {fix}"])


def _tls(settings: WebhookSinkSettings) -> ssl.SSLContext | None:
    if not settings.url.lower().startswith("https:"):
        return None
    try:
        if settings.ca_bundle:
            require_regular(settings.ca_bundle)
        context = ssl.create_default_context(cafile=settings.ca_bundle or None)
    except (OSError, ValueError) as error:  # ValueError: a name that the system's encoding can't write
        raise ConfigError(
            [f"sinks.{settings.name}: ca_bundle = {settings.ca_bundle!r}: no certificates: name a PEM file"]
        ) from error
    return context
