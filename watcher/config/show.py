"""The effective settings as text: TOML that loads back, or JSON; with origins, without secrets."""

import json
from collections.abc import Iterator
from typing import Any

from watcher.config.loading import Loaded, flatten
from watcher.config.redaction import redacted_value, toml, toml_key


def as_toml(loaded: Loaded) -> str:
    """The settings as a TOML file, each with a comment that says where it came from."""
    lines = [f"# file: {toml(str(loaded.file))}" if loaded.file else "# file: none"]
    section: tuple[str, ...] = ()
    for key, path, value in flatten(loaded.settings):
        origin = loaded.origins[key]
        if key == "sinks":
            lines += _sinks(redacted_value(key, value), origin)
            continue
        if value == {}:
            lines += _header(path, origin)
            section = path
            continue
        if path[:-1] != section:
            section = path[:-1]
            lines += _header(section)
        lines.append(f"{path[-1]} = {toml(redacted_value(key, value))}  # {_comment(origin)}")
    return "\n".join(lines)


def as_json(loaded: Loaded) -> str:
    """The settings, their origins and the file as one JSON object, on one line."""
    return json.dumps(as_document(loaded))


def as_document(loaded: Loaded) -> dict[str, Any]:
    """The same, as a dictionary."""
    settings = redacted_value("", loaded.settings.model_dump(mode="json", exclude_none=True))
    file = str(loaded.file) if loaded.file else None
    return {"file": file, "settings": settings, "origins": dict(loaded.origins)}


def _header(section: tuple[str, ...], origin: str = "") -> list[str]:
    header = f"[{'.'.join(toml_key(part) for part in section)}]"
    return ["", f"{header}  # {_comment(origin)}" if origin else header]


def _sinks(sinks: list[dict[str, Any]], origin: str) -> Iterator[str]:
    for sink in sinks:
        yield from ("", f"[[sinks]]  # {_comment(origin)}")
        yield from (f"{name} = {toml(value)}" for name, value in sink.items())


def _comment(origin: str) -> str:
    """A comment must stay on its line, whatever the file's name."""
    return "".join(letter if letter.isprintable() else "?" for letter in origin)
