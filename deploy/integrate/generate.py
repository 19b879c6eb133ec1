#!/usr/bin/env python3
"""Write what is made from the watcher's schemas: the schema files, and the tables of README.md.

`python deploy/integrate/generate.py`, after a change of an event or a message; a test fails until then.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from watcher.consumer.message_schema import message_schema
from watcher.decisions.event_schema import event_schema

FOLDER = Path(__file__).parent
PAGE = FOLDER / "README.md"


def generated() -> dict[Path, str]:
    """The text of each file."""
    schemas = {"event": event_schema(), "message": message_schema()}
    parts = {f"{name} members": table(schema) for name, schema in schemas.items()}
    parts["event example"] = f"```json\n{(FOLDER / 'event.example.json').read_text()}```"
    page = PAGE.read_text()
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        head, _, rest = page.partition(begin)
        page = f"{head}{begin}\n{part}\n\n{end}{rest.partition(end)[2]}"
    files = {FOLDER / f"{name}.schema.json": json.dumps(schema, indent=2) + "\n" for name, schema in schemas.items()}
    return {PAGE: page, **files}


def table(schema: Mapping[str, Any]) -> str:
    """All members, those within others too."""
    return "\n".join(("| member | type | meaning |", "|---|---|---|", *rows(schema)))


def rows(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """A row for each member, and those of the members within it."""
    for name, member in schema.get("properties", {}).items():
        optional = "" if name in schema.get("required", ()) else ", optional"
        yield f"| `{path}{name}` | {kind(member)}{optional} | {member['description']} |"
        yield from rows(inner(member), f"{path}{name}.")


def inner(member: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of the object that a member may be."""
    objects: Mapping[str, Any] = next(iter(member.get("anyOf", ())), member)
    return objects


def kind(member: Mapping[str, Any]) -> str:
    """The type of a member in words."""
    if "const" in member:
        return f"`{json.dumps(member['const'])}`"
    if "enum" in member and len(member["enum"]) < 5:
        return ", ".join(f"`{value}`" for value in member["enum"])
    types = member.get("type") or [each["type"] for each in member["anyOf"]]
    return " or ".join([types] if isinstance(types, str) else types)


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text)
