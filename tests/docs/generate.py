#!/usr/bin/env python3
"""Write what the pages take from the code: tables, the event, pictures; and the manual and the completions.

Run `python -m tests.docs.generate` after a change of a setting, a command, a metric, the event or the demo; a test
fails before.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

from tests.docs.completion import completions
from tests.docs.manual import manual_pages
from tests.docs.pictures import demo_picture, path_picture
from watcher.config import Settings
from watcher.config.sinks import SINK_MODELS
from watcher.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[2]
EVENT = ROOT / "deploy" / "integrate" / "event.example.json"


def settings_table() -> str:
    """Every setting with its variable, default and meaning."""
    rows = [
        (f"`{section}.{name}`", f"`WATCHER_{section.upper()}__{name.upper()}`", default(field), field.description)
        for section, group in Settings.model_fields.items()
        if section != "sinks" and group.annotation is not None
        for name, field in group.annotation.model_fields.items()
        if name != "policies"
    ]
    return table(("setting", "variable", "default", "meaning"), rows)


def sinks_table() -> str:
    """Every key of each kind of sink; those that all have come first."""
    stdout = SINK_MODELS["stdout"].model_fields
    shared = [("all", "`name`", default(stdout["name"]), stdout["name"].description)]
    rows = [
        (f"`{kind}`", f"`{name}`", default(field), field.description)
        for kind, model in SINK_MODELS.items()
        for name, field in model.model_fields.items()
        if name not in ("name", "type")
    ]
    return table(("sink", "key", "default", "meaning"), [*shared, *rows])


def metrics_table() -> str:
    """Every metric of a watcher with one sink, without those of the process."""
    metrics = Metrics([], ["stdout"])
    metrics.show(rate=lambda: 0.0, in_flight=lambda: 0.0, progress=lambda: {"consumer": 1.0}, dropped_lines=lambda: 0)
    rows = []
    for family in metrics.registry.collect():
        if family.name.startswith("watcher_"):
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            name = family.name + ("_total" if family.type == "counter" else "")
            rows.append(
                (f"`{name}`", family.type, ", ".join(f"`{label}`" for label in sorted(labels)), family.documentation)
            )
    return table(("metric", "type", "labels", "meaning"), rows)


def event() -> str:
    """The event in full."""
    return f"```json\n{EVENT.read_text()}```"


def default(field: FieldInfo) -> str:
    """A default as TOML and JSON write it; nothing for what has to be given."""
    return "required" if field.is_required() else f"`{json.dumps(field.get_default(call_default_factory=True))}`"


def table(head: tuple[str, ...], rows: Iterable[Iterable[str | None]]) -> str:
    """A table in Markdown."""
    cells: list[Iterable[str | None]] = [head, *rows]
    lines = [f"| {' | '.join(cell or '' for cell in line)} |".replace("|  |", "| |") for line in cells]
    return "\n".join([lines[0], "|" + "---|" * (lines[0].count("|") - 1), *lines[1:]])


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"event": event},
    "config/README.md": {"settings": settings_table, "sinks": sinks_table},
    "deploy/README.md": {"metrics": metrics_table},
}
"""What is generated, by page and by the name that stands in its comments."""

PICTURES: dict[str, Callable[[], str]] = {".github/path.svg": path_picture, ".github/demo.svg": demo_picture}


def generated() -> Iterator[tuple[str, str]]:
    """Each file with the text that it should have."""
    for name, parts in PARTS.items():
        text = (ROOT / name).read_text()
        for part, make in parts.items():
            text = with_part(text, part, make())
        yield name, text
    for name, make in PICTURES.items():
        yield name, make()
    yield from manual_pages()
    yield from completions()


def with_part(text: str, name: str, part: str) -> str:
    """The page with the part between its two comments."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    head, found, rest = text.partition(begin)
    if not found or end not in rest:
        raise ValueError(f"the page lacks the comments {begin.strip()} and {end}")
    return f"{head}{begin}\n{part}\n\n{end}{rest.partition(end)[2]}"


if __name__ == "__main__":
    for file, content in generated():
        (ROOT / file).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / file).write_text(content)
