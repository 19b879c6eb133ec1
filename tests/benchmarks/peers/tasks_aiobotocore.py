"""A task for each session, in which tenacity's AsyncRetrying repeats aiobotocore's call at a fixed interval."""

import asyncio
import sys
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, retry_if_result, stop_after_delay, wait_fixed

from tests.benchmarks.peers.common import REGION, WORKERS, Journal, Work, is_open, is_passing, outcome_of


def gave_up(_state: RetryCallState) -> None:
    """What a session comes to that did not end in time."""


async def watch(client: Any, work: Work, journal: Journal, session_id: str, created: float) -> None:
    retrying = AsyncRetrying(
        retry=retry_if_result(is_open) | retry_if_exception(is_passing),
        wait=wait_fixed(work.interval),
        stop=stop_after_delay(work.left(created)),
        retry_error_callback=gave_up,
    )

    async def poll() -> Any:
        return await client.get_face_liveness_session_results(SessionId=session_id)

    answer: dict[str, Any] | None = await retrying(poll)
    journal.tell(session_id, outcome_of(answer))


async def stdin_lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def main() -> None:
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    work = Work.from_environment()
    journal = Journal(work.decisions)
    config = AioConfig(max_pool_connections=WORKERS)
    made = get_session().create_client("rekognition", region_name=REGION, endpoint_url=work.url, config=config)
    async with made as client, asyncio.TaskGroup() as tasks:
        async for line in await stdin_lines():
            session_id, created = line.decode().split()
            tasks.create_task(watch(client, work, journal, session_id, float(created)))


if __name__ == "__main__":
    asyncio.run(main())
