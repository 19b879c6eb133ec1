"""Checks a request against AWS's own model of the service, and rejects it in AWS's words.

The model is the one that botocore installs, so a newer botocore brings newer members automatically. botocore's own
ParamValidator is not used: it checks neither pattern nor maximum nor enum, rejects unknown members (the service
ignores them), and has its own wording.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.loaders import Loader

from watcher.simulator import wire

_CLAMPED = frozenset({"AuditImagesLimit"})
"""The model's range is not enforced: "Any integer less than 0 will return 0, above 4 will return 4"."""

_JSON_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "{}_VALUE"),
    ((int, float), "NUMBER_VALUE"),
    (str, "STRING_VALUE"),
)


@cache
def model() -> dict[str, Any]:
    """The Rekognition service model (service-2.json)."""
    loaded: dict[str, Any] = Loader().load_service_model("rekognition", "service-2")
    return loaded


class RequestValidator:
    """Checks requests of the two operations. Immutable, so thread-safe."""

    def __init__(self, error_code: str = wire.VALIDATION) -> None:
        """`error_code` is the code for a member that breaks a constraint."""
        self._error_code = error_code
        self._shapes: dict[str, Any] = model()["shapes"]
        self._inputs = {name: model()["operations"][name]["input"]["shape"] for name in wire.OPERATIONS}

    def check(self, operation: str, members: dict[str, Any]) -> None:
        """Raises ApiError: SerializationException for a wrong type, else the code given for any constraint."""
        violations = list(self._structure(self._inputs[operation], members, ""))
        if not violations:
            return
        errors = "error" if len(violations) == 1 else "errors"
        listed = "; ".join(violations)
        raise wire.ApiError(self._error_code, f"{len(violations)} validation {errors} detected: {listed}")

    def _member(self, name: str, value: Any, path: str) -> Iterator[str]:
        shape = self._shapes[name]
        kind = shape["type"]
        if kind == "structure":
            yield from self._structure(name, _expect(dict, value), path)
        elif kind == "list":
            for number, item in enumerate(_expect(list, value), start=1):
                yield from self._member(shape["member"]["shape"], item, f"{path}.{number}.member")
        elif kind == "string":
            yield from _string(shape, _expect(str, value), path)
        elif kind in {"integer", "long"}:
            yield from _integer(name, shape, value, path)

    def _structure(self, name: str, members: dict[str, Any], path: str) -> Iterator[str]:
        shape = self._shapes[name]
        required = shape.get("required", ())
        for member, target in shape["members"].items():
            value = members.get(member)
            where = f"{path}.{_lower_first(member)}" if path else _lower_first(member)
            if value is not None:
                yield from self._member(target["shape"], value, where)
            elif member in required:
                yield _violation(None, where, "Member must not be null")


def _string(shape: dict[str, Any], value: str, path: str) -> Iterator[str]:
    if "enum" in shape and value not in shape["enum"]:
        yield _violation(value, path, f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]")
    if len(value) > shape.get("max", len(value)):
        yield _violation(value, path, f"Member must have length less than or equal to {shape['max']}")
    if len(value) < shape.get("min", 0):
        yield _violation(value, path, f"Member must have length greater than or equal to {shape['min']}")
    if "pattern" in shape and not _compiled(shape["pattern"]).fullmatch(value):
        yield _violation(value, path, f"Member must satisfy regular expression pattern: {shape['pattern']}")


def _integer(name: str, shape: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _mismatch(value, "an Integer")
    if name in _CLAMPED:
        return
    if value > shape.get("max", value):
        yield _violation(value, path, f"Member must have value less than or equal to {shape['max']}")
    if value < shape.get("min", value):
        yield _violation(value, path, f"Member must have value greater than or equal to {shape['min']}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _violation(value: object, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


def _expect(kind: type, value: Any) -> Any:
    if isinstance(value, kind):
        return value
    if isinstance(value, dict):
        raise wire.ApiError(wire.SERIALIZATION, "Start of structure or map found where not expected.")
    if isinstance(value, list):
        raise wire.ApiError(wire.SERIALIZATION, "Start of list found where not expected")
    if kind is list:
        raise wire.ApiError(wire.SERIALIZATION, "Expected list or null")
    if kind is dict:
        raise wire.ApiError(wire.SERIALIZATION, "Expected null")
    raise _mismatch(value, "a String")


def _mismatch(value: object, wanted: str) -> wire.ApiError:
    found = next((word for kinds, word in _JSON_KINDS if isinstance(value, kinds)), "OBJECT_VALUE")
    found = found.format(str(value).upper())
    return wire.ApiError(wire.SERIALIZATION, f"{found} can not be converted to {wanted}")
