from watcher.domain.hints import HintSource
from watcher.sessions.hint import Hint


def test_each_hint_counts_and_the_latest_time_is_kept() -> None:
    hint = Hint(10.0, HintSource.S3, polls=4)
    hint.repeat(12.5, HintSource.S3)
    hint.repeat(13.0, HintSource.S3)
    assert (hint.at, hint.used, hint.polls) == (13.0, 3, 4)


def test_a_hint_from_elsewhere_is_believed_as_the_first_was() -> None:
    hint = Hint(10.0, HintSource.MESSAGE, polls=4)
    hint.repeat(12.5, HintSource.S3)
    assert (hint.at, hint.source, hint.used, hint.polls) == (12.5, HintSource.S3, 2, 0)
