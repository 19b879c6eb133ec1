"""The client of a sink at AWS."""

from typing import Any

from watcher.aws.client import build_client
from watcher.aws.proof import require_proof
from watcher.aws.timeouts import capped
from watcher.config.settings import AwsSettings
from watcher.config.sinks import EventBridgeSinkSettings, SnsSinkSettings, SqsSinkSettings

AwsSinkSettings = EventBridgeSinkSettings | SnsSinkSettings | SqsSinkSettings


def open_client(service: str, sink: AwsSinkSettings, aws: AwsSettings, region: str, endpoint: str = "") -> Any:
    """The boto3 client, for one call at a time; the caller closes it.

    `region` and `endpoint` come from the target's name; empty if it has none.

    Raises:
        ConfigError: no client can be made from the settings.
    """
    client = build_client(
        service,
        capped(aws.model_copy(update={"region": region or aws.region})),
        sink.endpoint_url or endpoint,
        concurrency=1,
        endpoint_key=f"sinks.{sink.name}.endpoint_url",
    )
    require_proof(client)
    return client


def arn_region(target: str) -> str:
    """The region that an ARN names; empty for a plain name."""
    parts = target.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 3 else ""
