"""The demo's folder: settings, queue, decisions and log of its daemon, and the daemon's environment."""

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import watcher
from watcher.cli.demo.constants import DEMO
from watcher.cli.demo.endings import CHALLENGE_POLICY, STRICT_POLICY
from watcher.config import Loaded, load
from watcher.domain.decision_table import STRONGER_CHALLENGE


class DemoError(Exception):
    """The demo can't start or continue; its text is for the user."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with everything that the daemon reads and writes."""

    folder: Path

    @property
    def config(self) -> Path:
        """Its settings."""
        return self.folder / "watcher.toml"

    @property
    def decisions(self) -> Path:
        """Where its sink writes."""
        return self.folder / "decisions.jsonl"

    @property
    def log(self) -> Path:
        """Its log, a JSON object a line."""
        return self.folder / "watcher.log"

    def furnish(self, endpoint_url: str) -> Loaded:
        """Write the settings, and load them as the daemon will."""
        self.config.touch(mode=0o600)  # whatever the umask: root rejects settings that others can write
        self.config.write_text(_settings(self, endpoint_url), encoding="utf-8")
        return load(self.config, {}, {}, self.folder)

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """`environ` without variables that could point the daemon to the user's AWS account, settings or proxy."""
        kept = {name: value for name, value in environ.items() if not _is_foreign(name)}
        nothing = str(self.folder / "none")
        # Absolute paths only: an empty or relative one would be searched for in the daemon's own folder.
        users = [str(Path(path).absolute()) for path in environ.get("PYTHONPATH", "").split(os.pathsep) if path]
        library = str(Path(watcher.__file__).parents[1])
        return kept | {
            "AWS_ACCESS_KEY_ID": "demo",
            "AWS_SECRET_ACCESS_KEY": "demo",
            "AWS_CONFIG_FILE": nothing,
            "AWS_SHARED_CREDENTIALS_FILE": nothing,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PYTHONPATH": os.pathsep.join([library, *users]),
        }


def _is_foreign(name: str) -> bool:
    return name.upper().startswith(("AWS_", "WATCHER_", "BOTO_")) or name.upper().endswith("_PROXY")


def _settings(workspace: Workspace, endpoint_url: str) -> str:
    return f"""\
# The settings of `watcher demo`: times are scaled, a session's 180 s are {180 / DEMO.time_scale:g} s here.
[aws]
region = "us-east-1"
endpoint_url = {_toml(endpoint_url)}
connect_timeout = {DEMO.call_timeout}
read_timeout = {DEMO.call_timeout}

[queue]
url = {_toml(f"sqlite:///{workspace.folder / 'watcher.db'}")}

[polling]
min_interval = {1 / DEMO.time_scale:.3f}
max_interval = {10 / DEMO.time_scale:.3f}
session_timeout = {DEMO.session_timeout / DEMO.time_scale:.3f}
max_rate = {DEMO.quota * DEMO.time_scale:.1f}

[decision]
threshold = {DEMO.threshold}
[decision.policies.{STRICT_POLICY}]
threshold = {DEMO.strict_threshold}

[decision.policies.{CHALLENGE_POLICY}]
require_challenge = "{STRONGER_CHALLENGE}"
min_challenge_version = "3.0.0"

[[sinks]]
type = "file"
path = {_toml(str(workspace.decisions))}

[http]
port = 0

[log]
format = "json"
"""


def _toml(text: str) -> str:
    # A JSON string is also a TOML string, unless it escapes characters that TOML writes literally.
    return json.dumps(text, ensure_ascii=False)


@contextmanager
def open_workspace(keep: Path | None) -> Iterator[Workspace]:
    """A new folder, removed at the end; or the empty folder `keep`, created if necessary, which stays.

    Raises:
        DemoError: `keep` can't be used.
    """
    if keep is None:
        with TemporaryDirectory(prefix="watcher-demo-") as folder:
            yield Workspace(Path(folder).resolve())
        return
    try:
        keep.parent.mkdir(parents=True, exist_ok=True)
        is_used = not _make(keep) and any(keep.iterdir())
        status = keep.stat()
    except OSError as error:
        raise DemoError(f"--keep {keep}: {error.strerror or error}: name a folder that you can write to") from error
    if is_used:
        raise DemoError(f"--keep {keep}: is not empty: name a new folder")
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise DemoError(f"--keep {keep}: others can write to it: name a new folder that only you own")
    yield Workspace(keep.resolve())


def _make(folder: Path) -> bool:
    """Create a private folder; False if it exists already."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return False
    return True
