"""The queue on which `watcher simulate --hints` announces the ends of sessions."""

import os
from pathlib import Path

from watcher.app.aws_settings import effective_aws
from watcher.cli.options import exit_with
from watcher.cli.rendering import exits_on_error
from watcher.config import Settings, load
from watcher.config.urls import SQLITE
from watcher.domain.errors import ConfigError
from watcher.domain.ports import Queue
from watcher.queues import open_queue
from watcher.util.clock import SystemClock
from watcher.util.urls import is_http_url


def open_hint_queue(name: str) -> Queue:
    """The queue that `name` names as `queue.url` does; a SQLite file may be named by its path alone.

    Settings file and environment give the rest, such as the region. Wrong settings end the command with exit code 78,
    a queue that can't be opened with 1.
    """
    try:
        settings = _settings(name)
    except ConfigError as error:
        exit_with(error)
    with exits_on_error():
        return open_queue(settings, SystemClock())


def _settings(name: str) -> Settings:
    url = name if ":" in name else f"{SQLITE}{name}"
    own = {
        "queue.url": url,
        "queue.type": "sqs" if is_http_url(url) else "",
        "queue.dead_letter_url": "",  # no dead letters and no decisions here
        "ledger.url": "none",
    }
    loaded = load(None, own, os.environ, Path(), {"queue.url": "--hints"})
    if loaded.settings.queue.kind == "sqlite":
        return loaded.settings
    return loaded.settings.model_copy(update={"aws": effective_aws(loaded)})
