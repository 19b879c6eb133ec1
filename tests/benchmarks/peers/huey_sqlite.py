"""huey with its SQLite storage: a task is one poll, and RetryTask asks for the next one.

`huey_consumer ….huey -k thread -w N` runs it; run as a script it enqueues what comes on stdin.
"""

from huey import SqliteHuey
from huey.exceptions import RetryTask

from tests.benchmarks.peers.common import Journal, StillRunning, Work, arriving, boto3_client, poll_once

work = Work.from_environment()
client, journal = boto3_client(work), Journal(work.decisions)
huey = SqliteHuey("liveness", filename=str(work.folder / "huey.db"), results=False)


@huey.task()  # type: ignore[untyped-decorator]
def watch(session_id: str, created: float) -> None:
    try:
        outcome = poll_once(client, work, session_id, created)
    except StillRunning as error:
        raise RetryTask(delay=work.interval) from error
    journal.tell(session_id, outcome)


if __name__ == "__main__":
    from tests.benchmarks.peers.huey_sqlite import watch as named

    for session in arriving():
        named(*session)
