from watcher.polling.recent import Recent


def test_the_latest_are_known() -> None:
    recent: Recent[int] = Recent(2)
    for number, session_id in enumerate("abca"):
        recent.put(session_id, number)
    assert len(recent) == 2
    assert ("a" in recent, "b" in recent, "c" in recent) == (True, False, True)


def test_a_value_is_replaced_once() -> None:
    recent: Recent[int | None] = Recent(2)
    recent.put("a", 7)
    assert (recent.swap("a", None), recent.swap("a", None), recent.swap("b", 1)) == (7, None, None)
    assert "b" not in recent
