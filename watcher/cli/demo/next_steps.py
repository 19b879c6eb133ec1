"""What to run after the demo."""

import shlex
import shutil
import sys
from pathlib import Path

from watcher.cli.demo.plan import make_plan
from watcher.cli.demo.workspace import Workspace


def next_steps(sessions: int, seed: int, folder: Path | None, program: str) -> str:
    """Three commands, to run in this order: for the demo kept in `folder`, or None, to repeat and keep it.

    `program`: how the shell finds the watcher.
    """
    kept = folder or _free_folder()
    settings = f"--config {shlex.quote(str(Workspace(kept).config))}"
    repeat = f"demo --sessions {sessions} --seed {seed} --keep {kept}"
    commands = [f"decisions {settings}", f"explain {_one_to_explain(sessions, seed)} {settings}"]
    commands = [*commands, f"dead list {settings}"] if folder else [repeat, *commands]
    return "\n".join(
        ["Next:", *(f"{program} {command}" for command in commands)]
    )  # without indent: within 80 columns


def as_called(name: str) -> str:
    """How a shell calls the program again that it called by `name` (the process's first argument).

    A virtual environment that is not activated is not on the PATH: the bare name would not be found.
    """
    called = Path(name)
    if called.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m watcher"
    found = shutil.which(called.name)
    return called.name if found and called.exists() and Path(found).samefile(called) else shlex.quote(name)


def _free_folder() -> Path:
    """A new folder in the current one."""
    names = ("demo", *(f"demo-{number}" for number in range(2, 1000)))
    return next((Path(name) for name in names if not Path(name).exists()), Path(names[-1]))


def _one_to_explain(sessions: int, seed: int) -> str:
    """An interesting session: one that met a fault, if there is one."""
    planned = make_plan(sessions, seed).sessions
    eventful = (session for session in planned if session.script is not None and session.script.faults)
    return next(eventful, planned[0]).session_id
