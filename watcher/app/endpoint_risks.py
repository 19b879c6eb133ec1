"""Endpoints without TLS that AWS's own variables or configuration files name, not the watcher's settings."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing

from watcher.aws.client import build_client
from watcher.aws.session import named_endpoints
from watcher.config import AwsSettings, Risk, Settings
from watcher.util.urls import HIDDEN, is_loopback, is_plain_http, without_secrets

_SINKS: Mapping[str, str] = {"sns": "sns", "eventbridge": "events"}
"""From a sink's type to its service; an SQS queue's own URL says where it is."""


def endpoint_risks(settings: Settings, environ: Mapping[str, str]) -> Iterator[Risk]:
    """A risk for each such URL. The clients themselves are asked, because only botocore knows which setting applies.

    Raises:
        ConfigError, WatcherError: as `build_client`.
    """
    if not any(map(_is_risky, named_endpoints(settings.aws, environ))):
        return  # clients take a while to build
    found: dict[str, list[str]] = defaultdict(list)
    for service in dict.fromkeys(_services(settings)):
        url = _endpoint(service, settings.aws)
        if _is_risky(url):
            found[url].append(service)
    for url, services in found.items():
        what = f"AWS's variables or files name {without_secrets(url, mark=HIDDEN)} for {', '.join(services)}"
        yield Risk(
            "tls", f"{what}: anyone on the network path can read and change what is sent", "give an https URL there"
        )


def _is_risky(url: str) -> bool:
    return is_plain_http(url) and not is_loopback(url)


def _services(settings: Settings) -> Iterator[str]:
    """The services that are called without an endpoint in the settings, and STS for credentials."""
    if not settings.aws.endpoint_url:
        yield "rekognition"
    if settings.ledger_kind == "dynamodb":
        yield "dynamodb"
    for sink in settings.sinks:
        if sink.type in _SINKS and not getattr(sink, "endpoint_url", ""):
            yield _SINKS[sink.type]
    if settings.aws.sign_request:
        yield "sts"


def _endpoint(service: str, aws: AwsSettings) -> str:
    with closing(build_client(service, aws, "", concurrency=1)) as client:
        return str(client.meta.endpoint_url)
