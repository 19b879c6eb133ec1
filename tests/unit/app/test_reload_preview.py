"""What a reload would change, as `/status.json` shows it."""

import json
from pathlib import Path

from tests.support import ManualClock
from watcher.app.reload_preview import ReloadPreview
from watcher.config import Loaded, load

SECRETS = ("hunter2", "T0abcdef", "hunter3", "T1abcdef")


def loaded(folder: Path, user: str, path: str) -> Loaded:
    """Settings with a secret in each URL."""
    file = folder / "watcher.toml"
    file.write_text(
        f"""
        [aws]
        endpoint_url = "https://me:{user}@rekognition.example/"
        [[sinks]]
        type = "webhook"
        url = "https://hooks.example/{path}?token={user}"
        """
    )
    return load(file, {}, {}, folder)


def test_neither_old_nor_new_values_show_secrets(tmp_path: Path) -> None:
    old = loaded(tmp_path, *SECRETS[:2])
    new = loaded(tmp_path, *SECRETS[2:])
    found = ReloadPreview(lambda: new, lambda: old, ManualClock())()
    assert set(found["needsRestart"]) == {"aws.endpoint_url", "sinks"}
    shown = json.dumps(found)
    assert "hooks.example" in shown
    assert not [secret for secret in SECRETS if secret in shown]
