"""The settings: their definition, their sources, and their errors."""

from watcher.config.changes import both, changes, in_force
from watcher.config.loading import Loaded, load
from watcher.config.risks import Risk, risks
from watcher.config.schema import json_schema
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
from watcher.config.show import as_document, as_json, as_toml
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
    "Risk",
    "Settings",
    "ShutdownSettings",
    "SinkSettings",
    "SnsSinkSettings",
    "SqsSinkSettings",
    "StdoutSinkSettings",
    "WebhookSinkSettings",
    "as_document",
    "as_json",
    "as_toml",
    "both",
    "changes",
    "dynamodb_table",
    "in_force",
    "json_schema",
    "load",
    "risks",
    "sqlite_path",
]
