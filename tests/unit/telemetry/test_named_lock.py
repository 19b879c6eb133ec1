"""A lock that says what its waiters wait for."""

from threading import Condition

from watcher.telemetry.named_lock import NamedLock


def test_it_is_a_lock() -> None:
    lock = NamedLock("table")
    with lock:
        assert not lock.acquire(blocking=False)
        assert not lock.acquire(timeout=0.001)
    assert lock.acquire()
    lock.release()


def test_a_condition_can_use_it() -> None:
    changed = Condition(NamedLock("table"))  # type: ignore[arg-type] # all that it needs of a lock is there
    with changed:
        assert not changed.wait(0.001)
        changed.notify_all()
