"""stderr of the two programs, made comparable where it has to differ.

A usage error names the program and shows its synopsis; ours is called `watcher` and has one command to show. What is
left, the error itself, is the same text.
"""

import re

_SYNOPSIS = re.compile(r"usage: .*?help\n(?!  )", re.DOTALL)


def comparable(stderr: bytes) -> str:
    """The text without the synopsis, with one name for both programs."""
    text = stderr.decode()
    text = _SYNOPSIS.sub("usage: ...\n", text)
    return re.sub(r"(?m)^(aws|watcher): error:", "PROGRAM: error:", text)
