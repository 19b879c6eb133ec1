"""Celery with Redis: a task is one poll, and `self.retry(countdown=...)` asks for the next one.

`celery -A ….celery_redis worker` runs it; run as a script it enqueues what comes on stdin.
"""

from typing import Any

from celery import Celery

from tests.benchmarks.peers.common import Journal, StillRunning, Work, arriving, boto3_client, poll_once

work = Work.from_environment()
client, journal = boto3_client(work), Journal(work.decisions)
app = Celery("liveness", broker=f"redis+socket://{work.redis}")
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True, task_acks_late=True)


@app.task(bind=True, max_retries=None, name="watch")  # type: ignore[untyped-decorator]
def watch(self: Any, session_id: str, created: float) -> None:
    try:
        outcome = poll_once(client, work, session_id, created)
    except StillRunning as error:
        raise self.retry(countdown=work.interval) from error
    journal.tell(session_id, outcome)


if __name__ == "__main__":
    for session in arriving():
        watch.delay(*session)
