"""One file for each rule; its first lines say exactly what the user has to be told."""

import shutil
import tomllib
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from pydantic_core import ErrorDetails

from watcher.config import json_schema, load
from watcher.config.error_messages import describe, unknown, unknown_variable
from watcher.domain.errors import ConfigError

FOLDER = Path(__file__).parents[2] / "data" / "bad_config"
FILES = sorted(FOLDER.glob("*.toml"))
EXPECT = "# expect: "
IN_SCHEMA = {
    "rule_not_finite",
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


@pytest.mark.parametrize(
    ("path", "value", "siblings", "told"),
    [
        (("http", "prot"), 1, [], "unknown setting http.prot (from x): did you mean http.port?"),
        (("aws", "threshold"), 1, [], "unknown setting aws.threshold (from x): did you mean decision.threshold?"),
        (("sinks", 0, "pth"), "a", ["path"], "unknown setting sinks[0].pth (from x): did you mean sinks[0].path?"),
        (("decison",), {}, [], "unknown section [decison] (from x): did you mean [decision]?"),
        (("hunter2",), {}, [], "unknown section [hunter2] (from x): remove it; `watcher config schema` lists all"),
        (
            ("sinks", "0", "path"),
            "a",
            [],
            "unknown setting sinks.0.path (from x): give all sinks at once, as one JSON",
        ),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_one_and_without_its_value(
    path: tuple[str | int, ...], value: object, siblings: list[str], told: str
) -> None:
    assert unknown(path, value, "x", siblings).startswith(told)
    if isinstance(value, str):
        assert "hunter2" not in unknown(path, "hunter2", "x", siblings)


def test_an_unknown_variable_is_told_with_the_nearest_one() -> None:
    assert unknown_variable("WATCHER_HTTP__PROT").endswith("did you mean WATCHER_HTTP__PORT?")
    assert unknown_variable("WATCHER_X").endswith("unset it; settings are WATCHER_SECTION__KEY")


def test_the_bytes_of_a_name_in_another_encoding_are_told(tmp_path: Path) -> None:
    """In Python's text each is a lone surrogate."""
    with pytest.raises(ConfigError) as caught:
        load(None, {"queue.url": "sqlite:///\udce9.db"}, {}, tmp_path)
    line = 'queue.url = "sqlite:///\\udce9.db" is not UTF-8 (from --set): write it in UTF-8, and rename what it names'
    assert caught.value.problems == [line]


def test_a_fault_of_a_new_kind_is_told_in_pydantics_words() -> None:
    details: ErrorDetails = {"type": "odd", "loc": ("log", "level"), "msg": "Input is odd", "input": "loud"}
    line = describe(details, "default")
    assert line == 'log.level = "loud" can\'t be used (Input is odd) (the default): see `watcher config schema`'
