"""What the benchmarks learn of a process from its first line."""

import sys

import pytest

from tests.benchmarks.processes import first_line, spawn
from tests.benchmarks.service import end


def test_the_first_line_is_the_process_s_url() -> None:
    process = spawn([sys.executable, "-c", "print('http://127.0.0.1:1', flush=True)"])
    assert first_line(process) == "http://127.0.0.1:1"
    end(process)


@pytest.mark.parametrize(("code", "seconds"), [("", 60.0), ("print()", 60.0), ("import time; time.sleep(60)", 0.1)])
def test_a_process_that_ends_or_hangs_at_its_start_ends_the_benchmark(code: str, seconds: float) -> None:
    process = spawn([sys.executable, "-c", code])
    with pytest.raises(SystemExit, match="ended, or printed nothing"):
        first_line(process, seconds)
    end(process)
