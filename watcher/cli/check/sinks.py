"""The sinks. Nothing is sent, because anything that arrives counts as a decision. Targets at AWS are checked."""

import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from watcher.cli.check.backends import NOT_TRIED
from watcher.cli.check.files import appended_file
from watcher.cli.check.finding import Finding, Findings, failed, ok, warning
from watcher.config import AwsSettings, Settings, SinkSettings
from watcher.config.redaction import redacted_value, shown
from watcher.domain.errors import WatcherError
from watcher.sinks import SINKS, Checkable
from watcher.sinks.aws.target import CheckNotPermitted

_TARGETS: Mapping[str, str] = {"sqs": "queue_url", "sns": "topic_arn", "eventbridge": "bus", "webhook": "url"}


def check_sinks(settings: Settings, *, offline: bool) -> Findings:
    """One line for each sink."""
    for sink in settings.sinks:
        yield _check(sink, settings.aws, offline=offline)


def _check(sink: SinkSettings, aws: AwsSettings, *, offline: bool) -> Finding:
    subject = f"sink {sink.name}"
    if sink.type == "stdout":
        return ok(subject, "standard output")
    if sink.type == "file":
        return appended_file(subject, sink.path, Path(sink.path))
    target = _target(sink)
    secret = getattr(sink, "secret_file", "")
    if secret and not os.access(secret, os.R_OK):
        return failed(
            subject,
            f"secret_file = {shown('secret_file', secret)} can't be read",
            "name a file that this user may read",
        )
    return ok(subject, f"{target}: {NOT_TRIED}") if offline else _built(subject, target, sink, aws)


def _target(sink: SinkSettings) -> str:
    where = str(redacted_value("url", getattr(sink, _TARGETS[sink.type])))
    if sink.type != "webhook":
        return where
    parts = urlsplit(where)  # some receivers have a secret in their path
    return f"{parts.scheme}://{parts.netloc}"


def _built(subject: str, target: str, sink: SinkSettings, aws: AwsSettings) -> Finding:
    try:
        with closing(SINKS[sink.type](sink, aws)) as built:
            if not isinstance(built, Checkable):
                through = f", through the proxy {proxy}" if (proxy := getattr(built, "proxy", "")) else ""
                return ok(subject, f"{target}{through}: can be set up; nothing was sent")
            built.check()
    except CheckNotPermitted as error:
        return warning(subject, f"{error}; decisions may still arrive; nothing was sent")
    except WatcherError as error:
        return failed(subject, str(error))
    return ok(subject, f"{target}: exists; nothing was sent")
