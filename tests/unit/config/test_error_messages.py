"""One file for each rule; its first lines say exactly what the user has to be told."""

import shutil
import tomllib
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from watcher.config import json_schema, load
from watcher.domain.errors import ConfigError

FOLDER = Path(__file__).parents[2] / "data" / "bad_config"
FILES = sorted(FOLDER.glob("*.toml"))
EXPECT = "# expect: "
IN_SCHEMA = {
    "rule_policy_threshold_as_share",
    "rule_threshold_as_share",
    "rule_threshold_one",
    "rule_webhook_without_tls",
}
"""Rules that editors and Helm know as well."""


@cache
def validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_bad_file_is_told_in_exact_words(file: Path, tmp_path: Path) -> None:
    """As a copy: root refuses the file itself where the checkout is somebody else's."""
    expected = [line.removeprefix(EXPECT) for line in file.read_text().splitlines() if line.startswith(EXPECT)]

    with pytest.raises(ConfigError) as caught:
        load(Path(shutil.copyfile(file, tmp_path / file.name).name), {}, {}, tmp_path)

    assert expected
    assert caught.value.problems == expected


@pytest.mark.parametrize(
    "file", [file for file in FILES if not file.stem.startswith("toml_")], ids=lambda file: file.stem
)
def test_the_schema_rejects_wrong_types_bounds_and_names_and_a_few_rules(file: Path) -> None:
    valid = validator().is_valid(tomllib.loads(file.read_text()))

    assert valid == (file.stem.startswith("rule_") and file.stem not in IN_SCHEMA)
