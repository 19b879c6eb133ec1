"""Settings that are allowed but weaken the protection of decisions: `check` shows them, and `run` logs them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from watcher.config.fields import dotted
from watcher.config.loading import Loaded
from watcher.config.redaction import shown
from watcher.config.settings import Settings
from watcher.config.sinks import FileSinkSettings, WebhookSinkSettings
from watcher.config.url_rules import http_urls
from watcher.config.urls import SQLITE, sqlite_path
from watcher.util.file_trust import Exposure, exposure, find_exposure_of_written, is_readable_by_everybody
from watcher.util.sqlite_place import exposure_of
from watcher.util.urls import is_loopback, is_plain_http

LOWEST_THRESHOLD = 50.0
"""AWS's service card for Face Liveness: 50 or 60 against presentation attacks, 80 or 90 against injection."""

_FORGED = "others can change decisions"


class Risk(NamedTuple):
    """`subject` as in the lines of `check`, the risk, and the fix."""

    subject: str
    what: str
    fix: str


def risks(loaded: Loaded) -> Iterator[Risk]:
    """The risks in the settings, their file first; `watcher.app.endpoint_risks` covers AWS's own files."""
    if loaded.file is not None:
        yield from _exposed("config", loaded.file)
    yield from _exposed_databases(loaded.settings)
    if not loaded.settings.aws.verify_ssl:
        what = "aws.verify_ssl = false: anyone on the network path can answer in AWS's name, and let anyone in"
        yield Risk("tls", what, "set aws.verify_ssl = true, with aws.ca_bundle for a CA of your own")
    if loaded.settings.aws.ca_bundle:
        yield from _changeable("tls", Path(loaded.settings.aws.ca_bundle))
    for key, url in _endpoints(loaded.settings):
        if is_plain_http(url) and not is_loopback(url):
            what = f"{key} = {shown(key, url)}: anyone on the network path can read and change what is sent"
            yield Risk("tls", what, "give an https URL")
    yield from low_thresholds(loaded.settings)
    for sink in loaded.settings.sinks:
        if isinstance(sink, WebhookSinkSettings):
            yield from _of_webhook(sink)
        elif isinstance(sink, FileSinkSettings) and os.geteuid() != 0:  # for root it is an error
            with suppress(OSError, ValueError):  # opening it reports why
                yield from _risk(f"sink {sink.name}", find_exposure_of_written(Path(sink.path)), _FORGED)


def low_thresholds(settings: Settings) -> Iterator[Risk]:
    """The thresholds below `LOWEST_THRESHOLD`, the default one first."""
    given = {"decision.threshold": settings.decision.threshold}
    for name, policy in settings.decision.policies.items():
        if policy.threshold is not None:
            given[f"decision.policies.{name}.threshold"] = policy.threshold
    for key, value in given.items():
        if value < LOWEST_THRESHOLD:
            below = f"{key} = {value:g} is below {LOWEST_THRESHOLD:g}"
            what = f"{below}: more attacks count as live than AWS's guidance allows"
            yield Risk("thresholds", what, "give 50 to 60 against presentation attacks, 80 to 90 against injection")


def _endpoints(settings: Settings) -> Iterator[tuple[str, str]]:
    for path, url in http_urls(settings):
        yield dotted(path), url
    yield "queue.url", settings.queue.url
    yield "queue.dead_letter_url", settings.queue.dead_letter_url


def _of_webhook(sink: WebhookSinkSettings) -> Iterator[Risk]:
    if sink.ca_bundle:
        yield from _changeable(f"sink {sink.name}", Path(sink.ca_bundle))
    if not sink.secret_file:
        what = "no secret_file: requests are not signed, so a receiver can't tell a decision from a forgery"
        yield Risk(f"sink {sink.name}", what, "give secret_file, and check the signature in the receiver")
        return
    path = Path(sink.secret_file)
    yield from _exposed(f"sink {sink.name}", path)
    # Not an error: Docker and Kubernetes mount secrets like this, where the machine has no other users.
    if is_readable_by_everybody(path):
        what = f"secret_file = {shown('secret_file', sink.secret_file)} can be read by everyone"
        yield Risk(f"sink {sink.name}", what, "chmod o-r, if others use this machine")


def _exposed(subject: str, path: Path) -> Iterator[Risk]:
    if os.geteuid() != 0:  # for root it is an error
        yield from _changeable(subject, path)


def _exposed_databases(settings: Settings) -> Iterator[Risk]:
    if os.geteuid() == 0:  # for root it is an error
        return
    own = settings.queue
    urls = {settings.ledger.url: "ledger", own.dead_letter_url: "dead letters", own.url: "queue"}
    for url, subject in urls.items():
        if url.startswith(SQLITE):
            with suppress(OSError):  # opening it reports why
                yield from _risk(subject, exposure_of(sqlite_path(url)), _FORGED)


def _changeable(subject: str, path: Path) -> Iterator[Risk]:
    yield from _risk(subject, exposure(path), "others can change what the watcher does")


def _risk(subject: str, found: Exposure | None, consequence: str) -> Iterator[Risk]:
    if found:
        yield Risk(subject, f"{found.why}: {consequence}", found.fix)
