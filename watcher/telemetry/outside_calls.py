"""Calls to the outside, made visible: while one is under way, the thread's beat says which."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

from watcher.telemetry.health import current

T = TypeVar("T")


def watched(backend: T, part: str, limit: float) -> T:
    """`backend`, but each of its methods is a call of the readiness part `part` while it runs.

    `limit`: seconds that one of them may take by its own time-outs; infinity if it has none.
    """
    return cast("T", _Watched(backend, part, limit))


class _Watched:
    def __init__(self, backend: object, part: str, limit: float) -> None:
        self._backend = backend
        self._part = part
        self._limit = limit

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._backend, name)
        if not callable(found):
            return found
        return partial(_call, found, self._part, name, self._limit)


def _call(method: Callable[..., T], part: str, name: str, limit: float, /, *arguments: Any, **named: Any) -> T:
    beat = current()
    if beat is None:  # a thread that nobody waits for
        return method(*arguments, **named)
    with beat.calling(part, name, limit):
        return method(*arguments, **named)
