"""Hints for a closer look, after the demo."""

import shlex
from pathlib import Path

from watcher.cli.demo.plan import make_plan
from watcher.cli.demo.workspace import Workspace


def closing_hint(sessions: int, seed: int, folder: Path | None) -> str:
    """Commands for the demo that was kept in `folder`; None: the command that repeats it and keeps it."""
    if folder is None:
        return f"look into it with: watcher demo --sessions {sessions} --seed {seed} --keep DIR"
    settings = shlex.quote(str(Workspace(folder.resolve()).config))
    commands = ("decisions", f"explain {_one_to_explain(sessions, seed)}", "dead list", "config show")
    lines = [f"  WATCHER_CONFIG={settings} watcher {command}" for command in commands]
    return "\n".join(["everything was kept; look at it with", *lines])


def _one_to_explain(sessions: int, seed: int) -> str:
    """An interesting session: one that met a fault, if there is one."""
    planned = make_plan(sessions, seed).sessions
    eventful = (session for session in planned if session.script is not None and session.script.faults)
    return next(eventful, planned[0]).session_id
