"""The models of the sinks, and the names of those that have none."""

from watcher.config import FileSinkSettings, Settings, StdoutSinkSettings


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
