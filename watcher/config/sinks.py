"""Where decisions go: one model for each `type` of `[[sinks]]`."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from watcher.config.settings_model import SettingsModel, Url


class _Sink(SettingsModel):
    """The settings of every sink."""

    name: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9._-]{0,64}$",
        description="Name in logs, metrics and the ledger, which records deliveries under it. Empty: the type "
        "(then type-2, type-3, ...); name sinks that share a type.",
    )
    fields: Literal["full", "outcome"] = Field(
        default="full",
        description="Members of each event: all (full), or all but confidence, threshold and images (outcome), for "
        "receivers close to the person.",
    )
    only: list[Literal["live", "not_live", "inconclusive"]] = Field(
        default_factory=list, description="Outcomes that the sink gets, the others are skipped; empty: all."
    )


class _AwsSink(_Sink):
    """A sink at AWS."""

    endpoint_url: Url = Field(default="", description="URL to call instead of AWS's own endpoint.")


class StdoutSinkSettings(_Sink):
    """One event a line on standard output."""

    type: Literal["stdout"] = Field(default="stdout", description="Standard output.")


class FileSinkSettings(_Sink):
    """One event a line, appended to a file."""

    type: Literal["file"] = Field(default="file", description="A file, one event a line.")
    path: str = Field(min_length=1, description="File to append to; its directory has to exist.")


class SqsSinkSettings(_AwsSink):
    """One SQS message for each event."""

    type: Literal["sqs"] = Field(default="sqs", description="An SQS queue.")
    queue_url: Url = Field(min_length=1, description="URL of the queue that gets the events; FIFO queues work too.")


class SnsSinkSettings(_AwsSink):
    """One SNS message for each event."""

    type: Literal["sns"] = Field(default="sns", description="An SNS topic.")
    topic_arn: str = Field(pattern=r"^arn:[^:]+:sns:[^:]*:[^:]*:.+$", description="ARN of the topic.")


class EventBridgeSinkSettings(_AwsSink):
    """One EventBridge entry for each event."""

    type: Literal["eventbridge"] = Field(default="eventbridge", description="An EventBridge bus.")
    bus: str = Field(min_length=1, description="Name or ARN of the event bus.")


_TLS_UNLESS_PRIVATE: JsonDict = {
    "if": {"properties": {"url": {"pattern": r"^\s*[Hh][Tt][Tt][Pp]:"}}, "required": ["url"]},
    "then": {"properties": {"allow_private": {"const": True}}, "required": ["allow_private"]},
}
"""For editors and Helm, the rule of `url_rules` that a webhook without TLS needs `allow_private`."""


class WebhookSinkSettings(_Sink):
    """One signed HTTP POST for each event."""

    model_config = ConfigDict(json_schema_extra=_TLS_UNLESS_PRIVATE)

    type: Literal["webhook"] = Field(default="webhook", description="An HTTP endpoint.")
    url: Url = Field(min_length=1, description="URL that gets the POST.")
    secret_file: str = Field(
        default="",
        description="File with the secrets (whsec_..., one a line, current one first) that sign each request; "
        "empty: unsigned.",
    )
    allow_private: bool = Field(
        default=False,
        description="Whether the receiver may be in a private network, on this machine, or without TLS.",
    )
    ca_bundle: str = Field(
        default="", description="File of CA certificates to trust for the receiver; empty: the machine's."
    )
    concurrency: int = Field(
        default=8, ge=1, le=100, description="POSTs under way at once; 1 keeps the decisions in order."
    )


SinkSettings = Annotated[
    StdoutSinkSettings
    | FileSinkSettings
    | SqsSinkSettings
    | SnsSinkSettings
    | EventBridgeSinkSettings
    | WebhookSinkSettings,
    Field(discriminator="type"),
]

SINK_MODELS: dict[str, type[SettingsModel]] = {
    "stdout": StdoutSinkSettings,
    "file": FileSinkSettings,
    "sqs": SqsSinkSettings,
    "sns": SnsSinkSettings,
    "eventbridge": EventBridgeSinkSettings,
    "webhook": WebhookSinkSettings,
}


def with_names(sinks: list[SinkSettings]) -> list[SinkSettings]:
    """The sinks (standard output by default), each with a name: its own, else its type (type-2, ...)."""
    taken = {sink.name for sink in sinks}
    named: list[SinkSettings] = []
    for sink in sinks or [StdoutSinkSettings()]:
        name = sink.name or _free_name(sink.type, taken)
        taken.add(name)
        named.append(sink.model_copy(update={"name": name}))
    return named


def _free_name(kind: str, taken: set[str]) -> str:
    name, number = kind, 1
    while name in taken:
        number += 1
        name = f"{kind}-{number}"
    return name
