"""Makes outside calls visible: while one is under way, the thread's beat names it."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

from watcher.telemetry.health import current
from watcher.util import stalls

T = TypeVar("T")


def watched(backend: T, part: str, limit: float) -> T:
    """Wraps `backend`: while one of its methods runs, that is a call of the readiness part `part`.

    `limit`: maximum seconds of one call by its own time-outs; infinity if it has none.
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
    if beat is None:  # a thread that nothing waits for
        return method(*arguments, **named)
    with beat.calling(part, name, limit):
        stalls.point(f"{part}.{name}")
        return method(*arguments, **named)
