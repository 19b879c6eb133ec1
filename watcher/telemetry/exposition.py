"""The metrics in the format that a scraper accepts."""

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus's own text format, which has no exemplars."""


def exposition(registry: CollectorRegistry, accept: str) -> tuple[str, bytes]:
    """Content type and body for a scraper with this Accept header."""
    if _takes_openmetrics(accept):
        return openmetrics.CONTENT_TYPE_LATEST, _openmetrics(registry)
    return PLAIN, generate_latest(registry)


def _openmetrics(registry: CollectorRegistry) -> bytes:
    text: bytes = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
    return text


def _takes_openmetrics(accept: str) -> bool:
    """Whether the scraper accepts OpenMetrics 1.x.

    Not decided by prometheus_client, which promises any requested version, and fails on an invalid one.
    """
    for choice in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in choice.split(";"))
        versions = [text.removeprefix("version=") for text in parameters if text.startswith("version=")]
        if kind == "application/openmetrics-text" and all(version.startswith("1.") for version in versions):
            return True
    return False
