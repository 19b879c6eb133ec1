"""The same as bare_loop.py with tasks instead of threads, over aiobotocore; it runs in whatever Python has that.

Started by bench_calls.py as a process of its own, until its stdin ends.
"""

import argparse
import asyncio
import sys
from itertools import cycle
from pathlib import Path
from typing import Any


async def poll(client: Any, ids: list[str]) -> None:
    for session_id in cycle(ids):
        await client.get_face_liveness_session_results(SessionId=session_id)


async def main() -> None:
    from aiobotocore.config import AioConfig  # type: ignore[import-not-found, unused-ignore]
    from aiobotocore.session import get_session  # type: ignore[import-not-found, unused-ignore]

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--ids", type=Path, required=True)
    parser.add_argument("--tasks", type=int, required=True)
    options = parser.parse_args()
    ids = options.ids.read_text().split()
    config = AioConfig(max_pool_connections=options.tasks, retries={"total_max_attempts": 1, "mode": "standard"})
    made = get_session().create_client(
        "rekognition", region_name="us-east-1", endpoint_url=options.url, config=config
    )
    async with made as client:
        tasks = [asyncio.ensure_future(poll(client, ids[number :: options.tasks])) for number in range(options.tasks)]
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(main())
