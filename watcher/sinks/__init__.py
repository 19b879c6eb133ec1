"""The sink backends, each in a file or folder, and their registry. Each is imported only when it is built."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple, Protocol, runtime_checkable

from watcher.config.settings import AwsSettings
from watcher.domain.ports import Sink


@runtime_checkable
class Checkable(Protocol):
    """A sink whose target can be checked without sending anything there."""

    def check(self) -> None:
        """Check the target.

        Raises:
            SinkError: it does not exist, or can't be reached; CheckNotPermitted: permission denied.
        """


class Backend(NamedTuple):
    """A sink's class, or what opens it, and its arguments: single settings (`keys`), or all of the sink's."""

    module: str
    name: str
    keys: tuple[str, ...] = ()
    is_at_aws: bool = False

    def __call__(self, settings: Any, aws: AwsSettings | None = None) -> Sink:
        """Build the sink; `aws`, with its region resolved, is for the sinks at AWS.

        Raises:
            ConfigError: invalid settings.
        """
        build = getattr(import_module(f"watcher.sinks.{self.module}"), self.name)
        given = [getattr(settings, key) for key in self.keys] or [settings]
        sink: Sink = build(*given, aws or AwsSettings()) if self.is_at_aws else build(*given)
        return sink


SINKS: Mapping[str, Backend] = {
    "stdout": Backend("stdout", "open_stdout", ("name",)),
    "file": Backend("file", "FileSink", ("name", "path")),
    "sqs": Backend("aws.sqs", "SqsSink", is_at_aws=True),
    "sns": Backend("aws.sns", "SnsSink", is_at_aws=True),
    "eventbridge": Backend("aws.eventbridge", "EventBridgeSink", is_at_aws=True),
    "webhook": Backend("webhook.sink", "WebhookSink"),
}
"""From a sink's `type` to what builds it: `SINKS[type](settings, aws)`."""
