"""The commands' exit codes, apart from 0 and 1."""

from enum import IntEnum


class ExitCode(IntEnum):
    """An exit code."""

    USAGE = 2
    """For `get`, as in the AWS CLI: a mistake on the command line."""

    NOT_RUNNING = 3
    """For `status`, as in `systemctl is-active`: it is not running, or about to end."""

    NO_WATCHER = 4
    """For `status`, as in `systemctl is-active`: what answers is not a watcher, or hangs."""

    CONFIG = 78
    """EX_CONFIG of sysexits.h: invalid settings, so a restart does not help."""

    READER_GONE = 120
    """For `get`, if the reader of its output has gone: Python's own code, and so the AWS CLI's."""

    INTERRUPTED = 130
    """After Ctrl-C: 128 and the signal's number, as a shell has it."""

    FAILURE = 255
    """For `get`, as in the AWS CLI: everything else."""


class WaitExit(IntEnum):
    """How `wait` ended, the best first: of several sessions the worst one counts."""

    LIVE = 0
    NOT_LIVE = 3
    INCONCLUSIVE = 4
    UNDECIDED = 5
    """Not decided in time."""
    FAILED = 1
    """An unknown id, a dead letter, a record that can't be read, or a ledger that could not be read to the end."""

    def or_worse(self, other: "WaitExit") -> "WaitExit":
        """The worse of the two."""
        return max(self, other, key=list(WaitExit).index)
