"""The settings: what they are, where they come from, and what is wrong with them."""

from watcher.config.loading import Loaded, load
from watcher.config.settings import (
    AwsSettings,
    DecisionSettings,
    HttpSettings,
    LedgerSettings,
    LogSettings,
    PolicyOverrides,
    PollingSettings,
    QueueSettings,
    Settings,
    ShutdownSettings,
)
from watcher.config.sinks import (
    EventBridgeSinkSettings,
    FileSinkSettings,
    SinkSettings,
    SnsSinkSettings,
    SqsSinkSettings,
    StdoutSinkSettings,
    WebhookSinkSettings,
)
from watcher.config.urls import dynamodb_table, sqlite_path

__all__ = [
    "AwsSettings",
    "DecisionSettings",
    "EventBridgeSinkSettings",
    "FileSinkSettings",
    "HttpSettings",
    "LedgerSettings",
    "Loaded",
    "LogSettings",
    "PolicyOverrides",
    "PollingSettings",
    "QueueSettings",
    "Settings",
    "ShutdownSettings",
    "SinkSettings",
    "SnsSinkSettings",
    "SqsSinkSettings",
    "StdoutSinkSettings",
    "WebhookSinkSettings",
    "dynamodb_table",
    "load",
    "sqlite_path",
]
