"""The sink backends, one a file, and the registry that finds them. Each is imported only when it is built."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, runtime_checkable

from watcher.config.settings import AwsSettings
from watcher.domain.ports import Sink


@runtime_checkable
class Checkable(Protocol):
    """A sink whose target can be asked for without sending anything there."""

    def check(self) -> None:
        """Ask for the target.

        Raises:
            SinkError: it is not there, or can't be reached; CheckNotPermitted: no permission to ask.
        """


@dataclass(frozen=True, slots=True)
class Backend:
    """A sink's class by name, and what it is made from: single settings (`keys`), or all of the sink's."""

    module: str
    name: str
    keys: tuple[str, ...] = ()
    is_at_aws: bool = False

    def __call__(self, settings: Any, aws: AwsSettings | None = None) -> Sink:
        """Build the sink; `aws` has its region found, and is for those that live there.

        Raises:
            ConfigError: settings that can't be used.
        """
        build = getattr(import_module(f"watcher.sinks.{self.module}"), self.name)
        given = [getattr(settings, key) for key in self.keys] or [settings]
        sink: Sink = build(*given, aws or AwsSettings()) if self.is_at_aws else build(*given)
        return sink


SINKS: Mapping[str, Backend] = {
    "stdout": Backend("stdout", "StdoutSink", ("name",)),
    "file": Backend("file", "FileSink", ("name", "path")),
    "sqs": Backend("aws.sqs", "SqsSink", is_at_aws=True),
    "sns": Backend("aws.sns", "SnsSink", is_at_aws=True),
    "eventbridge": Backend("aws.eventbridge", "EventBridgeSink", is_at_aws=True),
    "webhook": Backend("webhook.sink", "WebhookSink"),
}
"""From a sink's `type` to what builds it: `SINKS[type](settings, aws)`."""
