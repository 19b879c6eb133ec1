"""The names in the source: log events that say what happened, wherever they are read."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import watcher

ROOT = Path(watcher.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LOGGERS = re.compile(r"(.*\b_?log|(logs\.)?logger\(\))\.")

SINGLE_WORDS = {"started", "draining", "stopped", "reloaded", "decided", "polled"}
"""Events of the watcher itself, or of a session, whose verb says all."""

SEVERAL_PLACES = {"creation_time_corrected", "release_failed", "thread_died"}
"""Events that mean the same from each place."""


def logged_events() -> Iterator[tuple[str, str]]:
    """Each event that is logged, with the file."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
                event = node.args[0] if node.args else None
                if LOGGERS.fullmatch(ast.unparse(node.func.value) + ".") and isinstance(event, ast.Constant):
                    yield str(event.value), str(path.relative_to(ROOT))


def test_log_events_are_found() -> None:
    assert {"decided", "component_unavailable", "risky_setting", "signal_received"} <= {
        event for event, _ in logged_events()
    }


def test_log_events_are_a_noun_and_what_happened_to_it() -> None:
    odd = {event for event, _ in logged_events() if not re.fullmatch(r"[a-z]+(_[a-z]+)+", event)}
    assert odd <= SINGLE_WORDS


def test_a_log_event_has_one_meaning() -> None:
    places = defaultdict(list)
    for event, path in logged_events():
        places[event].append(path)
    assert {event for event, paths in places.items() if len(paths) > 1} == SEVERAL_PLACES
