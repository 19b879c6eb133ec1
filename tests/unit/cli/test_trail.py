import pytest

from tests.support import decision
from watcher.cli.trail import trail_of
from watcher.domain.model import LedgerEntry


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ('[{"event": "poll"}, {"event": "decided"}]', [{"event": "poll"}, {"event": "decided"}]),
        ('[{"event": "poll"}, 5, "x", null]', [{"event": "poll"}]),
        ("[]", []),
        ("", []),
        ("{}", []),
        ("[" * 100_000, []),
    ],
)
def test_the_steps_that_can_be_read_are_shown(text: str, steps: list[dict[str, str]]) -> None:
    assert trail_of(LedgerEntry(decision(1), 1.0, text)) == steps
