import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from watcher.config import json_schema

DOCUMENTED = Path(__file__).parents[3] / "config" / "watcher.toml"


@cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema())


def test_it_is_a_schema_of_draft_2020_12() -> None:
    schema = json_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] == "liveness-watcher settings"


def test_it_describes_every_key_and_refuses_others() -> None:
    schema = json_schema()
    groups: list[dict[str, Any]] = [schema, *schema["$defs"].values()]

    assert all(group["additionalProperties"] is False for group in groups)
    keys = [(name, key) for group in groups[1:] for name, key in group["properties"].items()]
    assert [name for name, key in keys if not key.get("description")] == []


@pytest.mark.parametrize("text", ["", DOCUMENTED.read_text(), '[decision.policies."a.b"]\nthreshold = 90\n'])
def test_it_takes_good_files(text: str) -> None:
    validator().validate(tomllib.loads(text))


@pytest.mark.parametrize("section", ["decision", "decision.policies.payout", 'decision.policies."a.b"'])
@pytest.mark.parametrize(("threshold", "valid"), [("0", True), ("0.01", False), ("1", False), ("1.5", True)])
def test_a_threshold_on_a_scale_of_0_to_1_is_rejected_in_every_policy(
    section: str, threshold: str, *, valid: bool
) -> None:
    assert _is_valid(f"[{section}]\nthreshold = {threshold}") == valid


@pytest.mark.parametrize(
    ("settings", "valid"),
    [
        ('url = "http://backend.internal/"', False),
        ('url = " HTTP://backend.internal/"', False),
        ('url = "http://backend.internal/"\nallow_private = false', False),
        ('url = "http://backend.internal/"\nallow_private = true', True),
        ('url = "https://backend.internal/"', True),
        ('url = "https://backend.internal/http:"', True),
    ],
)
def test_a_webhook_without_tls_needs_allow_private(settings: str, *, valid: bool) -> None:
    assert _is_valid(f'[[sinks]]\ntype = "webhook"\n{settings}') == valid


def _is_valid(text: str) -> bool:
    return bool(validator().is_valid(tomllib.loads(text)))
