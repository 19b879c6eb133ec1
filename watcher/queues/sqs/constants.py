"""The numbers of the SQS queue: how it is called, how long, and what is kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batching:
    """Calls with several entries, and their tries."""

    workers: int = 48
    """Calls at once: 5,000 leases are 500 calls, five seconds of them when each takes half a second."""

    attempts: int = 8
    """Tries of one entry within one call of ours: with every fifth call throttled, three entries in a million
    fail."""

    first_backoff: float = 0.2
    """Seconds before the second try, doubled for each more, less up to half of it at random;"""

    longest_backoff: float = 1.0
    """no more than this."""

    lease_seconds: float = 20.0
    """Seconds within which the tries of one `ack` or `extend` begin, and a `release` is over unless it is in a
    hurry."""

    dead_letter_seconds: float = 20.0
    """Seconds within which the tries to put one message aside begin."""

    most_sent: int = 1000
    """Receipts that are remembered: a deletion that fails until its lease is lost is never heard of again."""

    longest_detail: int = 1000
    """Characters of the reason that goes with a dead letter."""

    redrive_seconds: float = 30.0
    """Seconds within which the tries for a batch of dead letters begin."""

    send_seconds: float = 60.0
    """Seconds within which the tries for one run of messages begin."""


BATCHING = Batching()


@dataclass(frozen=True, slots=True)
class Polling:
    """Long polls, and messages taken out of the queue for a while."""

    longest_poll: int = 2
    """Seconds of one long poll: see `long_poll` on why so few. An idle watcher's cost half a dollar a month."""

    short_poll: int = 1
    """Seconds of one where leases are short,"""

    short_lease: int = 20
    """which are those below so many."""

    close_wait: float = 5.0
    """Maximum seconds that closing waits for a poll left behind; one that hangs is given up, and its leases run
    out."""

    tick: float = 0.2
    """Seconds between two checks at the stop while a poll is under way; what it brings wakes its caller at once."""

    connections: int = 56
    """Calls that may be under way at once: those of the batches, a poll or two, the depth."""

    least_read_limit: float = 5.0
    """Seconds for the answer to a long poll, which takes its time by design."""

    hold: int = 300
    """Seconds that messages are out of the queue at most, should this process be killed."""

    look: int = 1000
    """Messages among which the oldest are looked for."""


POLLING = Polling()


@dataclass(frozen=True, slots=True)
class Pacing:
    """How a poll waits for a batch that is nearly full."""

    longest: float = 0.5
    """Seconds: a session's first poll is hardly later for it, and most of the calls of a steady stream are saved."""

    share: float = 0.9
    """Of a batch that is waited for. A full one doesn't tell how much more there was, so that a steady stream should
    fill it nearly and not quite."""

    shortest: float = 0.01
    """Seconds of a pause worth making."""

    memory: float = 1.0
    """Seconds after which what came counts a third of what comes now: single batches tell little of a stream's
    rate."""


PACING = Pacing()
