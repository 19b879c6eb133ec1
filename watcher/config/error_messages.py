"""Texts for the faults that pydantic finds: key, value, source and fix."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from watcher.config.fields import Path, all_keys, dotted, keys_at
from watcher.config.redaction import shown, source_of, toml
from watcher.config.sinks import SINK_MODELS
from watcher.util.urls import HIDDEN

_FIXES = {
    "aws.region": "give a region such as us-east-1",
    "polling.session_timeout": "give a number above 0 and up to 180, when AWS forgets a session",
    "polling.multiplier": "give at least 1, or the waits shrink",
    "polling.jitter": "give a share from 0 to 1",
    "decision.threshold": "give a confidence from 0 to 100",
    "threshold": "give a confidence from 0 to 100",
    "queue.max_in_flight": "give 1 to 120000, the most that SQS hands out",
    "http.port": "give a port from 1 to 65535, or 0 for a free one",
    "topic_arn": "give one such as arn:aws:sns:us-east-1:123456789012:decisions",
    "min_challenge_version": "give one such as 2.0.0",
    "sinks": "write one [[sinks]] table for each sink",
    "only": 'give a list such as ["live"]',
    "name": "use 1 to 64 of the characters A-Z a-z 0-9 . _ -",
}


def place(details: ErrorDetails) -> Path:
    """The path of a fault. Pydantic adds a sink's type after its number, and `[key]` after a name."""
    path = tuple(part for part in details["loc"] if part != "[key]")
    behind_number = 2
    if path[:1] == ("sinks",) and len(path) > behind_number:
        return (*path[:2], *path[3:])
    if details["type"].startswith("union_tag"):
        return (*path, "type")
    return path


def describe(details: ErrorDetails, origin: str) -> str:
    """One line for the user."""
    path, kind, source = place(details), details["type"], source_of(origin)
    key = dotted(path)
    if kind == "extra_forbidden":
        return unknown(path, details["input"], origin, _sink_keys(details))
    if kind in ("missing", "union_tag_not_found"):
        fix = f"give one of {_either(SINK_MODELS)}"
        if kind == "missing":
            fix = f"a sink of the type {toml(details['loc'][2])} needs it"
        return f"{key} is missing ({source}): {fix}"
    if details["loc"][-1] == "[key]":
        return f"{key} is not a valid policy name ({source}): {_FIXES['name']}"
    value = details["ctx"]["tag"] if kind == "union_tag_invalid" else details["input"]
    what, fix = _wrong(path, details, value)
    is_hidden = isinstance(value, dict | list) or (isinstance(value, str) and kind in _SHAPES)
    return f"{key} = {HIDDEN if is_hidden else shown(key, value)} {what} ({source}): {fix}"


def unknown(path: Path, value: object, origin: str, siblings: Iterable[str] = ()) -> str:
    """One line for an unknown key, with the most similar known one: in the same section first, then in others.

    Without the value, which may be a secret.
    """
    key = dotted(path)
    name = str(path[-1])
    near = [dotted((*path[:-1], close)) for close in get_close_matches(name, [*siblings, *keys_at(path[:-1])], 1)]
    elsewhere = [known for known in all_keys() if known.rpartition(".")[2] == name]
    guesses = near or elsewhere
    fix = f"did you mean {guesses[0]}?" if guesses else "remove it; `watcher config schema` lists all there are"
    if isinstance(value, dict) and guesses:
        fix = f"did you mean [{guesses[0]}]?"
    if path[0] == "sinks" and not siblings:
        fix = "give all sinks at once, as one JSON list"
    what = f"section [{key}]" if isinstance(value, dict) else f"setting {key}"
    return f"unknown {what} ({source_of(origin)}): {fix}"


def unknown_variable(name: str) -> str:
    """One line for a variable that begins with `WATCHER_` and is not a setting, with the nearest one."""
    known = ["CONFIG", *(key.upper().replace(".", "__") for key in all_keys())]
    near = get_close_matches(name.removeprefix("WATCHER_"), known, 1)
    fix = f"did you mean WATCHER_{near[0]}?" if near else "unset it; settings are WATCHER_SECTION__KEY"
    return f"unknown variable {name} (environment): {fix}"


def _sink_keys(details: ErrorDetails) -> list[str]:
    """The keys of the sink with the fault, if it is in one."""
    if details["loc"][0] != "sinks":
        return []
    return list(SINK_MODELS[str(details["loc"][2])].model_fields)


def _wrong(path: Path, details: ErrorDetails, value: object) -> tuple[str, str]:
    words = _WORDS.get(details["type"])
    if words is None:
        return f"can't be used ({details['msg']})", "see `watcher config schema`"
    what, fix = words(details.get("ctx", {}), value)
    hint = _FIXES.get(dotted(path)) or _FIXES.get(str(path[-1]))
    if value == "" and details["type"] == "string_pattern_mismatch":
        what = "is empty"
    return what, hint if hint and details["type"] in _HINTED else fix


def _either(choices: Iterable[str]) -> str:
    return ", ".join(toml(choice) for choice in choices)


def _literal(ctx: dict[str, Any], value: object) -> tuple[str, str]:
    choices = [choice.strip("'") for choice in ctx["expected"].replace(" or ", ", ").split(", ")]
    return _choice(choices, value)


def _tag(ctx: dict[str, Any], value: object) -> tuple[str, str]:
    return _choice(list(SINK_MODELS), value)


def _choice(choices: list[str], value: object) -> tuple[str, str]:
    close = get_close_matches(str(value).lower(), [choice for choice in choices if choice], 1)
    fix = f"did you mean {toml(close[0])}?" if close else "give one of them"
    return f"is not one of {_either(choices)}", fix


def _number(what: str) -> Callable[[dict[str, Any], object], tuple[str, str]]:
    def words(_: dict[str, Any], value: object) -> tuple[str, str]:
        if isinstance(value, str) and value.replace(".", "", 1).isdigit():
            return f"is a string, not {what}", f"write {value} without the quotes"
        if isinstance(value, float) and value.is_integer():
            return f"is not {what}", f"write {int(value)}"
        return f"is not {what}", "give one"

    return words


def _fixed(what: str, fix: str) -> Callable[[dict[str, Any], object], tuple[str, str]]:
    return lambda ctx, _: (what.format(**ctx), fix.format(**ctx))


_SHAPES = frozenset({"model_type", "model_attributes_type", "dict_type", "list_type"})
"""A single value instead of several: its meaning is unknown, so it may be a secret."""

_HINTED = frozenset(
    {
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "string_pattern_mismatch",
        "string_too_short",
        "list_type",
    }
)
"""Faults for which `_FIXES` knows more than `_WORDS`."""

_WORDS: dict[str, Callable[[dict[str, Any], object], tuple[str, str]]] = {
    "literal_error": _literal,
    "union_tag_invalid": _tag,
    "float_type": _number("a number"),
    "int_type": _number("a whole number"),
    "bool_type": _fixed("is neither true nor false", "give one of them, without quotes"),
    "string_type": _fixed("is not a string", "put it in quotes"),
    "string_unicode": _fixed("is not UTF-8", "write it in UTF-8, and rename what it names"),
    "finite_number": _fixed("is not finite", "give a finite number"),
    "greater_than": _fixed("is not above {gt:g}", "give a number above {gt:g}"),
    "greater_than_equal": _fixed("is below {ge:g}", "give at least {ge:g}"),
    "less_than_equal": _fixed("is above {le:g}", "give at most {le:g}"),
    "string_too_short": _fixed("is empty", "give it, or leave the key out"),
    "string_pattern_mismatch": _fixed("has the wrong format", "give another"),
    "model_type": _fixed("is not a section", "write it as a table of keys"),
    "model_attributes_type": _fixed("is not a section", "write it as a table of keys"),
    "dict_type": _fixed("is not a table", "write it as a table of keys"),
    "list_type": _fixed("is not a list", "put its values in brackets"),
    "too_long": _fixed("has more than {max_length} entries", "send to a topic or a bus, and let others subscribe"),
}
