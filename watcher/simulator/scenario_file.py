"""A scenario from a TOML file; config/scenario.example.toml describes every key."""

import math
import tomllib
from pathlib import Path
from typing import Any

from watcher.simulator import wire
from watcher.simulator.distributions import Distribution, Fixed, Lognormal, Triangular, Uniform
from watcher.simulator.faults import KINDS, TAKES_TEXT, Fault
from watcher.simulator.hints import DEFAULT_DELAY, USUAL_HINTS, HintKind, HintSettings
from watcher.simulator.limits import FILE_LIMITS, LIMITS
from watcher.simulator.quota import Quota
from watcher.simulator.results import FEEDBACK_MESSAGES
from watcher.simulator.scenario import DEFAULT_IMAGE_SIZE, LOW_SCORE, Ending, Scenario
from watcher.simulator.sessions import ENDINGS, LIFE_SECONDS, SUCCEEDED, BoundingBox
from watcher.simulator.toml_table import TomlTable

_BOTH = "*"


class ScenarioError(ValueError):
    """An invalid scenario file; `problems` has key, value and fix of each."""

    def __init__(self, problems: list[str]) -> None:
        """At least one problem."""
        super().__init__("\n".join(problems))
        self.problems = problems


def load_scenario(path: str | Path) -> Scenario:
    """The scenario in the file. Raises ScenarioError."""
    try:
        text = _read(Path(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ScenarioError([f"{path}: cannot be read ({reason}); give the name of a TOML file"]) from error
    return parse_scenario(text, str(path))


def _read(path: Path) -> str:
    """The file's text. Raises OSError, or ValueError for a file that is not a scenario."""
    if path.exists() and not path.is_file():
        raise ValueError("it is not a regular file")  # a pipe or a device may never end
    with path.open("rb") as file:
        content = file.read(FILE_LIMITS.size + 1)
    if len(content) > FILE_LIMITS.size:
        raise ValueError(f"it is larger than {FILE_LIMITS.size} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None


def parse_scenario(text: str, name: str = "scenario") -> Scenario:
    """The scenario in TOML text; `name` begins each message. Raises ScenarioError."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([f"{name}: not TOML: {error}; fix it there"]) from error
    problems: list[str] = []
    scenario = _scenario(TomlTable(content, "", problems))
    if problems:
        raise ScenarioError([f"{name}: {problem}" for problem in problems])
    return scenario


def _scenario(table: TomlTable) -> Scenario:
    endings = tuple(_ending(one) for one in table.tables("endings"))
    if endings and not any(ending.weight > 0 for ending in endings):
        table.problems.append("endings: every weight is 0, so none can happen; give one a weight above 0")
    seed = table.take("seed")
    if seed is not None:
        seed = table.number("seed", 0, -math.inf, whole=True)
    scenario = Scenario(
        endings=endings or Scenario.default().endings,
        faults=_faults(table),
        quotas=tuple(_quota(one) for one in table.tables("quotas")),
        expired_for=table.number("expired_for", LIFE_SECONDS),
        image_size=table.number(
            "image_size", DEFAULT_IMAGE_SIZE, LIMITS.smallest_image, LIMITS.largest_image, whole=True
        ),
        seed=seed,
        validation_error=table.text("validation_error", wire.VALIDATION, (wire.VALIDATION, wire.INVALID_PARAMETER)),
        hints=_hints(table.table("hints")),
    )
    table.finish()
    return scenario


def _ending(table: TomlTable) -> Ending:
    usual = Ending("usual")
    feedback = _feedback(table)
    ending = Ending(
        name=table.text("name"),
        weight=table.number("weight", usual.weight, 0, FILE_LIMITS.number),
        status=table.text("status", SUCCEEDED, ENDINGS),
        created_for=_distribution(table, "created_for", usual.created_for),
        in_progress_for=_distribution(table, "in_progress_for", usual.in_progress_for),
        confidence=_distribution(table, "confidence", LOW_SCORE if feedback else Fixed(99.5), most=100.0),
        reference_image=table.flag("reference_image", default=True),
        audit_images=table.number("audit_images", usual.audit_images, 0, LIMITS.audit_images, whole=True),
        bounding_box=_bounding_box(table.table("bounding_box")),
        feedback=feedback,
        sdk_type=_sdk_type(table),
        policy=table.text("policy"),
        faults=_faults(table),
    )
    table.finish()
    return ending


def _bounding_box(table: TomlTable) -> BoundingBox:
    usual = BoundingBox()
    box = BoundingBox(
        width=table.number("width", usual.width, -FILE_LIMITS.box, FILE_LIMITS.box),
        height=table.number("height", usual.height, -FILE_LIMITS.box, FILE_LIMITS.box),
        left=table.number("left", usual.left, -FILE_LIMITS.box, FILE_LIMITS.box),
        top=table.number("top", usual.top, -FILE_LIMITS.box, FILE_LIMITS.box),
    )
    table.finish()
    return box


def _feedback(table: TomlTable) -> tuple[str, ...]:
    codes = table.items("feedback", str, "codes")
    if unknown := [code for code in codes if code not in FEEDBACK_MESSAGES]:
        table.report("feedback", f"{unknown[0]} is not known; use {', '.join(FEEDBACK_MESSAGES)}")
    if len(codes) > LIMITS.feedback:
        table.report("feedback", f"give at most {LIMITS.feedback} codes")
    return tuple(codes)


def _sdk_type(table: TomlTable) -> str:
    found = table.text("sdk_type")
    if len(found) > LIMITS.sdk_type:
        table.report("sdk_type", f"give at most {LIMITS.sdk_type} characters")
    return found


def _distribution(table: TomlTable, key: str, default: Distribution, most: float = math.inf) -> Distribution:
    value = table.take(key)
    if isinstance(value, dict) and set(value) == {"uniform"}:
        if _are_numbers(bounds := value["uniform"], 2, most):
            return Uniform(min(bounds), max(bounds))
    elif isinstance(value, dict) and set(value) == {"triangular"}:
        if _are_numbers(points := value["triangular"], 3, min(most, FILE_LIMITS.median)):
            return Triangular(*sorted(points))
    elif isinstance(value, dict) and set(value) == {"median", "sigma"}:
        if _is_lognormal(value["median"], value["sigma"], most):
            return Lognormal(value["median"], value["sigma"])
    elif value is None or _is_number(value, most):
        return default if value is None else Fixed(value)
    limit = "" if most == math.inf else f", none above {most:g}"
    forms = "{ uniform = [1, 5] }, { triangular = [4, 4, 8] } or { median = 8, sigma = 0.4 }"
    table.report(key, f"give a number, {forms}, none below 0{limit}")
    return default


def _are_numbers(values: Any, count: int, most: float) -> bool:
    return isinstance(values, list) and len(values) == count and all(_is_number(one, most) for one in values)


def _is_lognormal(median: Any, sigma: Any, most: float) -> bool:
    return _is_number(median, min(most, FILE_LIMITS.median)) and median > 0 and _is_number(sigma, FILE_LIMITS.sigma)


def _is_number(value: Any, most: float = math.inf) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _faults(table: TomlTable) -> tuple[Fault, ...]:
    found = [_fault(one) for one in table.tables("faults")]
    return tuple(fault for fault in found if fault is not None)


def _fault(table: TomlTable) -> Fault | None:
    kind = table.text("kind", choices=KINDS)
    if table.content.get("kind") is None:
        table.report("kind", f"is missing; use one of {', '.join(KINDS)}")
    operation = table.text("operation", wire.GET, (*wire.OPERATIONS, _BOTH))
    calls = table.items("calls", int, "two call numbers, [first, last]") or [1]
    if len(calls) > 2 or calls[0] < 1 or calls[-1] < calls[0]:
        table.report("calls", "give [first, last] or [first], counted from 1")
    seconds = table.take("seconds") if "seconds" in table.content else None
    settings: dict[str, Any] = {
        "operation": None if operation == _BOTH else operation,
        "probability": table.number("probability", 1.0, 0.0, 1.0),
        "first_polls": table.number("first_polls", 0, 1, whole=True) or None,
        "from_call": calls[0],
        "to_call": calls[1] if len(calls) == 2 else None,
        "seconds": None if seconds is None else _distribution(table, "seconds", Fixed(0.0)),
        "http": table.number("http", 0, 400, 599, whole=True) or None,
        "part": table.text("part", "body", ("headers", "body")),
        "value": _value(table, kind),
    }
    table.take("seconds")
    table.finish()
    return Fault(kind, **settings) if kind else None


def _value(table: TomlTable, kind: str) -> float | str | None:
    if kind == "confidence_out_of_range":
        found: float | None = table.number("value", 0, -math.inf) if "value" in table.content else None
        return found
    text = table.text("value") or None
    if text and kind and kind not in TAKES_TEXT:
        table.report("value", f"{kind} takes none; leave it out")
    return text


def _quota(table: TomlTable) -> Quota:
    burst = table.number("burst", 0, 1, FILE_LIMITS.number)
    quota = Quota(
        operation=table.text("operation", wire.GET, wire.OPERATIONS),
        rate=table.number("rate", 0.0, 0, FILE_LIMITS.number),
        burst=burst or None,
        after=table.number("after", 0.0),
        error=table.text("error", wire.THROUGHPUT_EXCEEDED, (wire.THROUGHPUT_EXCEEDED, wire.THROTTLING)),
    )
    if "rate" not in table.content:
        table.report("rate", "is missing; give calls a second, 0 for no limit")
    table.finish()
    return quota


def _hints(table: TomlTable) -> HintSettings:
    usual = USUAL_HINTS
    hints = HintSettings(
        kind=HintKind(table.text("kind", usual.kind, [kind.value for kind in HintKind])),
        share=table.number("share", usual.share, 0.0, 1.0),
        delay=_distribution(table, "delay", DEFAULT_DELAY),
        early=table.number("early", usual.early, 0.0, 1.0),
        unknown=table.number("unknown", usual.unknown, 0.0, 1.0),
    )
    table.finish()
    return hints
