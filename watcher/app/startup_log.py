"""What the log says when a watcher starts: its settings, without secrets."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from watcher import __version__
from watcher.bounded_http.origin import split
from watcher.bounded_http.proxy import proxy_for
from watcher.config import Settings, SinkSettings
from watcher.domain.model import DEFAULT_POLICY
from watcher.util.urls import without_secrets


def startup_fields(settings: Settings, file: Path | None) -> dict[str, object]:
    """The members of the `started` line: what an operator wants to know first. `file` is the one that was read."""
    about: dict[str, object] = {
        "version": __version__,
        "config": str(file.absolute()) if file else None,
        "region": settings.aws.region,
        "queue": without_secrets(settings.queue.url),
        "ledger": without_secrets(settings.ledger.url or settings.queue.url),
        "thresholds": thresholds(settings),
        "sinks": [_sink(sink) for sink in settings.sinks],
    }
    if settings.aws.endpoint_url:
        about["endpoint"] = without_secrets(settings.aws.endpoint_url)
    return about


def thresholds(settings: Settings) -> dict[str, float]:
    """The threshold of each policy, by its name."""
    names = [DEFAULT_POLICY, *settings.decision.policies]
    return {name: rules.threshold for name in names if (rules := settings.decision.rules(name))}


def _sink(sink: SinkSettings) -> str:
    """Name, type unless it is the name, and target."""
    kind = sink.type if sink.name == sink.type else f"{sink.name} ({sink.type})"
    return " ".join([kind, *_place(sink)])


def _place(sink: SinkSettings) -> Iterator[str]:
    match sink.type:
        case "file":
            yield sink.path
        case "sqs":
            yield without_secrets(sink.queue_url)
        case "sns":
            yield sink.topic_arn
        case "eventbridge":
            yield sink.bus
        case "webhook":
            parts = urlsplit(sink.url)  # some receivers have a secret in their path
            yield f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
            if proxy := proxy_for(split(sink.url)[0]):
                yield f"through the proxy {proxy.shown}"
