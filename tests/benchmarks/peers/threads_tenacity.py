"""A thread for each session, in which tenacity repeats the call at a fixed interval until it has ended."""

import threading
from typing import Any

from tenacity import RetryCallState, Retrying, retry_if_exception, retry_if_result, stop_after_delay, wait_fixed

from tests.benchmarks.peers.common import Journal, Work, arriving, boto3_client, is_open, is_passing, outcome_of


def gave_up(_state: RetryCallState) -> None:
    """What a session comes to that did not end in time."""


def watch(client: Any, work: Work, journal: Journal, session_id: str, created: float) -> None:
    retrying = Retrying(
        retry=retry_if_result(is_open) | retry_if_exception(is_passing),
        wait=wait_fixed(work.interval),
        stop=stop_after_delay(work.left(created)),
        retry_error_callback=gave_up,
    )
    answer = retrying(client.get_face_liveness_session_results, SessionId=session_id)
    journal.tell(session_id, outcome_of(answer))


def main() -> None:
    work = Work.from_environment()
    client, journal = boto3_client(work), Journal(work.decisions)
    threads = []
    for session in arriving():
        thread = threading.Thread(target=watch, args=(client, work, journal, *session))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
