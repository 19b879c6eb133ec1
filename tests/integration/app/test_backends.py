"""What is opened for the settings, under which name a call of it is seen, and that nothing stays open."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import ManualClock, decision
from watcher.app.backends import Backends, open_backends
from watcher.config import AwsSettings, Settings, load
from watcher.config.sinks import SINK_MODELS, SinkSettings
from watcher.domain.errors import WatcherError
from watcher.domain.event_result import DELIVERED, EventResult
from watcher.domain.model import DecisionEvent
from watcher.telemetry.health import OUTSIDE_LIMIT, Beat, current, rest_current

AWS = {"aws.endpoint_url": "http://127.0.0.1:9", "aws.sign_request": "false", "aws.region": "eu-west-1"}
SINKS = """[{"type": "file", "path": "out.jsonl"},
    {"type": "webhook", "name": "hook", "url": "https://a.example", "only": ["live"], "fields": "outcome"}]"""


@pytest.fixture(autouse=True)
def _in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings(**overrides: str) -> Settings:
    """`__` stands for a dot."""
    given = {key.replace("__", "."): value for key, value in overrides.items()}
    return load(None, {**AWS, **given}, {}, Path()).settings


def opened(stack: ExitStack, **overrides: str) -> Backends:
    return open_backends(settings(**overrides), ManualClock(), stack)


def open_files(folder: Path) -> set[str]:
    """The names of the files of this folder that this process has open."""
    links = [link.readlink() for link in Path("/dev/fd").iterdir() if link.is_symlink()]
    return {link.name for link in links if link.is_relative_to(folder)}


def test_queue_ledger_and_sinks_are_those_of_the_settings(tmp_path: Path) -> None:
    with ExitStack() as stack:
        backends = opened(stack, queue__url="sqlite:///q.db", ledger__url="sqlite:///l.db", sinks=SINKS)
        assert [sink.name for sink in backends.sinks] == ["file", "hook"]
        backends.sinks[0].emit([decision(1)])
        assert (tmp_path / "out.jsonl").read_text() == f"{decision(1).body}\n"
        backends.queue.send(["s-1"])
        assert backends.queue.depth().visible == 1
        backends.ledger.record([(decision(1), "[]")])
        assert list(backends.ledger.find([decision(1).key])) == [decision(1).key]
        assert backends.source == "/watcher/eu-west-1"
        assert {"q.db", "l.db"} <= open_files(tmp_path)
    assert open_files(tmp_path) == set()


def test_each_sink_gets_what_its_settings_select() -> None:
    with ExitStack() as stack:
        found = opened(stack, sinks=SINKS).selections
    live, other = decision(1, "live"), decision(2, "not_live")
    assert [found["file"].wants(live), found["file"].wants(other)] == [True, True]
    assert [found["hook"].wants(live), found["hook"].wants(other)] == [True, False]
    assert found["file"].shown(live) is live
    assert '"confidence"' not in found["hook"].shown(live).body


@pytest.mark.parametrize(("ledger", "is_kept"), [("", True), ("sqlite:///l.db", True), ("none", False)])
def test_only_a_ledger_that_is_kept_has_a_place_for_what_was_learned_and_for_hints(
    ledger: str, *, is_kept: bool
) -> None:
    with ExitStack() as stack:
        backends = opened(stack, ledger__url=ledger)
        assert (backends.state_store is not None, backends.hint_log is not None) == (is_kept, is_kept)


class Hanging:
    """A sink that is asked long after its call began whether the thread that calls it counts as stuck."""

    max_batch = 1

    def __init__(self, name: str) -> None:
        self.name = name
        self.stuck: list[str] = []
        self.is_closed = False

    def emit(self, _: Sequence[DecisionEvent]) -> Sequence[EventResult]:
        beat = current()
        assert beat is not None
        self.stuck.append(beat.stuck(CLOCK.monotonic() + OUTSIDE_LIMIT + 1.0))
        return [DELIVERED]

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> list[Hanging]:
    """The sinks that are opened instead of those of the settings."""
    made: list[Hanging] = []

    def make(sink: SinkSettings, _: AwsSettings) -> Hanging:
        made.append(Hanging(sink.name))
        return made[-1]

    monkeypatch.setattr("watcher.app.backends.SINKS", dict.fromkeys(SINK_MODELS, make))
    return made


CLOCK = ManualClock()


@pytest.mark.parametrize(
    "given", [{"queue__url": "sqlite:///missing/q.db"}, {"ledger__url": "sqlite:///missing/l.db"}], ids=str
)
def test_what_can_not_be_opened_leaves_nothing_open(
    tmp_path: Path, probes: list[Hanging], given: dict[str, str]
) -> None:
    with pytest.raises(WatcherError, match="missing"), ExitStack() as stack:
        opened(stack, sinks=SINKS, **given)
    assert [sink.is_closed for sink in probes] == [True, True]
    assert open_files(tmp_path) == set()


def test_a_call_that_hangs_is_named_except_where_only_the_reader_or_the_disk_is_slow(probes: list[Hanging]) -> None:
    others = '{"type": "stdout"}, {"type": "sqs", "queue_url": "https://sqs.eu-west-1.example/1/q"}]'
    with ExitStack() as stack:
        found = opened(stack, sinks=f"{SINKS[:-1]}, {others}").sinks
        Beat(CLOCK, "worker").beat()  # of this thread, from now on
        for sink in found:
            sink.emit([decision(1)])
        rest_current()
    assert {sink.name: sink.stuck for sink in probes} == {
        "file": [""],
        "stdout": [""],
        "hook": ["worker: emit of sink hook: no return for 301 s, beyond all time-outs"],
        "sqs": ["worker: emit of sink sqs: no return for 301 s, beyond all time-outs"],
    }
