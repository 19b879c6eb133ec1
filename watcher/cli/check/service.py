"""Credentials, endpoint, permission and clock: what the watcher needs for Rekognition."""

import uuid
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from watcher.aws.client import find, live_credentials
from watcher.aws.errors import CredentialsUnavailable
from watcher.aws.timeouts import capped
from watcher.cli.check.face_liveness import check_face_liveness
from watcher.cli.check.finding import Finding, Findings, failed, ok, warning
from watcher.cli.check.limits import LIMITS
from watcher.config import AwsSettings
from watcher.domain.errors import AccessDenied, ConfigError, PollError, RejectedByService, SessionNotFound, Throttled
from watcher.domain.ports import Clock
from watcher.rekognition import RekognitionResults, build_client
from watcher.util.http_date import http_date
from watcher.util.urls import without_secrets

_EVENT = "response-received.rekognition.GetFaceLivenessSessionResults"
_FETCHED_FROM = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")


def check_service(aws: AwsSettings, clock: Clock, environ: MutableMapping[str, str], *, offline: bool) -> Findings:
    """Look for credentials, then (unless offline) reach the endpoint, make one call and compare the clocks."""
    with _no_network(environ) if offline else _as_it_is() as sources:
        try:
            client = build_client(capped(aws, LIMITS.wait, LIMITS.wait), concurrency=1)
        except ConfigError as error:
            yield from (failed("config", problem) for problem in error.problems)
            return
        results = RekognitionResults(client)
        try:
            yield from check_face_liveness(client)
            yield _credentials(aws, sources, offline=offline)
            if not offline:
                yield from _calls(client, results, clock)
        finally:
            results.close()


def _credentials(aws: AwsSettings, sources: list[str], *, offline: bool) -> Finding:
    if not aws.sign_request:
        return ok("credentials", "none needed (aws.sign_request = false)")
    try:
        return _without_fetching(aws) if offline else _fetched(aws)
    except CredentialsUnavailable as error:
        if offline:
            where = (
                f"; {' and '.join(sources)} was not asked" if sources else ", an instance's role was not looked for"
            )
            fix = "run without --offline to look there too, or set AWS_PROFILE or AWS_ACCESS_KEY_ID"
            return warning("credentials", f"{error}, without the network{where} (--offline)", fix)
        fix = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role"
        return failed("credentials", str(error), fix)


def _without_fetching(aws: AwsSettings) -> Finding:
    found = find(aws)
    if hasattr(found, "refresh_needed"):
        return ok("credentials", f"from {found.method}, not fetched (--offline)")
    return ok("credentials", f"from {found.method}, access key id ending in {found.access_key[-4:]}")


def _fetched(aws: AwsSettings) -> Finding:
    credentials = live_credentials(aws)
    key = credentials.get_frozen_credentials().access_key
    return ok("credentials", f"from {credentials.method}, access key id ending in {key[-4:]}")


def _calls(client: Any, results: RekognitionResults, clock: Clock) -> Findings:
    shown = without_secrets(client.meta.endpoint_url)
    try:
        results.probe()
    except PollError as error:
        yield failed("endpoint", f"{shown}: {error}")
        return
    yield ok("endpoint", f"{shown} answers")
    skews: list[float] = []

    def compare(response_dict: dict[str, Any], **_: Any) -> None:
        told = http_date(response_dict.get("headers", {}).get("Date"))
        skews.extend([] if told is None else [clock.time() - told])

    client.meta.events.register(_EVENT, compare)
    yield _permission(results)
    yield _clock(skews)


def _permission(results: RekognitionResults) -> Finding:
    """Poll a session that can't exist: only a caller with permission is told so."""
    try:
        results.get(str(uuid.uuid4()))
    except (SessionNotFound, RejectedByService):
        pass  # the expected answer: a caller without permission does not get it
    except Throttled:
        return ok("permission", "the call was throttled: the account's quota is in use right now")
    except AccessDenied as error:
        return failed("permission", str(error))  # the adapter's text has the fix for each kind of rejection
    except PollError as error:
        return failed("permission", f"the call failed: {error}", "check aws.endpoint_url and aws.region")
    return ok("permission", "rekognition:GetFaceLivenessSessionResults is allowed")


def _clock(skews: list[float]) -> Finding:
    if not skews:
        return warning("clock", "the service sent no time to compare with", "check that this machine's clock is set")
    skew = skews[-1]
    what = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the service's"
    if abs(skew) > LIMITS.fatal_skew:
        return failed(
            "clock", f"{what}: AWS rejects signatures that are over 5 minutes off", "set this machine's clock"
        )
    if abs(skew) > LIMITS.noted_skew:
        return warning("clock", f"{what}: sessions look older or younger than they are", "set this machine's clock")
    return ok("clock", "within 5 s of the service's")


@contextmanager
def _no_network(environ: MutableMapping[str, str]) -> Iterator[list[str]]:
    """Keep botocore from asking instance and container for a role; yields the variables that would make it ask."""
    before = dict(environ)
    taken = [name for name in _FETCHED_FROM if environ.pop(name, "")]
    environ["AWS_EC2_METADATA_DISABLED"] = "true"
    try:
        yield taken
    finally:
        environ.clear()
        environ.update(before)


@contextmanager
def _as_it_is() -> Iterator[list[str]]:
    yield []
