"""The signals that `watcher run` waits for. They are held back before anything heavy is imported, hence the file."""

import signal

AWAITED = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


def hold() -> None:
    """From here on a signal waits for `signals.listen`, however long the start takes.

    Else one that comes early is lost: process 1, a container's, never gets what it has no handler for, and any other
    ends at once, at a SIGHUP too. Threads and processes that start later inherit this.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, AWAITED)
