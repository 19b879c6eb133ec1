"""What the doctor says of sinks, to which it sends nothing."""

import json
import os
from pathlib import Path

from tests.integration.support.doctor import by_subject, settings
from watcher.cli.check.sinks import check_sinks


def test_a_file_sink_is_looked_at_and_not_created(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    os.mkfifo(tmp_path / "pipe")
    given = settings(
        sinks='[{"type": "file", "name": "a", "path": "there"}, {"type": "file", "name": "b", "path": "new"},'
        ' {"type": "file", "name": "e", "path": "pipe"},'
        ' {"type": "file", "name": "c", "path": "/no/such/folder/x"}, {"type": "file", "name": "d", "path": "."}]'
    )
    levels = {name: finding.level for name, finding in by_subject(check_sinks(given, offline=False)).items()}
    assert levels == {"sink a": "ok", "sink b": "ok", "sink c": "failed", "sink d": "failed", "sink e": "failed"}
    assert not (tmp_path / "new").exists()


def test_the_path_of_a_webhook_which_often_is_its_password_is_not_shown() -> None:
    url = "https://hooks.example.com/services/T0AAAAAAA/B0BBBBBBB/abcdefghijklmnopqrstuvwx"
    given = settings(sinks=json.dumps([{"type": "webhook", "name": "hook", "url": url}]))
    for offline in (True, False):
        (finding,) = check_sinks(given, offline=offline)
        assert "https://hooks.example.com" in finding.what
        assert "abcdefghijklmnopqrstuvwx" not in str(finding)
