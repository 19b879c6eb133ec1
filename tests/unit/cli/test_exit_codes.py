from itertools import product

from watcher.cli.exit_codes import ExitCode, WaitExit

BEST_FIRST = [WaitExit.LIVE, WaitExit.NOT_LIVE, WaitExit.INCONCLUSIVE, WaitExit.UNDECIDED, WaitExit.FAILED]


def test_of_several_sessions_the_worst_counts() -> None:
    for (place, one), (other_place, other) in product(enumerate(BEST_FIRST), repeat=2):
        assert one.or_worse(other) is BEST_FIRST[max(place, other_place)]


def test_the_codes_are_those_that_scripts_know() -> None:
    assert {code.name: code.value for code in WaitExit} == {
        "LIVE": 0,
        "NOT_LIVE": 3,
        "INCONCLUSIVE": 4,
        "UNDECIDED": 5,
        "FAILED": 1,
    }
    assert (ExitCode.CONFIG, ExitCode.USAGE, ExitCode.FAILURE, ExitCode.INTERRUPTED) == (78, 2, 255, 130)
