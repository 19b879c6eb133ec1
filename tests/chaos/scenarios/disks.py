"""Disks that are full, can't be written to, or fail."""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.circumstances import Circumstances
from tests.chaos.rig import Rig
from tests.chaos.scenario import Level, scenario
from tests.chaos.waiting import wait_until

STORES = ("queue", "ledger", "leases", "dead", "consumer")
FULL_PROMISE = "sessions wait; /readyz names it; no restart needed once there is room"


def _needs_root() -> str:
    return "" if os.geteuid() == 0 else "needs root, to mount a small file system"


@contextmanager
def _small_disk(folder: Path, size: str) -> Iterator[None]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def _fill(path: Path) -> None:
    with path.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return


@scenario("disks", "full", "the database's disk is full", FULL_PROMISE, needs=_needs_root)
def _full(given: Circumstances) -> str:
    with _small_disk(given.folder / "data", "4m"), Rig(given) as rig:
        (watcher,) = rig.start_ready()
        rig.feed(given.count(30))
        rig.wait_for_deliveries(1)
        filler = given.folder / "data" / "filler"
        _fill(filler)
        noticed, _ = watcher.wait_for_problem(*STORES)
        time.sleep(3 * rig.chance.random())
        filler.unlink()
        rig.feed(given.count(10))
        settled = rig.settle()
        watcher.wait_until_ready()
        return f"named after {noticed:.0f} s, all done {settled:.0f} s after there was room; {rig.finish()}"


@scenario("disks", "file-limit", "the database may not grow (EFBIG, as with a quota)", FULL_PROMISE, Level.SAMPLE)
def _file_limit(given: Circumstances) -> str:
    with Rig(given) as rig:
        (watcher,) = rig.start_ready()
        rig.feed(given.count(20))
        rig.wait_for_deliveries(1)
        no_limit = resource.prlimit(watcher.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(watcher.process.pid, resource.RLIMIT_FSIZE, (4096, no_limit[1]))
        rig.feed(given.count(20))
        noticed, _ = watcher.wait_for_problem(*STORES, "sink")
        time.sleep(3 * rig.chance.random())
        resource.prlimit(watcher.process.pid, resource.RLIMIT_FSIZE, no_limit)
        settled = rig.settle()
        watcher.wait_until_ready()
        return f"named after {noticed:.0f} s, all done {settled:.0f} s after it could; {rig.finish()}"


@scenario(
    "disks",
    "output-full",
    "stdout is a file on a full disk",
    "others go on; what it lacks comes when there is room",
    needs=_needs_root,
)
def _output_full(given: Circumstances) -> str:
    with _small_disk(given.folder / "out", "64k"), Rig(given) as rig:
        printed = given.folder / "out" / "events"
        with printed.open("ab") as out:
            watcher = rig.start(stdout=out.fileno())
        watcher.out_path = printed
        watcher.wait_for_event("started")
        filler = given.folder / "out" / "filler"
        _fill(filler)
        rig.feed(given.count(20))
        rig.wait_for_deliveries(given.count(20))
        noticed, _ = watcher.wait_for_problem("sink stdout")
        filler.unlink()
        rig.settle()
        return f"named after {noticed:.0f} s; {rig.finish()}"


@scenario(
    "disks",
    "output-fails",
    "stdout fails (EIO: its terminal is gone)",
    "others go on; it is delivered after a restart",
)
def _output_fails(given: Circumstances) -> str:
    with Rig(given) as rig:
        ours, theirs = os.openpty()
        watcher = rig.start(stdout=theirs)
        watcher.wait_for_event("started")
        os.close(ours)
        os.close(theirs)
        rig.feed(given.count(20))
        rig.wait_for_deliveries(given.count(20))
        noticed, _ = watcher.wait_for_problem("sink stdout")
        watcher.send(signal.SIGTERM)
        watcher.wait_for_end()
        rig.start()
        rig.settle()
        return f"named after {noticed:.0f} s; {rig.finish()}"


@scenario(
    "disks",
    "read-only",
    "the database's file system is mounted read-only at a restart",
    "it ends with an error that names the file, or waits unready; nothing is lost",
    needs=_needs_root,
)
def _read_only(given: Circumstances) -> str:
    data = given.folder / "data"
    with _small_disk(data, "8m"), Rig(given) as rig:
        (watcher,) = rig.start_ready()
        rig.feed(given.count(20))
        rig.wait_for_deliveries(1)
        watcher.send(signal.SIGTERM)
        watcher.wait_for_end()
        subprocess.run(["mount", "-o", "remount,ro", data], check=True)
        refused = rig.start()
        refused.expected_codes = {1, 78}
        wait_until(lambda: not refused.is_running or bool(refused.has_logged("started")), "an answer")
        said = "ended" if not refused.is_running else "unready"
        assert "watcher.db" in refused.log_path.read_text()
        if refused.is_running:
            refused.wait_for_problem(*STORES)
            refused.kill()
        subprocess.run(["mount", "-o", "remount,rw", data], check=True)
        rig.start()
        rig.settle()
        return f"{said}; {rig.finish()}"
