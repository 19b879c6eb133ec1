"""The constants of the SQS queue: how it is called, for how long, and what is kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batching:
    """Calls with several entries, and their retries."""

    workers: int = 48
    """Concurrent calls: 5,000 leases are 500 calls, which take five seconds if each takes half a second."""

    attempts: int = 8
    """Tries of one entry: if every fifth call is throttled, three entries in a million fail."""

    first_backoff: float = 0.2
    """Seconds before the second try, doubled for each further one, minus a random part of up to half;"""

    longest_backoff: float = 1.0
    """at most this."""

    lease_seconds: float = 20.0
    """Seconds within which the tries of one `ack` or `extend` begin, and a `release` ends unless it has less time."""

    dead_letter_seconds: float = 20.0
    """Seconds within which the tries to dead-letter one message begin."""

    most_sent: int = 1000
    """Maximum receipts that are remembered: a deletion that fails until its lease is lost is never asked for
    again."""

    longest_detail: int = 1000
    """Maximum characters of the reason with a dead letter."""

    redrive_seconds: float = 30.0
    """Seconds within which the tries for a batch of dead letters begin."""

    send_seconds: float = 60.0
    """Seconds within which the tries for one run of messages begin."""


BATCHING = Batching()


@dataclass(frozen=True, slots=True)
class Polling:
    """Long polls, and messages that are received temporarily."""

    longest_poll: int = 2
    """Seconds of one long poll: see `long_poll` for why it is short. An idle watcher's cost half a dollar a month."""

    short_poll: int = 1
    """Seconds of one if leases are short,"""

    short_lease: int = 20
    """which means below this many seconds."""

    close_wait: float = 5.0
    """Maximum seconds that closing waits for an abandoned poll; one that hangs is given up, and its leases expire."""

    tick: float = 0.2
    """Seconds between two checks for a stop while a poll is under way; its result wakes the caller at once."""

    connections: int = 56
    """Concurrent calls: those of the batches, a poll or two, the depth."""

    least_read_limit: float = 5.0
    """Seconds for the answer to a long poll, which is slow by design."""

    hold: int = 300
    """Maximum seconds that messages stay invisible if this process is killed."""

    repeats: int = 3
    """Receives in a row with only known messages after which there are no others: a server that shows a message again
    although it is leased would otherwise be read without end."""

    look: int = 1000
    """Number of messages among which the oldest are searched."""


POLLING = Polling()


@dataclass(frozen=True, slots=True)
class Pacing:
    """How receiving waits for a nearly full batch."""

    longest: float = 0.5
    """Maximum seconds: it hardly delays a session's first poll, and saves most of the calls of a steady stream."""

    share: float = 0.9
    """Share of a batch to wait for. A full batch doesn't show how many more messages there were, so a steady stream
    should nearly fill it."""

    empty: float = 0.5
    """Minimum seconds from one empty receive to the next. SQS waits longer for a message, but not every server that
    speaks its protocol does: without a pause, an idle watcher would use a core."""

    shortest: float = 0.01
    """Minimum seconds of a pause."""

    memory: float = 1.0
    """Seconds after which past messages count a third as much as new ones: single batches say little about a stream's
    rate."""


PACING = Pacing()
