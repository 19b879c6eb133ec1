from watcher.sessions.hint import Hint


def test_each_hint_counts_and_the_latest_time_is_kept() -> None:
    hint = Hint(10.0)
    hint.repeat(12.5)
    hint.repeat(13.0)
    assert (hint.at, hint.used, hint.polls) == (13.0, 3, 0)
