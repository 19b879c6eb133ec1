"""Files of settings on a host that other people share: root reads nobody else's, others are warned."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import environment_of, run_watcher

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


def test_a_user_is_warned_by_check_of_what_others_can_write(tmp_path: Path) -> None:
    """The interpreter may lie where no other user may read, so the process only takes itself for a user's."""
    file = tmp_path / "watcher.toml"
    file.write_text("")
    file.chmod(0o666)
    main = "import os, runpy; os.geteuid = lambda: 1000; runpy.run_module('watcher', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", main, "check", "--offline"],
        cwd=tmp_path,
        env=environment_of(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    (line,) = [line for line in done.stdout.splitlines() if line.split()[1] == "config"]
    assert line.startswith("warning ")
    assert f"{file} can be written by everybody (mode 0666)" in line
