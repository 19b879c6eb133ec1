"""A status as lines to read."""

from collections.abc import Iterator, Mapping
from typing import Any

from watcher.cli.status.client import Config, Status, StatusReply
from watcher.config.redaction import DEFAULT, toml

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def lines(answer: StatusReply) -> Iterator[str]:
    """The lines; the first continues the state."""
    status = answer.status
    if status is None:
        yield f": {answer.url}: {answer.problem}"
        return
    yield f": watcher {status.version} at {answer.url}, up {duration(status.uptimeSeconds)}"
    yield from _work(status)
    if status.config is None:
        yield "settings   only shown on the watcher's own machine"
    else:
        yield from _settings(status.config)
        yield from _reload(status.config)


def duration(seconds: float) -> str:
    """Seconds as people say them, with two units at most."""
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def _work(status: Status) -> Iterator[str]:
    yield from (f"stuck      {text}" for text in status.stuck)
    yield from (f"problem    {problem.part}: {problem.problem}" for problem in status.problems)
    yield f"in flight  {status.sessionsInFlight} session{'s' * (status.sessionsInFlight != 1)}"
    rate = status.callsPerSecond
    yield "rate       unlimited" if rate is None else f"rate       {rate:.3g} calls a second"
    yield "decisions  " + ", ".join(f"{outcome} {count}" for outcome, count in status.decisions.items())


def _settings(config: Config) -> Iterator[str]:
    """Those that are not defaults."""
    yield f"file       {config.file or 'none'}"
    given = [(key, value) for key, value in _flat(config.settings) if config.origins.get(key, DEFAULT) != DEFAULT]
    yield "settings" if given else "settings   all defaults"
    yield from (f"  {key} = {toml(value)}  # {config.origins[key]}" for key, value in given)


def _reload(config: Config) -> Iterator[str]:
    reload = config.reload
    if reload.problems:
        yield "a reload would change nothing, because of"
        yield from (f"  {problem}" for problem in reload.problems)
    yield from _changes("a reload would change", reload.applies)
    yield from _changes("only a restart would change", reload.needsRestart)


def _changes(title: str, changes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if changes:
        yield title
        yield from (
            f"  {key}: {_value(ages.get('old'))} -> {_value(ages.get('new'))}" for key, ages in changes.items()
        )


def _value(value: object) -> str:
    return "none" if value is None else toml(value)


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """The settings by dotted key, as origins have them."""
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value
