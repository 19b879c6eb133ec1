"""`--output text`: one line of tab-separated scalars for each dictionary, its name in front, keys in order.

Members with lists or dictionaries follow on separate lines, with their name in capitals.
"""

from collections.abc import Iterator, Mapping
from typing import Any


def text_lines(answer: Any) -> Iterator[str]:
    """The lines, newline included, that AWS CLI v1 prints for an answer or a query's result."""
    yield from _lines(answer, name=None, columns=None)


def _lines(value: Any, name: str | None, columns: list[str] | None) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _dictionary(value, name, columns)
    elif isinstance(value, list):
        yield from _list(value, name)
    else:
        yield f"{value}\n"


def _dictionary(value: Mapping[str, Any], name: str | None, columns: list[str] | None) -> Iterator[str]:
    """`columns` are the scalar members of a whole list of dictionaries, so that its lines align."""
    if columns is None:
        cells = [str(value[key]) for key in sorted(value) if _is_scalar(value[key])]
        rest = [key for key in sorted(value) if not _is_scalar(value[key])]
    else:
        cells = [str(value.get(key, "")) for key in columns]
        rest = sorted(set(value) - set(columns))
    if cells:
        yield "\t".join(([] if name is None else [name.upper()]) + cells) + "\n"
    for key in rest:
        yield from _lines(value[key], name=key, columns=None)


def _list(value: list[Any], name: str | None) -> Iterator[str]:
    if any(isinstance(element, dict) for element in value):
        columns = sorted({key for element in value for key, member in element.items() if _is_scalar(member)})
        for element in value:
            yield from _lines(element, name, columns)
        return
    scalars = [element for element in value if _is_scalar(element)]
    if scalars:
        yield from _scalars(scalars, name)
    for element in value:
        if not _is_scalar(element):
            yield from _lines(element, name, columns=None)


def _scalars(values: list[Any], name: str | None) -> Iterator[str]:
    """A named list has one line per value; an unnamed one is a single line."""
    if name is None:
        yield "\t".join(str(value) for value in values) + "\n"
    else:
        for value in values:
            yield f"{name.upper()}\t{value}\n"


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, dict | list)
