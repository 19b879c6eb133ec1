"""Readiness: what prevents work, for /readyz and the log."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import NamedTuple

import structlog

from watcher.util.error_class import error_class

log = structlog.get_logger(__name__)

DRAINING = "draining"
"""The part that is unavailable while the watcher stops."""


class _Problem(NamedTuple):
    """What is wrong with a part: in full, and in a public version."""

    text: str
    shown: str


class Readiness:
    """What prevents work, one line per part: queue, ledger, Rekognition, each sink, draining.

    The HTTP port shows the part, its state and the class of the error. An error's text may name an account, a role,
    an address or a path, and only goes to the log.
    """

    def __init__(self, slow_calls: Callable[[], Mapping[str, str]] = dict) -> None:
        """`slow_calls`: by part, a call that has not returned for long; shown if nothing else is wrong with it."""
        self._slow_calls = slow_calls
        self._lock = Lock()
        self._problems: dict[str, _Problem] = {}
        self._classes: dict[str, set[str]] = {}
        """By part, the classes of error since it became unavailable."""
        self._logged: set[str] = set()

    def mark_unavailable(
        self, part: str, problem: str | BaseException, consequence: str = "", *, state: str = "", **details: object
    ) -> bool:
        """Record what is wrong with a part; returns whether it was fine until now.

        `problem`: an error, or a public text of our own. `state`: the part's state because of the error. It is logged
        in full, once for each class of error, with its `consequence` and `details`; without a consequence, the caller
        logs it.
        """
        noted, kind = _noted(problem, state)
        with self._lock:
            is_new = part not in self._problems
            self._problems[part] = noted
            classes = self._classes.setdefault(part, set())
            is_logged = bool(consequence) and kind not in classes
            classes.add(kind)
            if is_logged:
                self._logged.add(part)
        if is_logged:
            log.error("component_unavailable", part=part, error=noted.text, consequence=consequence, **details)
        return is_new

    def mark_recovered(self, part: str) -> bool:
        """Record that a part works; returns whether it did not until now. Logged if the failure was logged."""
        if part not in self._problems:  # the usual case, without the lock
            return False
        with self._lock:
            was_lost = self._problems.pop(part, None) is not None
            self._classes.pop(part, None)
            was_logged = part in self._logged
            self._logged.discard(part)
        if was_logged:
            log.info("component_recovered", part=part)
        return was_lost

    def problems(self) -> dict[str, str]:
        """What is wrong now, in full, by part. "queue depth" is omitted if "queue" says the same."""
        return {part: problem.text for part, problem in self._found().items()}

    def shown(self) -> dict[str, str]:
        """The same parts, with the public texts."""
        return {part: problem.shown for part, problem in self._found().items()}

    def _found(self) -> dict[str, _Problem]:
        slow = {part: _Problem(words, words) for part, words in self._slow_calls().items()}
        with self._lock:
            found = {**slow, **self._problems}
        return {
            part: problem
            for part, problem in found.items()
            if part == (whole := part.partition(" ")[0]) or found.get(whole) != problem
        }


def _noted(problem: str | BaseException, state: str) -> tuple[_Problem, str]:
    """A problem and its class; our own texts have none."""
    if isinstance(problem, str):
        return _Problem(problem, problem), ""
    kind = error_class(problem)
    return _Problem(f"{state}: {problem}" if state else str(problem), f"{state or 'unavailable'}: {kind}"), kind
