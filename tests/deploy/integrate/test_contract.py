"""The page, the schemas and the AsyncAPI document say what the watcher does."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from tests.deploy.integrate.conftest import INTEGRATE
from tests.support import ROOT
from watcher.consumer.message import parse_message
from watcher.domain.decision_table import DECISIONS

PAGE = (INTEGRATE / "README.md").read_text()
DOCUMENT: dict[str, Any] = yaml.safe_load((INTEGRATE / "asyncapi.yaml").read_text())
SPECIFICATION = Path("node_modules", "@asyncapi", "specs", "schemas", "3.0.0.json")


def schema(name: str) -> Draft202012Validator:
    text = (INTEGRATE / f"{name}.schema.json").read_text()
    return Draft202012Validator(json.loads(text), format_checker=Draft202012Validator.FORMAT_CHECKER)


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_contract", INTEGRATE / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_generated_is_up_to_date(generator: ModuleType) -> None:
    stale = [str(path.relative_to(ROOT)) for path, text in generator.generated().items() if path.read_text() != text]
    assert not stale, f"run deploy/integrate/generate.py: it changes {stale}"


def test_each_outcome_and_reason_has_a_next_step_and_no_other() -> None:
    rows = re.findall(r"^\| `(live|not_live|inconclusive)` \| `([a-z_]+)` \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert rows == [(outcome.value, reason.value) for outcome, reason in DECISIONS]


def test_the_event_in_full_is_one() -> None:
    event = json.loads((INTEGRATE / "event.example.json").read_text())
    schema("event").validate(event)
    described = json.loads((INTEGRATE / "event.schema.json").read_text())["properties"]
    assert set(event) == set(described)
    assert set(described["data"]["properties"]) - set(event["data"]) == {"lastError"}


def test_the_messages_of_the_page_are_for_one_decision() -> None:
    request, completion = re.findall(r'^{"sessionId".*}$', PAGE, re.MULTILINE)
    for message in (request, completion):
        schema("message").validate(json.loads(message))
    asked, completed = (parse_message(message, 1.8e9, {"payout"}) for message in (request, completion))
    assert asked.key == completed.key
    assert (asked.is_complete, completed.is_complete) == (False, True)


def test_each_link_of_the_page_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", PAGE) if "://" not in link]
    headings = {re.sub(r"[^a-z -]", "", line.lower()).strip().replace(" ", "-") for line in PAGE.splitlines()}
    assert links
    gone = [link for link in links if not (link[1:] in headings or (INTEGRATE / link.partition("#")[0]).exists())]
    assert gone == []


def references(part: object) -> list[str]:
    if isinstance(part, list):
        return [found for each in part for found in references(each)]
    if isinstance(part, dict):
        return [part["$ref"]] if "$ref" in part else references(list(part.values()))
    return []


def resolved(reference: str) -> object:
    part: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        part = part[step]
    return part


def test_each_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    found = references(DOCUMENT)
    files = {name for name in found if not name.startswith("#/")}
    assert files == {"event.schema.json", "message.schema.json"}
    assert all((INTEGRATE / name).exists() for name in files)
    assert all(resolved(name) for name in found if name not in files)


def test_each_channel_has_an_operation_with_its_messages() -> None:
    channels = {operation["channel"]["$ref"].rpartition("/")[2] for operation in DOCUMENT["operations"].values()}
    assert channels == set(DOCUMENT["channels"])
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in ("send", "receive")
        channel = operation["channel"]["$ref"]
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"])


def test_the_examples_of_the_asyncapi_document_fit() -> None:
    for example in DOCUMENT["components"]["messages"]["session"]["examples"]:
        schema("message").validate(example["payload"])


def test_the_document_is_asyncapi(node_folder: Path) -> None:
    """By the specification's own schema, from the package that its makers publish."""
    specification = json.loads((node_folder / SPECIFICATION).read_text())
    check = Draft7Validator(specification)
    check.validate(DOCUMENT)
    assert not check.is_valid({**DOCUMENT, "operations": {"x": {"action": "publish"}}})
    assert not check.is_valid({name: value for name, value in DOCUMENT.items() if name != "info"})
