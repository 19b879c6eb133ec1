"""Gives a process a wall clock that a test sets: Python imports this module at its start where PYTHONPATH names it.

`CLOCK_STEP_FILE` holds the seconds by which the clock was set. The monotonic clocks stay as they are, as they do when
an administrator sets the clock of a machine.
"""

import os
import time
from pathlib import Path

_real = time.time
_file = Path(os.environ["CLOCK_STEP_FILE"])


def _stepped() -> float:
    return _real() + float(_file.read_text())


time.time = _stepped
