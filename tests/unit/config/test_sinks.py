"""The models of the sinks, and the names of those that have none."""

from typing import get_args

import pytest
from pydantic import ValidationError

from watcher.config import FileSinkSettings, Settings, StdoutSinkSettings, WebhookSinkSettings
from watcher.config.sinks import SINK_MODELS, SinkSettings, with_names
from watcher.sinks import SINKS


def test_sinks_without_a_name_get_one_that_is_free() -> None:
    sinks = Settings(
        sinks=[
            FileSinkSettings(path="a"),
            FileSinkSettings(path="b", name="file-2"),
            FileSinkSettings(path="c"),
            StdoutSinkSettings(),
        ]
    ).sinks

    assert [sink.name for sink in sinks] == ["file", "file-2", "file-3", "stdout"]


def test_a_name_that_is_given_is_left_to_its_sink() -> None:
    sinks = Settings(sinks=[FileSinkSettings(path="a"), FileSinkSettings(path="b", name="file")]).sinks

    assert [sink.name for sink in sinks] == ["file-2", "file"]


def test_an_empty_list_of_sinks_is_standard_output() -> None:
    assert [sink.type for sink in Settings(sinks=[]).sinks] == ["stdout"]


def test_every_type_of_sink_has_a_model_and_a_backend() -> None:
    union, _ = get_args(SinkSettings)
    assert set(get_args(union)) == set(SINK_MODELS.values())
    assert set(SINK_MODELS) == set(SINKS)
    for kind, model in SINK_MODELS.items():
        assert model.model_fields["type"].default == kind


def test_the_type_decides_which_keys_there_are() -> None:
    (sink,) = Settings.model_validate({"sinks": [{"type": "webhook", "url": "https://a"}]}).sinks
    assert isinstance(sink, WebhookSinkSettings)
    for wrong in (
        {"type": "stdout", "url": "https://a"},
        {"type": "webhook"},
        {"url": "https://a"},
        {"type": "kafka"},
    ):
        with pytest.raises(ValidationError):
            Settings.model_validate({"sinks": [wrong]})


@pytest.mark.parametrize("name", ["a b", "a/b", "ü", "x" * 65, "a\n"])
def test_a_name_is_one_that_metrics_and_the_ledger_can_have(name: str) -> None:
    with pytest.raises(ValidationError):
        StdoutSinkSettings(name=name)
    assert StdoutSinkSettings(name="A-z.0_9").name == "A-z.0_9"


def test_names_are_given_in_the_order_of_the_sinks_and_no_sink_is_changed_otherwise() -> None:
    given: list[SinkSettings] = [FileSinkSettings(path=path) for path in "abc"]
    named = with_names(given)
    assert [(sink.name, sink.model_dump()["path"]) for sink in named] == [
        ("file", "a"),
        ("file-2", "b"),
        ("file-3", "c"),
    ]
    assert [sink.name for sink in given] == [""] * 3
    assert with_names(named) == named
