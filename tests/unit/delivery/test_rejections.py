from tests.support import ManualClock, session_id
from watcher.delivery.rejections import LASTING, MOST, Refusals
from watcher.model import SessionKey

KEY = SessionKey(session_id(1), "default")


def test_a_refusal_is_told_once_with_all_sinks() -> None:
    refusals = Refusals(ManualClock())
    refusals.note(KEY, {"b": "422", "a": "too large"})
    assert refusals.take(KEY._replace(policy="payout")) == ""
    assert refusals.take(KEY) == "sink a: too large; sink b: 422"
    assert refusals.take(KEY) == ""


def test_an_old_one_is_none_any_more_for_the_message_may_be_a_replay() -> None:
    clock = ManualClock()
    refusals = Refusals(clock)
    for seconds, expected in ((LASTING, "sink a: 422"), (LASTING + 0.1, "")):
        refusals.note(KEY, {"a": "422"})
        clock.advance(seconds)
        assert refusals.take(KEY) == expected


def test_the_oldest_are_forgotten_and_one_noted_anew_is_the_youngest() -> None:
    refusals = Refusals(ManualClock())
    keys = [SessionKey(session_id(number), "default") for number in range(MOST + 1)]
    for key in [*keys[:-1], keys[0], keys[-1]]:
        refusals.note(key, {"a": "422"})
    assert [bool(refusals.take(key)) for key in (keys[0], keys[1], keys[-1])] == [True, False, True]
