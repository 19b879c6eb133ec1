"""Standard output that can't be written is told in a line."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["config", "show"], ["config", "schema"]], ids=" ".join
)
def test_a_full_disk_behind_standard_output_is_no_traceback(arguments: list[str], tmp_path: Path) -> None:
    with FULL.open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "watcher", *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (
        1,
        "Error: standard output can't be written: No space left on device\n",
    )
