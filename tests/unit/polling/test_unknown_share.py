from watcher.polling.unknown_share import UnknownShare


def test_a_few_ids_that_aws_does_not_know_for_a_moment_are_no_crowd() -> None:
    share = UnknownShare()
    for is_unknown in [True] * 4 + [False] * 10 + [True] * 2:
        share.add(is_unknown=is_unknown)
        assert not share.is_crowd
    for _ in range(5):
        share.add(is_unknown=True)
    assert share.is_crowd
    for _ in range(32):
        share.add(is_unknown=False)
    assert not share.is_crowd
