"""What a command that waits for decisions shows."""

import sys
from typing import TYPE_CHECKING

from watcher.cli.decision_printer import printer
from watcher.cli.echo import echo
from watcher.cli.exit_codes import WaitExit
from watcher.cli.progress_line import ProgressLine
from watcher.util.text import bounded

if TYPE_CHECKING:
    from watcher.cli.wait.waiting import WaitResult
    from watcher.domain.ports import Clock


class WaitDisplay:
    """Decisions on stdout; on stderr why there is none, and on a terminal a line while it waits."""

    def __init__(self, clock: "Clock", *, as_json: bool) -> None:
        self._print = printer(as_json=as_json)
        self._progress = ProgressLine(sys.stderr, clock)
        self._problem = ""

    def waiting(self, decided: int, total: int, words: str) -> None:
        """Show how many are decided, and where one is that is not."""
        self._progress.show("not decided yet" if total == 1 else f"{decided} of {total} decided", words)

    def problem(self, text: str) -> None:
        """Say once why the ledger can't be read."""
        if text and text != self._problem:
            self._complain(f"the ledger can't be read, trying again: {text}")
        self._problem = text

    def result(self, result: "WaitResult") -> None:
        """Show a session's decision, or why there is none."""
        if result.entry is None:
            self._complain(f"Error: {result.text}" if result.code is WaitExit.FAILED else result.text)
        else:
            self.clear()
            self._print([result.entry])

    def clear(self) -> None:
        """Clear the line."""
        self._progress.clear()

    def _complain(self, text: str) -> None:
        self.clear()
        echo(bounded(text), err=True)
