"""The names in the source: one meaning each, in the words of the field, and log events that say what happened."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache

from tests.unit.support.source import nodes_of_modules

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LOGGERS = re.compile(r"(.*\b_?log|(logs\.)?logger\(\))\.")

SINGLE_WORDS = {"started", "draining", "stopped", "reloaded", "decided", "polled"}
"""Events of the watcher itself, or of a session, whose verb says all."""

SEVERAL_PLACES = {"creation_time_corrected", "release_failed", "thread_died"}
"""Events that mean the same from each place."""


@cache
def logged_events() -> Sequence[tuple[str, str]]:
    return list(_logged_events())


def _logged_events() -> Iterator[tuple[str, str]]:
    """Each event that is logged, with the file."""
    for path, nodes in nodes_of_modules().items():
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
                event = node.args[0] if node.args else None
                if LOGGERS.fullmatch(ast.unparse(node.func.value) + ".") and isinstance(event, ast.Constant):
                    yield str(event.value), path


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


BANNED = re.compile(
    r"(^|_)(bury|buried|burials?|unburied|lanes?|parcels?|suspects?|heed|hasten(ed)?|lookout|time_?keeper|settlers?"
    r"|settled?(?!_at)|timetables?|mend|lookable|patience|untaken|untried|remarks?|intake|keeper|parting|hopeless|void"
    r"|guards|swift|wary|remembering|looks?|verdicts?|watch|watches)(_|$)"
)
"""Words that no other project uses for these things. The field says: dead letter, worker, pending delivery,
quarantine, record, bring forward, prober, watchdog, acker, mark as acked, timer queue, fix, checkable, retry, failed,
not attempted, warning, consumer, extender, done, given up, stale, reserved, fast, strict, checkpointer, check or
probe, decision, session."""

ALLOWED = {"look", "looks_like_sqs"}
"""Plain English: how many messages are looked at, and what a URL looks like."""


def words(name: str) -> str:
    """A name in lower case, with underscores between its words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def identifiers() -> dict[str, str]:
    """Every name in the source, with one of the modules that have it."""
    return {
        name: path
        for path, nodes in nodes_of_modules().items()
        for node in nodes
        for field in node._fields
        if field in {"id", "attr", "arg", "name", "asname"} and isinstance(name := getattr(node, field), str)
    }


def test_names_are_the_fields_words() -> None:
    found = {name: path for name, path in identifiers().items() if BANNED.search(words(name))}
    assert {name: path for name, path in found.items() if name not in ALLOWED} == {}


def test_log_events_are_the_fields_words() -> None:
    assert {event for event, _ in logged_events() if BANNED.search(event)} == set()


def test_a_class_name_has_one_meaning() -> None:
    """Of the public ones. A bounding box is the same to the simulator, which stands alone; and each package may have
    its limits and constants in one class."""
    places = defaultdict(list)
    for path, nodes in nodes_of_modules().items():
        for node in nodes:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(path)
    assert {name for name, paths in places.items() if len(paths) > 1} == {"BoundingBox", "Constants", "Limits"}
