"""The sink backends, one a file, and the registry that finds them."""

from collections.abc import Callable, Mapping
from typing import Any

from watcher.ports import Sink
from watcher.sinks.file import FileSink
from watcher.sinks.stdout import StdoutSink

SINKS: Mapping[str, Callable[[Any], Sink]] = {
    "stdout": lambda settings: StdoutSink(settings.name),
    "file": lambda settings: FileSink(settings.name, settings.path),
}
"""From a sink's `type` to what builds it from its settings."""
