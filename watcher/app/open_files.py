"""How many files and sockets the watcher may need at once, and whether this process may have as many."""

from watcher.config import Risk, Settings
from watcher.config.sinks import WebhookSinkSettings
from watcher.telemetry.connections import MOST
from watcher.util.machine_faults import OPEN_FILES_FIX, allow_open_files


def files_needed(settings: Settings) -> int:
    """The most files and sockets that are open at once with these settings."""
    # Beside the HTTP port's, and as many again for streams, databases, the queue and the other sinks.
    posts = sum(sink.concurrency for sink in settings.sinks if isinstance(sink, WebhookSinkSettings))
    return 2 * MOST + settings.polling.concurrency + posts


def allow_files(settings: Settings) -> list[Risk]:
    """Raise this process's own limit to what is needed; a risk if that is not allowed."""
    needed = files_needed(settings)
    limit = allow_open_files(needed)
    if limit >= needed:
        return []
    what = f"this process may have {limit} files and sockets open, and may need {needed}: then calls and sinks fail"
    return [Risk("open files", what, OPEN_FILES_FIX)]
