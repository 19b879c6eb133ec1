"""What the doctor says of hints, by the trails of the latest decisions."""

import pytest

from tests.support import decision
from watcher.cli.check.hints import PAGE, hints_among
from watcher.domain.model import LedgerEntry

HINT = '[{"at": 1, "event": "received"}, {"at": 2, "event": "hint", "source": "s3"}, {"at": 3, "event": "poll"}]'
POLLED = '[{"at": 1, "event": "received"}, {"at": 3, "event": "poll", "result": "hint"}]'


@pytest.mark.parametrize(
    ("trails", "what"),
    [
        ([], "no decisions yet"),
        ([HINT], "1 of the last 1 decisions had a hint in time"),
        ([POLLED, HINT, HINT], "2 of the last 3 decisions had a hint in time"),
        ([HINT.replace("}]", '}, {"event": "hint"}]')], "1 of the last 1 decisions had a hint in time"),
        ([POLLED] * 2, f"none of the last 2 decisions had a hint in time; hints save calls and time, see {PAGE}"),
    ],
)
def test_it_says_how_many_had_one_and_never_warns(trails: list[str], what: str) -> None:
    (found,) = hints_among([LedgerEntry(decision(1), 1.0, trail) for trail in trails])
    assert (found.level, found.subject, found.what, found.fix) == ("ok", "hints", what, "")


@pytest.mark.parametrize("trail", ["", "{", "7", "[7, null]", "[" * 100_000, '{"event": "hint"}'], ids=len)
def test_a_trail_that_can_not_be_read_has_no_hint(trail: str) -> None:
    (found,) = hints_among([LedgerEntry(decision(1), 1.0, trail)])
    assert found.what.startswith("none of the last 1 decisions")
