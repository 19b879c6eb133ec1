import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from watcher.config import json_schema

DOCUMENTED = Path(__file__).parents[3] / "config" / "watcher.toml"


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
    jsonschema.validate(tomllib.loads(text), json_schema(), jsonschema.Draft202012Validator)
