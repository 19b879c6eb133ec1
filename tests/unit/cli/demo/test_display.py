import io
from collections import Counter

import pytest

from watcher.cli.demo.display import LiveLines, PlainLines, open_display
from watcher.cli.demo.snapshot import Scrape, Snapshot

SCRAPE = Scrape(
    outcomes=Counter(live=5, not_live=0, inconclusive=1), polls=Counter(created=40, throttled=2), in_flight=4, dead=1
)
ENDPOINT, METRICS = "http://127.0.0.1:1000", "http://127.0.0.1:2000/metrics"
LINE = (
    "demo: 1.0 s: started 10/12, decided 6/12 (live 5, not_live 0, inconclusive 1), in flight 4, polls 42, "
    "throttled 2, dead letters 1"
)


def snapshot(elapsed: float, *, is_last: bool = False) -> Snapshot:
    return Snapshot(elapsed, planned=12, begun=10, scrape=SCRAPE, is_last=is_last)


def test_plain_lines_stand_for_themselves() -> None:
    stream = io.StringIO()
    PlainLines(stream, ENDPOINT, METRICS).show(snapshot(1.04))
    assert stream.getvalue().splitlines() == [
        f"demo: local Rekognition endpoint: {ENDPOINT}",
        f"demo: metrics of the daemon: {METRICS}",
        LINE,
    ]


def test_plain_lines_come_every_two_seconds_and_at_the_end() -> None:
    stream = io.StringIO()
    lines = PlainLines(stream, ENDPOINT, METRICS)
    for elapsed in (0.0, 0.5, 1.0, 1.5, 2.0, 2.5):
        lines.show(snapshot(elapsed))
    lines.show(snapshot(2.7, is_last=True))
    shown = [line.split()[1] for line in stream.getvalue().splitlines()[2:]]
    assert shown == ["0.0", "2.0", "2.7"]


LINES_OF_A_SNAPSHOT = 7


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [100, 60, 30])
def test_the_live_lines_show_all_of_it_and_fit(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    LiveLines(stream, ENDPOINT, METRICS).show(snapshot(7.0))
    text = stream.getvalue().removeprefix("\r\x1b[J")
    assert max(map(len, text.splitlines())) < width
    if width >= 60:
        for part in (ENDPOINT, METRICS, "10/12", "6/12", "live 5", "in flight 4", "throttled 2", "7 s"):
            assert part in text


def test_the_live_lines_are_redrawn_in_place_and_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)

    def interrupted() -> None:
        with open_display(ENDPOINT, METRICS) as display:
            display.show(snapshot(1.0))
            display.show(snapshot(2.0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    drawn = stream.getvalue().split(f"\x1b[{LINES_OF_A_SNAPSHOT}A\r\x1b[J")
    assert [frame.count("\n") for frame in drawn] == [LINES_OF_A_SNAPSHOT, LINES_OF_A_SNAPSHOT, 0]


@pytest.mark.parametrize(("settings", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_the_live_lines_have_colours_where_all_commands_have_them(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], *, is_coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"TERM": "xterm", **settings}.items():
        monkeypatch.setenv(name, value)
    stream = Terminal()
    LiveLines(stream, ENDPOINT, METRICS).show(snapshot(1.0))
    assert ("\x1b[32mlive \x1b[0m" in stream.getvalue()) == is_coloured
