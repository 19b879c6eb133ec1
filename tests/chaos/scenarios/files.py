"""The database's files are deleted or replaced under running watchers."""

from functools import partial

from tests.chaos.backends import Embedded
from tests.chaos.circumstances import Circumstances
from tests.chaos.rig import Rig
from tests.chaos.scenario import Level, Scenario, add

PROMISE = "every watcher stops with a clear error (exit 1); no session has two different events"


def _deleted(suffix: str, given: Circumstances) -> str:
    with Rig(given, ends_after=5.0) as rig:
        running = rig.start_ready(2)
        rig.feed(given.count(40))
        rig.wait_for_deliveries(1)
        assert isinstance(rig.backend, Embedded)
        path = rig.backend.path
        path.with_name(path.name + suffix).unlink()
        for watcher in running:
            watcher.expected_codes = {1}
            watcher.wait_for_end()
            assert path.name in watcher.log_path.read_text()
        if not suffix:
            # Queue and ledger are gone with it. What was delivered must still not be contradicted.
            before = list(rig.history.accepted.values())
            rig.accept(before, is_certain=False)
            rig.history.ledger_gone = set(rig.history.accepted)
        rig.start()
        rig.feed(given.count(5))
        rig.settle()
        return rig.finish()


for _suffix, _name in (("", "main"), ("-wal", "wal"), ("-shm", "shm")):
    add(
        Scenario(
            f"files-{_name}",
            "files",
            f"watcher.db{_suffix} is deleted while two watchers work",
            PROMISE,
            Level.SAMPLE if _suffix == "-wal" else Level.CI,
            partial(_deleted, _suffix),
        )
    )
