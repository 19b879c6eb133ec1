"""tests/README.md shows every scenario of CI, with the fault and the promise that the suite has."""

from tests.chaos.catalogue import selected
from tests.chaos.scenario import Level
from tests.chaos.table import BEGIN, END, FAILED, README, head, row


def test_the_readme_shows_each_fault_promise_and_measurement() -> None:
    table = README.read_text().partition(BEGIN)[2].partition(END)[0]
    assert table.startswith(head())
    shown = table.removeprefix(head()).splitlines(keepends=True)
    wanted = [row(one, "|").partition("\\|")[0] for one in selected(Level.CI)]
    assert [line for line in shown if not line.startswith(tuple(wanted))] == []
    assert len(shown) == len(wanted)
    assert FAILED not in table


def test_each_level_has_the_scenarios_of_the_one_below() -> None:
    sample, ci, long = (selected(level) for level in Level)
    assert sample
    assert set(sample) < set(ci) < set(long)
