"""Settings and databases on a host that other people share: root uses nobody else's, others are warned."""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.conftest import put_on_queue
from tests.support import ManualClock, decision, environment_of, run_watcher, session_id
from watcher.ledgers.sqlite.ledger import SqliteLedger
from watcher.queues.sqlite.queue import SqliteQueue

MALLORY = 4242

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.mark.parametrize("command", [("run",), ("check", "--offline"), ("config", "show"), ("enqueue", "x")])
def test_root_does_not_use_a_planted_file_of_the_working_directory(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "watcher.toml"
    file.write_text("[decision]\nthreshold = 70\n")
    os.chown(file, MALLORY, MALLORY)
    done = run_watcher(tmp_path, *command)
    assert done.returncode == (1 if command[0] == "check" else 78)
    told = done.stdout + done.stderr
    assert f"{file} is owned by 4242, and root runs this: chown root {file}, or name another file" in told
    assert "Traceback" not in told
    os.chown(file, 0, 0)
    if command[0] == "config":
        assert "threshold = 70.0" in run_watcher(tmp_path, *command).stdout


def as_a_user(cwd: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """The interpreter may lie where no other user may read, so the process only takes itself for a user's."""
    main = "import os, runpy; os.geteuid = lambda: 1000; runpy.run_module('watcher', run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-c", main, *arguments],
        cwd=cwd,
        env=environment_of(**settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_user_is_warned_by_check_of_what_others_can_write(tmp_path: Path) -> None:
    file = tmp_path / "watcher.toml"
    file.write_text("")
    file.chmod(0o666)
    done = as_a_user(tmp_path, "check", "--offline")
    (line,) = [line for line in done.stdout.splitlines() if line.split()[1] == "config"]
    assert line.startswith("warning ")
    assert f"{file} can be written by everybody (mode 0666)" in line


ID = session_id(1)
READERS = [("check", "--offline"), ("decisions",), ("explain", ID), ("dead", "list"), ("enqueue", ID), ("run",)]
READERS += [("wait", ID, "--timeout", "0")]


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder as /tmp, with root's database in it."""
    folder = tmp_path / "shared"
    folder.mkdir()
    with closing(SqliteQueue(folder / "watcher.db", 60, ManualClock())):
        SqliteLedger(folder / "watcher.db", ManualClock()).close()
    folder.chmod(0o1777)
    return folder


def plant_decision(database: Path, suffix: str) -> None:
    """Put a decision of somebody else beside the database, as whoever may write to the folder can."""
    work = database.parent.parent / "work"
    work.mkdir()
    copy = shutil.copy(database, work)
    with closing(SqliteLedger(Path(copy), ManualClock())) as ledger:
        ledger.record([(decision(1), "[]")])
        planted = Path(shutil.copy(work / f"watcher.db{suffix}", database.parent))
    planted.chmod(0o666)
    os.chown(planted, MALLORY, MALLORY)


@pytest.mark.parametrize("command", READERS)
def test_root_believes_no_write_ahead_log_that_somebody_planted(shared: Path, command: tuple[str, ...]) -> None:
    plant_decision(shared / "watcher.db", "-wal")
    done = run_watcher(shared, *command)
    assert done.returncode == 1
    told = done.stdout + done.stderr
    assert "live" not in done.stdout.replace("liveness", "")
    assert f"its folder {shared} can be written by everybody (mode 1777), and root runs this" in told
    assert "use a folder that only its user can write, or name another file" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("command", READERS)
def test_root_uses_no_database_of_somebody_else(tmp_path: Path, command: tuple[str, ...]) -> None:
    put_on_queue(tmp_path, ID)
    os.chown(tmp_path / "watcher.db", MALLORY, MALLORY)
    done = run_watcher(tmp_path, *command)
    assert done.returncode == 1
    told = f"{tmp_path / 'watcher.db'} is owned by 4242, and root runs this: chown root {tmp_path / 'watcher.db'}"
    assert told in done.stdout + done.stderr


def test_check_says_that_run_would_make_no_database_there(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    done = run_watcher(tmp_path, "check", "--offline")
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.split()[1] == "queue"]
    assert line.startswith("failed ")
    assert f"its folder {tmp_path} can be written by everybody (mode 1777)" in line
    assert not (tmp_path / "watcher.db").exists()


def test_a_user_is_warned_of_a_database_that_others_can_change(shared: Path) -> None:
    done = as_a_user(shared, "check", "--offline")
    warned = [line for line in done.stdout.splitlines() if line.startswith("warning") and str(shared) in line]
    assert len(warned) == 1
    assert "can be written by everybody (mode 1777): others can change decisions" in warned[0]
    logged = as_a_user(shared, "run", "--until-empty", WATCHER_HTTP__PORT="0", WATCHER_LOG__FORMAT="json")
    (line,) = [line for line in logged.stderr.splitlines() if "risky_setting" in line and "decisions" in line]
    assert str(shared) in line
    assert logged.returncode == 0


@pytest.mark.parametrize("command", [("check", "--offline"), ("run", "--until-empty")])
def test_an_endpoint_without_tls_of_aws_s_own_file_is_told(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "config").write_text("[default]\nendpoint_url = http://proxy.invalid/x?hunter2\n")
    done = run_watcher(tmp_path, *command, AWS_CONFIG_FILE=str(tmp_path / "config"), WATCHER_HTTP__PORT="0")
    assert done.returncode == 0
    told = done.stdout + done.stderr
    assert "AWS's variables or files name http://proxy.invalid/x?*** for rekognition, sts: anyone" in told
    assert "hunter2" not in told


@pytest.mark.parametrize("command", [("check", "--offline"), ("run", "--until-empty")])
def test_root_writes_no_decisions_where_a_planted_link_leads(tmp_path: Path, command: tuple[str, ...]) -> None:
    planted = tmp_path / "planted"
    planted.symlink_to(tmp_path / "target")
    os.chown(planted, MALLORY, MALLORY, follow_symlinks=False)
    (tmp_path / "watcher.toml").write_text(f'[[sinks]]\ntype = "file"\npath = "{planted}"\n')
    done = run_watcher(tmp_path, *command, WATCHER_HTTP__PORT="0")
    assert done.returncode == (78 if command[0] == "run" else 1)
    told = done.stdout + done.stderr
    assert f"{planted} is owned by 4242, and root runs this: chown -h root {planted}" in told
    assert "Traceback" not in told
    assert not (tmp_path / "target").exists()
