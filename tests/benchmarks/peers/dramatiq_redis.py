"""dramatiq with its Redis broker: an actor is one poll, and its retries, which back off, are the next ones.

`dramatiq ….dramatiq_redis` runs it; run as a script it enqueues what comes on stdin.
"""

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from tests.benchmarks.peers.common import Journal, StillRunning, Work, arriving, boto3_client, poll_once

work = Work.from_environment()
client, journal = boto3_client(work), Journal(work.decisions)
broker = RedisBroker(url=f"unix://{work.redis}")  # type: ignore[no-untyped-call]
dramatiq.set_broker(broker)


@dramatiq.actor(max_retries=None, min_backoff=int(work.interval * 500), max_backoff=int(work.interval * 5000))
def watch(session_id: str, created: float) -> None:
    try:
        outcome = poll_once(client, work, session_id, created)
    except StillRunning as error:
        raise dramatiq.Retry(str(error)) from error
    journal.tell(session_id, outcome)


if __name__ == "__main__":
    from tests.benchmarks.peers.dramatiq_redis import watch as named

    for session in arriving():
        named.send(*session)
